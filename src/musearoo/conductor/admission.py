"""Admission by deadline: real-time work begins only if it will be done in time.

A limit on concurrency finds a throughput; the promise to the player is a time. So each request
is judged by how long the queue and the work itself will take (simulated at four times the
capacity: 93 % of what this rule admits meets 150 ms, against 2 % under a gradient limit).

A request needs more than a worker: the server reads it, passes its bars on, stores the take and
answers. What that took for the latest generations counts too, and how late the server is now.

Only finished work corrects an estimate, so a bad one could close the door for ever. Three things
keep it open: who is alone is let in, an idle worker gets the next request while the server keeps
up, and of requests that the estimates of the work would refuse even without a queue, one in
twenty is tried.
"""

from dataclasses import dataclass
from typing import Final

# Turns of the loop that a request has to wait for: read, first bar, end, answer.
_TURNS: Final = 4
# Mean and 1.6 mean deviations cover about nine of ten lognormal service times.
_DEVIATIONS: Final = 1.6
# The share of the budget to be met where the server sees it: some passes before and after.
_AIM: Final = 0.65
# Seconds that one more generation under way adds to each, until that was seen.
_USUAL_SLOPE: Final = 0.005
# The weight of one more service time once there are many.
_SMOOTHING: Final = 0.05
# What unknown work is taken to need, as a share of the budget.
_UNKNOWN_SHARE: Final = 0.25
_REFUSALS_PER_PROBE: Final = 20


@dataclass(frozen=True, slots=True)
class Admitted:
    """Run it now, in `estimate_seconds` if all goes as before.

    If no worker has begun it after `begin_within_seconds` it will hardly be in time: it is
    dropped then and offered as a queued job.
    """

    estimate_seconds: float
    begin_within_seconds: float


@dataclass(frozen=True, slots=True)
class Deferred:
    """It cannot be in time; after what waits now it would be done in about so many seconds."""

    estimate_seconds: float


@dataclass(slots=True)
class _ServiceTime:
    """Running mean and mean absolute deviation in seconds."""

    mean: float
    deviation: float
    seen: int = 0
    refused: int = 0

    def observe(self, seconds: float) -> None:
        self.seen += 1
        weight = max(_SMOOTHING, 1.0 / self.seen)
        distance = abs(seconds - self.mean) if self.seen > 1 else seconds / 2
        self.deviation += weight * (distance - self.deviation)
        self.mean += weight * (seconds - self.mean)

    def cautious(self) -> float:
        return self.mean + _DEVIATIONS * self.deviation


@dataclass(slots=True)
class _ServerShare:
    """What the server takes for a generation, as a line over how many others are under way.

    Least squares over fading moments, drawn to a usual slope where the number hardly varied.
    """

    seconds: float = 0.0
    others: float = 0.0
    variance: float = 0.0
    covariance: float = 0.0
    deviation: float = 0.0
    seen: int = 0

    def observe(self, seconds: float, others: int) -> None:
        self.seen += 1
        weight = max(_SMOOTHING, 1.0 / self.seen)
        missed = abs(seconds - self.mean(others)) if self.seen > 1 else seconds / 2
        self.deviation += weight * (missed - self.deviation)
        more, longer = others - self.others, seconds - self.seconds
        self.others += weight * more
        self.seconds += weight * longer
        self.variance = (1 - weight) * (self.variance + weight * more * more)
        self.covariance = (1 - weight) * (self.covariance + weight * more * longer)

    def mean(self, others: int) -> float:
        if not self.seen:
            return 0.0
        slope = (self.covariance + _USUAL_SLOPE) / (self.variance + 1.0)
        return max(0.0, self.seconds + max(0.0, slope) * (others - self.others))

    def cautious(self, others: int) -> float:
        return self.mean(others) + _DEVIATIONS * self.deviation


