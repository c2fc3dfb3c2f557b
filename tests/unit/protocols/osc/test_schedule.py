"""Bundles run in their time and their order, within bounds, whatever their tags say."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import IMMEDIATELY, Bundle, Message, OscRefused, to_ntp
from musearoo.protocols.osc.schedule import (
    AHEAD_SECONDS,
    MAXIMUM_PENDING,
    MAXIMUM_PENDING_BYTES_OF_ONE,
    MAXIMUM_PENDING_OF_ONE,
    Scheduler,
)
from musearoo.protocols.osc.source import Counts, Source
from tests.doubles.clock import SteppedClock

PEER = Source("udp", "127.0.0.1", 9000)
OTHER = Source("udp", "127.0.0.1", 9001)


class CorrectedClock(SteppedClock):
    """A wall clock that somebody sets, while monotonic time goes on as before."""

    corrected_by = 0.0

    def now(self) -> float:
        return super().now() + self.corrected_by


class Stage:
    """A scheduler on a clock that a test moves, and what it has run."""

    def __init__(self, tasks: Tasks) -> None:
        self.clock = CorrectedClock()
        self.counts = Counts()
        self.ran: list[str] = []
        self.schedule = Scheduler(self._run, self.counts, clock=self.clock, spawn=tasks)

    def _run(self, source: Source, messages: tuple[Message, ...]) -> None:
        self.ran.append("+".join(message.address for message in messages))

    def tag(self, ahead: float) -> int:
        return to_ntp(self.clock.now() + ahead)

    def take(self, ahead: float, *addresses: str, source: Source = PEER, size: int = 32) -> None:
        messages = tuple(map(Message, addresses))
        self.schedule.take(source, Bundle(self.tag(ahead), messages), size)


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    made = Tasks()
    yield made
    await made.close()


@pytest.fixture
async def stage(tasks: Tasks) -> AsyncIterator[Stage]:
    made = Stage(tasks)
    yield made
    made.schedule.close()


async def test_what_is_for_now_runs_at_once(stage: Stage) -> None:
    """A message, and bundles dated now, zero and in the past; the last is counted as late."""
    stage.schedule.take(PEER, Message("/plain"), 8)
    stage.schedule.take(PEER, Bundle(IMMEDIATELY, (Message("/a"), Message("/b"))), 32)
    stage.schedule.take(PEER, Bundle(0, (Message("/zero"),)), 32)
    assert stage.counts.late == 0
    stage.take(-3.0, "/late")
    assert stage.ran == ["/plain", "/a+/b", "/zero", "/late"]
    assert stage.counts.late == 1
    assert len(stage.schedule) == 0


async def test_future_bundles_run_when_they_are_due(stage: Stage) -> None:
    """In the order of their times, whatever order they came in, and each as one act."""
    stage.take(2.0, "/third")
    stage.take(1.0, "/first", "/with-it")
    stage.take(1.0, "/second")
    stage.schedule.take(PEER, Message("/now"), 8)
    assert stage.ran == ["/now"]
    await stage.clock.advance(0.99)
    assert stage.ran == ["/now"]
    await stage.clock.advance(0.02)
    assert stage.ran == ["/now", "/first+/with-it", "/second"]
    await stage.clock.advance(1.0)
    assert stage.ran[-1] == "/third"
    assert len(stage.schedule) == 0
    assert stage.counts.held == 3


async def test_a_time_that_comes_nearer_is_met(stage: Stage) -> None:
    """A bundle that comes later for an earlier time is not held up by the first."""
    stage.take(50.0, "/far")
    await stage.clock.advance(0.1)
    stage.take(0.5, "/near")
    await stage.clock.advance(0.6)
    assert stage.ran == ["/near"]
    await stage.clock.advance(50.0)
    assert stage.ran == ["/near", "/far"]


async def test_bundles_within_bundles(stage: Stage) -> None:
    """One within another runs with it, or later when its own tag is later, never earlier."""
    inner_now = Bundle(IMMEDIATELY, (Message("/b"),))
    inner_early = Bundle(stage.tag(0.5), (Message("/c"),))
    inner_late = Bundle(stage.tag(2.0), (Message("/d"), inner_now))
    elements = (Message("/a"), inner_now, inner_early, inner_late, Message("/e"))
    stage.schedule.take(PEER, Bundle(stage.tag(1.0), elements), 200)
    await stage.clock.advance(0.9)
    assert stage.ran == []
    await stage.clock.advance(0.2)
    assert stage.ran == ["/a+/b+/c+/e"]
    await stage.clock.advance(1.0)
    assert stage.ran == ["/a+/b+/c+/e", "/d+/b"]


async def test_a_part_for_now_runs_while_the_rest_waits(stage: Stage) -> None:
    later = Bundle(stage.tag(1.0), (Message("/later"),))
    stage.schedule.take(PEER, Bundle(IMMEDIATELY, (Message("/now"), later)), 80)
    assert stage.ran == ["/now"]
    await stage.clock.advance(1.1)
    assert stage.ran == ["/now", "/later"]


@pytest.mark.parametrize("ahead", [AHEAD_SECONDS + 0.1, 3_600.0, 40 * 365 * 86_400.0])
async def test_a_bundle_for_too_far_ahead_is_refused_whole(stage: Stage, ahead: float) -> None:
    far = Bundle(stage.tag(ahead), (Message("/far"),))
    with pytest.raises(OscRefused, match="clock"):
        stage.schedule.take(PEER, Bundle(IMMEDIATELY, (Message("/now"), far)), 80)
    assert stage.ran == []
    assert len(stage.schedule) == 0
    stage.take(AHEAD_SECONDS - 0.1, "/far-enough")
    assert len(stage.schedule) == 1


async def test_one_source_cannot_fill_the_schedule(stage: Stage) -> None:
    """Beyond its bounds a source is refused, others are not; what has run makes room."""
    for _ in range(MAXIMUM_PENDING_OF_ONE):
        stage.take(1.0, "/x")
    with pytest.raises(OscRefused, match="wait"):
        stage.take(1.0, "/x")
    stage.take(1.0, "/y", source=OTHER)
    stage.take(-1.0, "/late")  # what need not wait is not refused
    await stage.clock.advance(1.1)
    assert len(stage.ran) == MAXIMUM_PENDING_OF_ONE + 2
    stage.take(1.0, "/x")


async def test_the_schedule_has_a_bound_over_all(stage: Stage) -> None:
    each = MAXIMUM_PENDING_OF_ONE
    for number in range(MAXIMUM_PENDING):
        stage.take(1.0, "/x", source=Source("udp", "10.0.0.1", number // each), size=8)
    with pytest.raises(OscRefused, match="wait"):
        stage.take(1.0, "/x", source=OTHER)


async def test_the_schedule_has_a_bound_in_bytes(stage: Stage) -> None:
    for _ in range(MAXIMUM_PENDING_BYTES_OF_ONE // 65_000):
        stage.take(1.0, "/x", size=65_000)
    with pytest.raises(OscRefused, match="wait"):
        stage.take(1.0, "/x", size=65_000)


async def test_what_waits_for_a_source_that_left_is_forgotten(stage: Stage) -> None:
    for number in range(20):
        stage.take(1.0 + number / 100, f"/{number}", source=(PEER, OTHER)[number % 2])
    stage.schedule.forget(PEER)
    assert len(stage.schedule) == 10
    await stage.clock.advance(2.0)
    assert stage.ran == [f"/{number}" for number in range(1, 20, 2)]
    stage.take(1.0, "/again")
    await stage.clock.advance(1.1)
    assert stage.ran[-1] == "/again"


async def test_a_clock_set_forward_is_noticed_within_a_second(stage: Stage) -> None:
    """The wall clock decides, not the sleep that was begun."""
    stage.take(50.0, "/x")
    await stage.clock.advance(0.1)
    stage.clock.corrected_by = 100.0
    await stage.clock.advance(1.1)
    assert stage.ran == ["/x"]


async def test_due_bundles_leave_the_loop_to_others(tasks: Tasks) -> None:
    """When a hundred are due at once they run in turns of two milliseconds."""
    clock, turn, turns = CorrectedClock(), 0, list[int]()

    def slow(source: Source, messages: tuple[Message, ...]) -> None:
        clock.set_forward(0.0005)
        turns.append(turn)

    schedule = Scheduler(slow, Counts(), clock=clock, spawn=tasks)
    for _ in range(100):
        tag = to_ntp(clock.now() + 1.0)
        schedule.take(PEER, Bundle(tag, (Message("/x"),)), 32)
    moving = asyncio.ensure_future(clock.advance(1.1))
    while len(turns) < 100 and turn < 1_000:
        await asyncio.sleep(0)
        turn += 1
    await moving
    assert len(turns) == 100
    assert max(Counter(turns).values()) == 5
