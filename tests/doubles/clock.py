"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from itertools import count


class SteppedClock:
    """Wall and monotonic time that move together, by `advance` alone."""

    def __init__(self, now: float = 1_760_000_000.0) -> None:
        self._now = now
        self._numbers = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._numbers), woken))
        await woken

    def wakes_within(self, seconds: float) -> bool:
        """Whether somebody sleeps, and not for longer: who is at work does not sleep."""
        end = self._now + seconds
        return any(due <= end and not woken.done() for due, _, woken in self._sleepers)

    def set_forward(self, seconds: float) -> None:
        """Let time have passed without waking anybody: a clock was set, or work took long."""
        self._now += seconds

    async def advance(self, seconds: float) -> None:
        """Move on; whoever slept until then has run before this returns."""
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._now = end
        await settle()


async def settle(turns: int = 10) -> None:
    """Let everything run that can run without waiting."""
    for _ in range(turns):
        await asyncio.sleep(0)