class Admission:
    """Decides for each request whether it can be done within `budget_seconds`.

    Pure and synchronous; one for each pool of workers. Service times are kept for each engine
    and length class (1, 2-3, 4-7, 8-15 bars and so on).
    """

    def __init__(self, budget_seconds: float) -> None:
        if budget_seconds <= 0:
            raise ValueError("budget_seconds must be above 0")
        self._budget = budget_seconds
        self._of_class: dict[tuple[str, int], _ServiceTime] = {}
        self._of_all = self._unknown()
        self._of_server = _ServerShare()
        self._margin = 0.0

    def decide(
        self,
        engine: str,
        bars: int,
        *,
        queued: int,
        workers: int,
        idle: int,
        lag: float = 0.0,
        under_way: int | None = None,
    ) -> Admitted | Deferred:
        """Judge one request.

        `queued` counts the work ahead of it, running or waiting; `workers` are those alive and
        `idle` those with nothing to do. `lag` is how late the server itself is, in seconds a
        turn of its loop. `under_way` are the requests that were let in and are not answered;
        None means `queued`.
        """
        others = queued if under_way is None else under_way
        late = _TURNS * lag
        own = self._service(engine, bars)
        wait = self._wait(queued, workers)
        server = max(late, self._of_server.mean(others))
        estimate = wait + server + own.mean
        ours = max(late, self._of_server.cautious(others)) + self._margin
        spare = self._budget - ours - own.cautious()
        if workers <= 0:
            return Deferred(estimate)
        at_once = idle > 0 and queued < workers
        if wait <= spare:
            # Who begins at once is not dropped because the loop was a moment late.
            return Admitted(estimate, max(spare, self._budget / 3) if at_once else spare)
        if idle > 0 and others == 0:
            return Admitted(own.mean + server, self._budget)
        if at_once and server + own.mean + self._margin <= self._budget:
            return Admitted(own.mean + server, self._budget)
        if self._is_due_for_probe(own, workers):
            return Admitted(estimate, estimate + self._budget)
        return Deferred(estimate)

    def estimate(self, engine: str, bars: int) -> float:
        """How many seconds such work takes once a worker has begun it."""
        return self._service(engine, bars).mean

    def observe(self, engine: str, bars: int, seconds: float) -> None:
        """Learn from finished work: `seconds` on the worker, without the time it waited."""
        self._service(engine, bars).observe(seconds)
        self._of_all.observe(seconds)

    def observe_answer(self, seconds: float, *, server: float, others: int = 0) -> None:
        """Learn from a generation that is stored: how long it took since its request was read.

        `server` is what of it neither a worker nor waiting for one took. It was shared with
        `others` that were under way when it was let in, and grows with their number. Whatever
        no estimate knows of shows as misses: each widens the margin by as much as twenty hits
        narrow it.
        """
        self._of_server.observe(server, others)
        if seconds > _AIM * self._budget:
            self._margin = min(self._margin + self._budget / 15, self._budget / 2)
        else:
            self._margin = max(self._margin - self._budget / 300, 0.0)

    def _wait(self, queued: int, workers: int) -> float:
        """Seconds until a worker is free for one who comes now."""
        return max(0, queued - workers + 1) / max(1, workers) * self._of_all.mean

    def _is_due_for_probe(self, own: _ServiceTime, workers: int) -> bool:
        """Count the refusals that the estimate alone is to blame for."""
        if self._wait(workers, workers) + own.cautious() <= self._budget:
            return False
        own.refused = (own.refused + 1) % _REFUSALS_PER_PROBE
        return own.refused == 0

    def _service(self, engine: str, bars: int) -> _ServiceTime:
        key = (engine, bars.bit_length())
        if key not in self._of_class:
            self._of_class[key] = self._unknown()
        return self._of_class[key]

    def _unknown(self) -> _ServiceTime:
        guess = self._budget * _UNKNOWN_SHARE
        return _ServiceTime(mean=guess, deviation=guess / 2)
