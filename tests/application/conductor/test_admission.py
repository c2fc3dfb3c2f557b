"""Admission by deadline, simulated: two workers, lognormal work of 45 ms, 150 ms promised."""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field

import pytest

from musearoo.conductor.admission import Admission, Admitted, Deferred

BUDGET = 0.150
WORKERS = 2
MEAN = 0.045
SIGMA = 0.5


@dataclass
class Done:
    arrived: float
    took: float
    work: float


@dataclass
class Run:
    """Counts of one simulated stretch."""

    seconds: float
    done: list[Done] = field(default_factory=list)
    asked: int = 0
    dropped: int = 0

    def within(self):
        return sum(d.took <= BUDGET for d in self.done) / len(self.done)

    def useful(self):
        """In-time work as a share of what the workers could do."""
        work = sum(d.work for d in self.done if d.took <= BUDGET)
        return work / (self.seconds * WORKERS)

    def after(self, moment):
        return [d for d in self.done if d.arrived >= moment]


class Band:
    """A queue and two workers in virtual time; `slow` says how much longer work takes when."""

    def __init__(self, admission, seed=1, *, slow=lambda _: 1.0, workers_seem_busy=False):
        self.admission = admission
        self.chance = random.Random(seed)
        self.slow = slow
        self.workers_seem_busy = workers_seem_busy
        self.busy: list[tuple[float, float, float]] = []
        self.queue: deque[tuple[float, float]] = deque()

    def run(self, load, seconds):
        run = Run(seconds)
        now = 0.0
        while now < seconds:
            now += self.chance.expovariate(load * WORKERS / MEAN)
            while self.busy and self.busy[0][0] <= now:
                self.finish(run)
            run.asked += 1
            idle = WORKERS - len(self.busy)
            decision = self.admission.decide(
                "drummaroo", 4, queued=len(self.queue) + len(self.busy), workers=WORKERS,
                idle=0 if self.workers_seem_busy else idle,
            )  # fmt: skip
            if isinstance(decision, Admitted):
                if idle:
                    self.begin(now, now)
                else:
                    self.queue.append((now, now + decision.begin_within_seconds))
        while self.busy:
            self.finish(run)
        return run

    def begin(self, now, arrived):
        work = self.chance.lognormvariate(math.log(MEAN) - SIGMA**2 / 2, SIGMA) * self.slow(now)
        heapq.heappush(self.busy, (now + work, arrived, work))

    def finish(self, run):
        now, arrived, work = heapq.heappop(self.busy)
        self.admission.observe("drummaroo", 4, work)
        run.done.append(Done(arrived, now - arrived, work))
        while self.queue:
            waiting, deadline = self.queue.popleft()
            if now > deadline:
                run.dropped += 1
                continue
            self.begin(now, waiting)
            return


def five_times_slower(begin, end):
    return lambda now: 5.0 if begin <= now < end else 1.0


class TestOverload:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_at_four_times_the_capacity_90_percent_are_in_time(self, seed):
        run = Band(Admission(BUDGET), seed).run(load=4, seconds=60)
        assert run.within() >= 0.90
        assert run.useful() >= 0.82
        assert len(run.done) + run.dropped < run.asked / 2

    def test_everything_let_in_would_be_late(self):
        """The harness shows the fault that admission prevents."""
        run = Band(Admission(1e9)).run(load=4, seconds=10)
        assert run.within() < 0.10

    def test_below_capacity_nearly_all_are_let_in(self):
        run = Band(Admission(BUDGET)).run(load=0.5, seconds=60)
        assert len(run.done) >= 0.97 * run.asked
        assert run.within() >= 0.97


