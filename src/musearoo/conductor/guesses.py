"""How many wrong codes may be tried, by one source and by all together."""

from collections import deque
from typing import Final

WINDOW_SECONDS: Final = 300.0
PER_SOURCE: Final = 5
IN_ALL: Final = 100


class Guesses:
    """Counts wrong guesses of the last five minutes; `now` is in monotonic seconds.

    Of 1,000 open codes with seven digits, 100 guesses in five minutes hit one with a chance of
    one in a hundred; of the usual one or two, one in a hundred thousand.
    """

    def __init__(self, per_source: int = PER_SOURCE, in_all: int = IN_ALL) -> None:
        self._per_source = per_source
        self._in_all = in_all
        self._wrong: deque[tuple[float, str]] = deque()

    def may(self, source: str, now: float) -> bool:
        """Whether this source may try another code."""
        while self._wrong and now - self._wrong[0][0] > WINDOW_SECONDS:
            self._wrong.popleft()
        if len(self._wrong) >= self._in_all:
            return False
        return sum(who == source for _, who in self._wrong) < self._per_source

    def failed(self, source: str, now: float) -> None:
        """A code of this source was wrong."""
        self._wrong.append((now, source))
