"""The server's clock, seen from here: offset by the round trips that were least disturbed.

Half of a path's asymmetry stays unseen, whatever the filter; `error` tells the rest.
"""

from collections import deque
from typing import Final, NamedTuple

SAMPLES: Final = 40
BEST_SHARE: Final = 10  # one in ten is trusted
SLEW: Final = 0.001  # seconds per second


class Sample(NamedTuple):
    """One heartbeat: local time it came back, its round trip and the offset it shows (seconds)."""

    at: float
    round_trip: float
    offset: float


class ClockEstimator:
    """Keeps the newest samples and answers with the mean of those with the shortest way."""

    def __init__(self, samples: int = SAMPLES) -> None:
        self._samples: deque[Sample] = deque(maxlen=samples)

    def add(self, t0: float, t1: float, t2: float, t3: float) -> Sample:
        """A heartbeat sent at `t0` and answered at `t3` here, between `t1` and `t2` there."""
        round_trip = max(0.0, (t3 - t0) - (t2 - t1))
        sample = Sample(t3, round_trip, ((t1 - t0) + (t2 - t3)) / 2)
        self._samples.append(sample)
        return sample

    def reset(self) -> None:
        """Forget all: the server or the way to it is another."""
        self._samples.clear()

    @property
    def ready(self) -> bool:
        """Whether anything is known."""
        return bool(self._samples)

    @property
    def offset(self) -> float:
        """Server time less local time in seconds; 0 while nothing is known."""
        best = self._best()
        return sum(sample.offset for sample in best) / len(best) if best else 0.0

    @property
    def round_trip(self) -> float | None:
        """The shortest way there and back in seconds."""
        return min((sample.round_trip for sample in self._samples), default=None)

    @property
    def error(self) -> float | None:
        """What the offset can be wrong by, for any way of sharing the round trip (seconds)."""
        shortest = self.round_trip
        return None if shortest is None else shortest / 2

    def _best(self) -> list[Sample]:
        count = max(1, len(self._samples) // BEST_SHARE)
        return sorted(self._samples, key=lambda sample: sample.round_trip)[:count]


class SteadyClock:
    """Server time that never jumps while music plays: the estimate is approached slowly."""

    def __init__(self, estimator: ClockEstimator) -> None:
        self._estimator = estimator
        self._offset: float | None = None
        self._at = 0.0

    def step(self) -> None:
        """Take the estimate as it is, as when the transport stands."""
        self._offset = self._estimator.offset if self._estimator.ready else None

    def now(self, local: float) -> float:
        """Server UNIX seconds at local time `local`."""
        wanted = self._estimator.offset
        if self._offset is None:
            if not self._estimator.ready:
                return local
            self._offset = wanted
        else:
            most = SLEW * max(0.0, local - self._at)
            self._offset += min(most, max(-most, wanted - self._offset))
        self._at = local
        return local + self._offset
