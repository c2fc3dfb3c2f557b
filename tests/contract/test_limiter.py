"""What every adapter of `Limiter` and `Pacing` must do, whatever the clocks do.

The oracle keeps every take for ever and counts; it is slow and plain.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from musearoo.domain.errors import QuotaExceeded, TooManyRequests
from musearoo.domain.ids import UserId
from musearoo.domain.permissions import Tier
from musearoo.ports.security import Limiter, Pacing
from musearoo.security.pacing import GcraPacing
from musearoo.security.quota import QuotaLimiter

USER, OTHER = UserId("user"), UserId("other")
PRINTED = {Tier.FREE: (5, 50, 200), Tier.PRO: (20, 300, 2_000), Tier.STUDIO: (100, 1_500, 10_000)}
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@pytest.fixture
def limiter() -> Limiter:
    return QuotaLimiter()


def takes(limiter, times, *, tier=Tier.FREE, user=USER):
    """How many of one take at each of these times were let through."""
    done = 0
    for now in times:
        try:
            limiter.take(user, tier, 1, now)
        except QuotaExceeded:
            continue
        done += 1
    return done


class TestPrintedLimits:
    @pytest.mark.parametrize("tier", Tier)
    def test_minute_hour_and_day_are_as_printed(self, limiter, tier):
        minute, hour, day = PRINTED[tier]
        assert takes(limiter, [0.0] * (minute + 5), tier=tier) == minute
        evenly = [3600 * (n + 1) / (hour + 5) for n in range(hour + 5)]
        assert takes(QuotaLimiter(), evenly, tier=tier) == hour
        spread = [86399 * n / (day + 50) for n in range(day + 50)]
        assert takes(QuotaLimiter(), spread, tier=tier) == day

    def test_answer_tells_what_is_left(self, limiter):
        limiter.take(USER, Tier.FREE, 2, 100.0)
        minute, hour, day = limiter.windows(USER, Tier.FREE, 110.0)
        assert (minute.name, minute.quota, minute.seconds) == ("minute", 5, 60)
        assert (minute.remaining, minute.reset_seconds) == (3, 50.0)
        assert (hour.remaining, hour.reset_seconds) == (48, 3590.0)
        assert (day.remaining, day.reset_seconds) == (198, 86390.0)

    def test_looking_takes_nothing(self, limiter):
        for _ in range(10):
            limiter.windows(USER, Tier.FREE, 0.0)
        assert takes(limiter, [0.0] * 6) == 5

    def test_users_do_not_share(self, limiter):
        assert takes(limiter, [0.0] * 6) == 5
        assert takes(limiter, [0.0] * 6, user=OTHER) == 5

    def test_refused_take_takes_nothing(self, limiter):
        limiter.take(USER, Tier.FREE, 3, 0.0)
        for _ in range(5):
            with pytest.raises(QuotaExceeded) as refusal:
                limiter.take(USER, Tier.FREE, 3, 10.0)
            assert refusal.value.violated == ("minute",)
            assert refusal.value.retry_after == pytest.approx(50.0)
        assert [w.remaining for w in limiter.take(USER, Tier.FREE, 2, 10.0)] == [0, 45, 195]

    def test_every_full_window_is_named_and_the_longest_wait_told(self, limiter):
        assert takes(limiter, [float(n * 13) for n in range(50)]) == 50
        with pytest.raises(QuotaExceeded) as refusal:
            limiter.take(USER, Tier.FREE, 5, 638.0)
        assert refusal.value.violated == ("minute", "hour")
        assert refusal.value.retry_after == pytest.approx(3600 - 638)

    def test_lower_tier_counts_what_was_taken_under_the_higher(self, limiter):
        limiter.take(USER, Tier.STUDIO, 40, 0.0)
        assert takes(limiter, [1.0], tier=Tier.FREE) == 0
        assert takes(limiter, [1.0], tier=Tier.STUDIO) == 1

    async def test_of_300_at_once_exactly_20_pass(self, limiter):
        async def one():
            await asyncio.sleep(0)
            return takes(limiter, [0.0], tier=Tier.PRO)

        assert sum(await asyncio.gather(*(one() for _ in range(300)))) == 20

    @pytest.mark.parametrize("cost", [0, -1])
    def test_cost_is_at_least_one(self, limiter, cost):
        with pytest.raises(ValueError, match="cost"):
            limiter.take(USER, Tier.FREE, cost, 0.0)


class TestRefund:
    def test_refund_gives_back_all_three(self, limiter):
        limiter.take(USER, Tier.FREE, 5, 0.0)
        limiter.refund(USER, 2, 1.0)
        assert [w.remaining for w in limiter.windows(USER, Tier.FREE, 1.0)] == [2, 47, 197]

    def test_refund_for_an_older_take_leaves_newer_ones(self, limiter):
        limiter.take(USER, Tier.FREE, 1, 0.0)
        limiter.take(USER, Tier.FREE, 1, 30.0)
        limiter.refund(USER, 1, 40.0, age=40.0)
        [minute, *_] = limiter.windows(USER, Tier.FREE, 40.0)
        assert (minute.remaining, minute.reset_seconds) == (4, 50.0)

    def test_refund_into_an_hour_that_has_passed_gives_nothing(self, limiter):
        limiter.take(USER, Tier.FREE, 1, 0.0)
        limiter.take(USER, Tier.FREE, 1, 3700.0)
        limiter.refund(USER, 1, 3710.0, age=3710.0)
        assert [w.remaining for w in limiter.windows(USER, Tier.FREE, 3710.0)] == [4, 49, 199]

    def test_refund_never_gives_more_than_was_taken(self, limiter):
        limiter.take(USER, Tier.FREE, 1, 0.0)
        limiter.refund(USER, 50, 0.0)
        limiter.refund(OTHER, 50, 0.0)
        for user in (USER, OTHER):
            assert [w.remaining for w in limiter.windows(user, Tier.FREE, 0.0)] == [5, 50, 200]
        assert limiter.take(USER, Tier.FREE, 1, 0.0)[1].remaining == 49
        limiter.refund(USER, 1, 0.0)
        assert takes(limiter, [0.0] * 10) == 5
        assert takes(limiter, [0.0] * 10, user=OTHER) == 5


class TestRestart:
    def test_restart_forgives_nothing(self, limiter):
        limiter.take(USER, Tier.FREE, 5, 1000.0)
        rows = limiter.snapshot(1010.0, 1.7e9)
        after = QuotaLimiter()
        assert after.restore(rows, 3.0, 1.7e9 + 20) == []
        minute, hour, day = after.windows(USER, Tier.FREE, 3.0)
        assert [w.remaining for w in (minute, hour, day)] == [0, 45, 195]
        assert minute.reset_seconds == pytest.approx(30.0, abs=0.01)
        assert hour.reset_seconds == pytest.approx(3570.0, abs=0.01)

    def test_one_user_can_be_saved_alone(self, limiter):
        limiter.take(USER, Tier.FREE, 1, 0.0)
        limiter.take(OTHER, Tier.FREE, 1, 0.0)
        assert limiter.snapshot(0.0, 1.7e9, USER).keys() == {USER}
        assert limiter.snapshot(0.0, 1.7e9).keys() == {USER, OTHER}
        assert limiter.snapshot(0.0, 1.7e9, UserId("nobody")) == {}

    def test_what_has_run_out_meanwhile_is_not_taken_up(self, limiter):
        limiter.take(USER, Tier.FREE, 5, 0.0)
        after = QuotaLimiter()
        after.restore(limiter.snapshot(0.0, 1.7e9), 0.0, 1.7e9 + 86_401)
        assert after.snapshot(0.0, 1.7e9) == {}

    @pytest.mark.parametrize(
        "row", [b"", b"\x00", b"\xc1", b"\x93\x90\x90\x90", bytes(range(200, 240))]
    )
    def test_damaged_row_is_named_and_the_others_read(self, limiter, row):
        limiter.take(USER, Tier.FREE, 5, 0.0)
        rows = limiter.snapshot(0.0, 1.7e9) | {"damaged": row}
        after = QuotaLimiter()
        assert after.restore(rows, 0.0, 1.7e9) == ["damaged"]
        assert takes(after, [0.0]) == 0

    def test_clock_set_back_over_a_restart_locks_out_for_a_minute_at_most(self, limiter):
        limiter.take(USER, Tier.FREE, 5, 0.0)
        after = QuotaLimiter()
        after.restore(limiter.snapshot(0.0, 1.7e9), 0.0, 1.7e9 - 3600)
        assert takes(after, [59.0]) == 0
        assert takes(after, [60.0]) == 1


@dataclass
class Taken:
    at: float
    cost: int
    refunded: int = 0


@dataclass
class Oracle:
    """Minute by counting; hour and day by walking through the whole history."""

    history: list[Taken] = field(default_factory=list)

    def used(self, name, now):
        if name == "minute":
            return sum(t.cost - t.refunded for t in self.history if t.at > now - 60)
        began, used = float("-inf"), 0
        for taken in self.history:
            if taken.at >= began + SECONDS[name]:
                began, used = taken.at, 0
            elif used == 0:
                began = taken.at
            used += taken.cost - taken.refunded
        return used if now < began + SECONDS[name] else 0

    def full(self, tier, cost, now):
        names = zip(SECONDS, PRINTED[tier], strict=True)
        return tuple(name for name, quota in names if self.used(name, now) + cost > quota)


WAITS = st.one_of(
    st.sampled_from([0.0, 0.001, 11.9, 12.0, 59.999, 60.0, 3599.0, 86400.0]),
    st.floats(0, 100).map(lambda s: round(s, 3)),
)


class LimiterMachine(RuleBasedStateMachine):
    """Takes, restarts and wall clocks that jump by an hour, against the oracle."""

    @initialize(tier=st.sampled_from(Tier))
    def begin(self, tier):
        self.limiter = QuotaLimiter()
        self.oracle = Oracle()
        self.tier = tier
        self.now, self.wall = 1000.0, 1.7e9

    @rule(seconds=WAITS)
    def wait(self, seconds):
        self.now += seconds
        self.wall += seconds

    @rule(seconds=st.sampled_from([-3600.0, 3600.0, -0.5]))
    def wall_clock_jumps(self, seconds):
        self.wall += seconds

    # Restored times are right to some microseconds; the odd fraction keeps them off the borders
    # of windows, which all other times may hit exactly.
    @rule(down=st.sampled_from([0.00037, 5.00037]))
    def restart(self, down):
        rows = self.limiter.snapshot(self.now, self.wall)
        self.limiter = QuotaLimiter()
        self.now += down
        self.wall += down
        assert self.limiter.restore(rows, self.now, self.wall) == []

    @rule(cost=st.sampled_from([1, 1, 1, 2, 4]), times=st.integers(1, 60))
    def take(self, cost, times):
        for _ in range(times):
            # A restored use may count some microseconds longer, never shorter.
            early, late = (
                self.oracle.full(self.tier, cost, moment) for moment in (self.now, self.now + 1e-4)
            )
            try:
                windows = self.limiter.take(USER, self.tier, cost, self.now)
            except QuotaExceeded as refusal:
                assert early or self.oracle.full(self.tier, cost, self.now - 1e-4)
                self.check_wait(cost, refusal.retry_after)
                return
            assert not early, f"let through although {early} is full"
            assert not late
            self.oracle.history.append(Taken(self.now, cost))
            for window, quota in zip(windows, PRINTED[self.tier], strict=True):
                assert window.remaining <= quota - self.oracle.used(window.name, self.now + 1e-4)

    @rule(cost=st.integers(1, 2))
    def our_own_failure(self, cost):
        if self.oracle.history and self.oracle.history[-1].cost >= cost:
            last = self.oracle.history[-1]
            given = min(cost, last.cost - last.refunded)
            if given:
                last.refunded += given
                self.limiter.refund(USER, given, self.now, age=self.now - last.at)

    def check_wait(self, cost, wait):
        """The wait that a refusal names is neither too short nor 1 % too long."""
        for share, refused in ((0.99, True), (1.0, False)):
            moment = self.now + wait * share + (0 if refused else 1e-3)
            if cost <= PRINTED[self.tier][0]:
                assert bool(self.oracle.full(self.tier, cost, moment)) == refused


TestLimiterMachine = LimiterMachine.TestCase


class TestClockSetBack:
    """Given a wall clock by mistake, a limiter still exceeds nothing and frees everyone."""

    def test_nobody_waits_for_the_clock_to_catch_up(self, limiter):
        assert takes(limiter, [5000.0] * 6) == 5
        assert takes(limiter, [1400.0]) == 0
        assert takes(limiter, [1459.0]) == 0
        assert takes(limiter, [1460.0] * 6) == 5


@pytest.fixture
def pacing() -> Pacing:
    return GcraPacing()


def knocks(pacing, times, key="door", per_minute=60.0, burst=3):
    done = []
    for now in times:
        try:
            pacing.admit(key, per_minute=per_minute, burst=burst, now=now)
        except TooManyRequests:
            continue
        done.append(now)
    return done


class TestPacing:
    def test_burst_then_rate(self, pacing):
        assert knocks(pacing, [0.0] * 5) == [0.0] * 3
        assert knocks(pacing, [0.5, 1.0, 1.5, 2.0, 9.0, 9.0, 9.0, 9.0]) == [1.0, 2.0, *[9.0] * 3]

    def test_sources_do_not_share(self, pacing):
        knocks(pacing, [0.0] * 5)
        assert knocks(pacing, [0.0] * 5, key="other") == [0.0] * 3

    def test_refusal_names_the_wait(self, pacing):
        knocks(pacing, [0.0] * 3)
        with pytest.raises(TooManyRequests) as refusal:
            pacing.admit("door", per_minute=60, burst=3, now=0.25)
        assert refusal.value.retry_after == pytest.approx(0.75)
        assert knocks(pacing, [0.25 + 0.75]) == [1.0]

    def test_refused_knocks_cost_nothing(self, pacing):
        knocks(pacing, [0.0] * 3)
        knocks(pacing, [n / 1000 for n in range(1000)])
        assert knocks(pacing, [1.0]) == [1.0]

    @given(
        st.lists(
            st.one_of(st.floats(0, 5), st.sampled_from([0.0, 1.0, 3600.0, -3600.0, -0.3])),
            max_size=80,
        ),
        st.sampled_from([(60.0, 1), (60.0, 3), (7.0, 5), (600.0, 20)]),
    )
    def test_never_over_rate_and_burst_whatever_the_clock_does(self, steps, rule):
        """Between any two of its readings a clock that jumps has gone forward so much only."""
        rate, burst = rule
        pacing = GcraPacing()
        now = gone = 0.0
        through: list[float] = []
        for step in steps:
            now, gone = now + step, gone + max(0.0, step)
            admitted = knocks(pacing, [now] * 3, per_minute=rate, burst=burst)
            through.extend([gone] * len(admitted))
        for first, began in enumerate(through):
            for last in range(first, len(through)):
                allowed = burst + (through[last] - began) * rate / 60 + 1e-6
                assert last - first + 1 <= allowed

    @given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 5))
    def test_never_refused_early(self, steps, burst):
        """Who stays within the rate is never refused."""
        pacing = GcraPacing()
        now = 0.0
        for step in steps:
            now += 1.0 + step
            assert knocks(pacing, [now], burst=burst) == [now]

    def test_clock_set_back_an_hour_holds_nobody_for_an_hour(self, pacing):
        knocks(pacing, [5000.0] * 3)
        assert knocks(pacing, [1400.0, 1401.0]) == [1401.0]

    @pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (60, 0)])
    def test_impossible_rule_is_an_error(self, pacing, rate, burst):
        with pytest.raises(ValueError, match="at least 1"):
            pacing.admit("door", per_minute=rate, burst=burst, now=0.0)
