"""The system's clock, UUIDs and randomness behind `ports.ambient`."""

import asyncio
import os
import secrets
import threading
import time

_TIME_BITS = 48
_FRACTION_BITS = 12
_RANDOM_BITS = 62
_SEED_LIMIT = 2**53


class SystemClock:
    """Time as the operating system has it."""

    now = staticmethod(time.time)  # asked several times for each message: no call in between
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Uuid7Ids:
    """UUIDs of version 7 (RFC 9562 §5.7) that rise strictly within a process.

    The twelve bits after the milliseconds hold the fraction of a millisecond (§6.2, method
    3). Where the clock stands still or goes back the last value is raised by one instead.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        stamp = self._next_stamp(time.time_ns())
        milliseconds, fraction = divmod(stamp, 1 << _FRACTION_BITS)
        value = (milliseconds & ((1 << _TIME_BITS) - 1)) << 80
        value |= 0x7 << 76 | fraction << 64
        value |= 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 8 * 8 - _RANDOM_BITS
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _next_stamp(self, nanoseconds: int) -> int:
        with self._lock:
            self._last = max(self._last + 1, (nanoseconds << _FRACTION_BITS) // 1_000_000)
            return self._last


class SystemRandom:
    """Randomness fit for secrets."""

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def seed(self) -> int:
        return secrets.randbelow(_SEED_LIMIT)
