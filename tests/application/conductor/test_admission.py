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
        assert self.decide(admission).begin_within_seconds == pytest.approx(0.110, abs=0.001)

    def test_work_that_begins_at_once_is_not_dropped_for_a_moment(self):
        """However little is left of the budget."""
        tight = Admission(BUDGET)
        for _ in range(200):
            tight.observe("drummaroo", 4, BUDGET - 0.001)
        assert self.decide(tight).begin_within_seconds == pytest.approx(BUDGET / 3)
        waiting = self.decide(tight, queued=2, idle=0)
        assert isinstance(waiting, Deferred)

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


class TestServer:
    """What the server itself takes counts as the work of the players does."""

    def admission(self, server, *, answered=0.05):
        admission = Admission(BUDGET)
        for _ in range(200):
            admission.observe("drummaroo", 4, 0.020)
            admission.observe_answer(answered, server=server, others=3)
        return admission

    def decide(self, admission, **pool):
        pool = {"queued": 1, "workers": 2, "idle": 0, "under_way": 3} | pool
        return admission.decide("drummaroo", 4, **pool)

    def test_a_quick_server_leaves_the_time_to_the_players(self):
        decision = self.decide(self.admission(0.005))
        assert isinstance(decision, Admitted)
        assert decision.begin_within_seconds == pytest.approx(0.125, abs=0.002)

    def test_a_slow_server_defers_what_its_workers_could_do(self):
        decision = self.decide(self.admission(0.140))
        assert isinstance(decision, Deferred)
        assert decision.estimate_seconds == pytest.approx(0.160, abs=0.002)

    def test_an_idle_worker_is_no_reason_when_the_server_is_behind(self):
        slow = self.admission(0.140)
        assert isinstance(self.decide(slow, queued=0, idle=2), Deferred)
        assert isinstance(self.decide(self.admission(0.050), queued=0, idle=2), Admitted)

    def test_whoever_is_alone_is_let_in(self):
        """However bad the past was, the door opens again."""
        slow = self.admission(0.400, answered=0.5)
        decision = self.decide(slow, queued=0, idle=2, under_way=0)
        assert isinstance(decision, Admitted)
        for _ in range(200):
            slow.observe_answer(0.05, server=0.005, others=3)
        assert isinstance(self.decide(slow), Admitted)

    def test_a_loop_that_is_late_now_counts_before_it_shows_in_answers(self):
        quick = self.admission(0.005)
        assert isinstance(self.decide(quick, lag=0.040), Deferred)
        assert isinstance(self.decide(quick, lag=0.005), Admitted)

    def test_misses_that_no_estimate_explains_narrow_the_door(self):
        """A twentieth of late answers keeps the margin where it is; more widens it."""
        admission = self.admission(0.005)
        before = self.decide(admission).begin_within_seconds
        for _ in range(3):
            admission.observe_answer(0.200, server=0.005, others=3)
        narrowed = self.decide(admission).begin_within_seconds
        assert narrowed == pytest.approx(before - 0.030, abs=0.002)
        for _ in range(60):
            admission.observe_answer(0.050, server=0.005, others=3)
        assert self.decide(admission).begin_within_seconds == pytest.approx(before, abs=0.002)


class Busy:
    """A server that handles one thing at a time: each request costs it `cost` seconds."""

    def __init__(self, admission, cost, seed=1):
        self.admission = admission
        self.cost = cost
        self.chance = random.Random(seed)

    def run(self, rate, seconds):
        """The latencies of what was let in; players take no time to speak of."""
        now, free_at, took = 0.0, 0.0, []
        under_way: list[tuple[float, float, int]] = []
        while now < seconds:
            now += self.chance.expovariate(rate)
            for done in [each for each in under_way if each[0] <= now]:
                under_way.remove(done)
                end, began, others = done
                self.admission.observe("drummaroo", 4, 0.001)
                self.admission.observe_answer(end - began, server=end - began, others=others)
                took.append(end - began)
            decision = self.admission.decide(
                "drummaroo", 4, queued=0, workers=4, idle=4, under_way=len(under_way),
                lag=self.cost if under_way else 0.0,
            )  # fmt: skip
            if isinstance(decision, Admitted):
                free_at = max(free_at, now) + self.cost
                under_way.append((free_at, now, len(under_way)))
        return took


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_server_at_four_times_what_it_can_do_answers_in_time(seed):
    """With idle players all along, only the server's own share tells that it is too much."""
    cost = 0.007
    took = Busy(Admission(BUDGET), cost, seed).run(rate=4 / cost, seconds=30)
    assert sum(t <= BUDGET for t in took) >= 0.90 * len(took)
    assert len(took) * cost >= 0.75 * 30
