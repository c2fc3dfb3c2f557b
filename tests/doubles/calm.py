"""Time that passes only while the tests do: a machine that stands still for seconds costs none."""

import asyncio
import threading
import time
from typing import Final

from musearoo.ports.ambient import Clock

LONGEST: Final = 0.01
"""Seconds that may pass between two looks at the clock; of more the rest is left out."""


class CalmClock:
    """The machine's time without its standstills; to be shared by all whose times are compared.

    It may be asked from several threads. Somebody must look at it often, as its sleepers do.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._lock = threading.Lock()
        self._seen = self._now = time.monotonic()
        self._wall = time.time() - self._now

    def now(self) -> float:
        return self._wall + self.monotonic()

    def monotonic(self) -> float:
        with self._lock:
            seen = time.monotonic()
            self._now += min(seen - self._seen, self._longest)
            self._seen = seen
            return self._now

    async def sleep(self, seconds: float) -> None:
        ends = self.monotonic() + seconds
        while (left := ends - self.monotonic()) > 0:  # noqa: ASYNC110  (time has no event)
            await asyncio.sleep(min(left, self._longest / 2))


class Quickened:
    """A clock in which one sleeps a part of the time only: heartbeats come faster.

    While it is `still` who would sleep for a second or more does not wake: no heart beats.
    """

    def __init__(self, clock: Clock, times: float) -> None:
        self.still = False
        self._clock = clock
        self._times = times

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._times)
        while self.still and seconds >= 1.0:
            await self._clock.sleep(LONGEST)


class StoppedClock:
    """Time that stands still unless it is set forward; whoever sleeps does so in real time.

    So no allowance grows, no bar ends, and nothing is forgotten while a machine takes its time.
    """

    def __init__(self) -> None:
        self._now, self._monotonic = time.time(), time.monotonic()

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def set_forward(self, seconds: float) -> None:
        """So much time has passed."""
        self._now += seconds
        self._monotonic += seconds