class TestFrozenDoor:
    """Work is five times slower for 20 s: the estimate says that nothing can be in time."""

    SLOW = staticmethod(five_times_slower(20, 40))

    def test_door_opens_again_when_work_is_fast_again(self):
        run = Band(Admission(BUDGET), slow=self.SLOW).run(load=0.9, seconds=60)
        usual = 0.9 * WORKERS / MEAN * 18
        assert len(run.after(42)) >= 0.75 * usual

    def test_without_an_idle_worker_refused_work_is_tried_now_and_then(self):
        run = Band(Admission(BUDGET), slow=self.SLOW, workers_seem_busy=True).run(0.9, 120)
        assert len(run.after(100)) >= 300

    def test_without_any_try_the_door_stays_shut(self, monkeypatch):
        """The harness shows the fault that both kinds of try prevent."""
        monkeypatch.setattr("musearoo.conductor.admission._REFUSALS_PER_PROBE", math.inf)
        run = Band(Admission(BUDGET), slow=self.SLOW, workers_seem_busy=True).run(0.9, 120)
        assert run.after(42) == []


class TestDecide:
    @pytest.fixture
    def admission(self):
        admission = Admission(BUDGET)
        for _ in range(50):
            admission.observe("drummaroo", 4, 0.040)
        return admission

    def decide(self, admission, bars=4, **pool):
        pool = {"queued": 0, "workers": 2, "idle": 2} | pool
        return admission.decide("drummaroo", bars, **pool)

    def test_idle_worker_begins_at_once(self, admission):
        assert self.decide(admission).estimate_seconds == pytest.approx(0.040)

    def test_queue_is_part_of_the_estimate(self, admission):
        decision = self.decide(admission, queued=4, idle=0)
        assert decision.estimate_seconds == pytest.approx(0.040 * 3 / 2 + 0.040)

    def test_too_long_a_queue_is_deferred_with_an_honest_estimate(self, admission):
        decision = self.decide(admission, queued=20, idle=0)
        assert isinstance(decision, Deferred)
        assert decision.estimate_seconds == pytest.approx(0.040 * 19 / 2 + 0.040)

    def test_admitted_work_has_to_begin_while_it_can_be_in_time(self, admission):
        assert self.decide(admission).begin_within_seconds == pytest.approx(0.110)

    def test_erratic_work_is_judged_more_carefully(self, admission):
        steady, erratic = Admission(BUDGET), Admission(BUDGET)
        for n in range(200):
            steady.observe("drummaroo", 4, 0.060)
            erratic.observe("drummaroo", 4, 0.010 if n % 2 else 0.110)
        pool = {"queued": 2, "workers": 2, "idle": 0}
        assert isinstance(self.decide(steady, **pool), Admitted)
        assert isinstance(self.decide(erratic, **pool), Deferred)

    def test_lengths_are_judged_apart(self, admission):
        for _ in range(50):
            admission.observe("drummaroo", 64, 2.0)
        assert admission.estimate("drummaroo", 64) > 1.0
        assert admission.estimate("drummaroo", 4) == pytest.approx(0.040)
        assert admission.estimate("drummaroo", 7) == admission.estimate("drummaroo", 4)

    def test_hopeless_work_gets_an_idle_worker_and_time_to_begin(self, admission):
        for _ in range(50):
            admission.observe("bassaroo", 4, 2.0)
        decision = admission.decide("bassaroo", 4, queued=0, workers=2, idle=2)
        assert isinstance(decision, Admitted)
        assert decision.begin_within_seconds > 0

    def test_work_that_is_tried_may_wait_for_its_turn(self, admission):
        for _ in range(50):
            admission.observe("bassaroo", 4, 2.0)
        pool = {"queued": 3, "workers": 2, "idle": 0}
        decisions = [admission.decide("bassaroo", 4, **pool) for _ in range(40)]
        tried = [d for d in decisions if isinstance(d, Admitted)]
        assert len(tried) == 2
        assert all(d.begin_within_seconds > d.estimate_seconds for d in tried)

    def test_idle_workers_are_not_promised_twice(self, admission):
        """Those already on their way to an idle worker count as ahead."""
        assert isinstance(self.decide(admission, queued=20, idle=2), Deferred)

    def test_no_worker_no_promise(self, admission):
        for queued in range(100):
            decision = self.decide(admission, queued=queued, workers=0, idle=0)
            assert isinstance(decision, Deferred)

    @pytest.mark.parametrize("budget", [0, -1])
    def test_budget_is_a_time(self, budget):
        with pytest.raises(ValueError, match="budget"):
            Admission(budget)
