"""How long to wait before coming back."""

from collections.abc import Callable
from typing import Final

FIRST: Final = 0.25  # seconds
LONGEST: Final = 10.0


class Backoff:
    """Doubles from 250 ms to 10 s; `chance` gives 0 to 1, so that not all come back at once."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._next = FIRST

    def reset(self) -> None:
        """It worked."""
        self._next = FIRST

    def wait(self) -> float:
        """Seconds until the next attempt."""
        longest, self._next = self._next, min(LONGEST, self._next * 2)
        return longest * (0.5 + self._chance() / 2)
