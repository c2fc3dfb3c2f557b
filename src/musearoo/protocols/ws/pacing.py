"""How fast one connection may talk."""


class Bucket:
    """A token bucket: `rate` a second, `burst` at once. Time is monotonic seconds."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._left = float(burst)
        self._at = now

    def take(self, cost: float, now: float) -> float:
        """Take, and answer how many seconds too early that was (0 if it was not).

        What came too early costs nothing.
        """
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= cost:
            self._left -= cost
            return 0.0
        return (cost - self._left) / self._rate
