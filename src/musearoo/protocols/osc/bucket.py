"""A token bucket: so many a second, so many at once."""


class Bucket:
    """Full at first. `now` is in monotonic seconds."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Take `cost` tokens if there are as many."""
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    def owe(self, cost: float) -> None:
        """Take tokens that are not there yet; later takers wait for them."""
        self._tokens -= cost
