"""How late the event loop is: the part of every latency that no worker can make up for."""

import asyncio
from typing import Final

EVERY_SECONDS: Final = 0.02
_FADING: Final = 0.7  # a spell of lateness is forgotten by a third each time


class LoopLag:
    """Measures how long what is ready has to wait for its turn, 50 times a second."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        """Seconds of waiting a turn; the latest, or what is left of a longer one."""
        return self._seconds

    async def measure(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_SECONDS
            await asyncio.sleep(EVERY_SECONDS)
            late = max(0.0, loop.time() - due)
            self._seconds = max(late, _FADING * self._seconds)
