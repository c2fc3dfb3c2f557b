"""Time for limits: never back, whatever the clock does."""

from typing import Final

_STALE_SECONDS: Final = 60.0


class SteadyTime:
    """Turns clock readings into seconds that never go back.

    A reading up to a minute in the past is a late caller: time stands still for it. One
    further back is a clock that was set back: time goes on from where it stood, so that
    nobody waits for the clock to catch up. A clock that was set forward cannot be told from
    a pause; that is why limits are given `Clock.monotonic()`.
    """

    def __init__(self) -> None:
        self._latest: float | None = None
        self._offset = 0.0

    def at(self, reading: float) -> float:
        """The steady time of a reading, in seconds."""
        moment = reading + self._offset
        if self._latest is None or moment >= self._latest:
            self._latest = moment
        elif moment < self._latest - _STALE_SECONDS:
            self._offset += self._latest - moment
        return self._latest

    def past(self, reading: float) -> float:
        """The steady time of an earlier reading; moves nothing."""
        return reading + self._offset
