"""`Bus` inside one process."""

import random
from collections.abc import Callable, Sequence

import pytest

from musearoo.bus.in_process import InProcessBus
from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId
from musearoo.ports.live import Bus

HERE, THERE = SessionId("here"), SessionId("there")


class Numbered:
    """Stands for a sequenced event: the bus looks at none of its fields."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


def events(*numbers: int) -> Sequence[Sequenced]:
    return [Numbered(number) for number in numbers]  # type: ignore[misc]


class Heard(list[int]):
    """A receiver that remembers the numbers it got."""

    def __call__(self, received: Sequence[Sequenced]) -> None:
        self.extend(event.seq for event in received)


@pytest.fixture
def bus() -> Bus:
    return InProcessBus()


def test_everyone_in_the_session_hears_everything_in_order(bus: Bus) -> None:
    first, second, elsewhere = Heard(), Heard(), Heard()
    bus.subscribe(HERE, first)
    bus.subscribe(HERE, second)
    bus.subscribe(THERE, elsewhere)
    bus.publish(HERE, events(1, 2))
    bus.publish(THERE, events(9))
    bus.publish(HERE, events(3))

    assert [1, 2, 3] == first == second
    assert [9] == elsewhere


def test_who_left_hears_nothing_more_and_may_leave_twice(bus: Bus) -> None:
    stays, leaves = Heard(), Heard()
    bus.subscribe(HERE, stays)
    leave = bus.subscribe(HERE, leaves)
    bus.publish(HERE, events(1))
    leave()
    leave()
    bus.publish(HERE, events(2))

    assert ([1, 2], [1]) == (stays, leaves)


def test_same_receiver_twice_hears_twice_until_each_leaves(bus: Bus) -> None:
    heard = Heard()
    leave = bus.subscribe(HERE, heard)
    bus.subscribe(HERE, heard)
    bus.publish(HERE, events(1))
    leave()
    bus.publish(HERE, events(2))

    assert [1, 1, 2] == heard


def test_receiver_that_raises_disturbs_nobody_and_hears_the_next(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    heard, after = Heard(), Heard()

    def broken(received: Sequence[Sequenced]) -> None:
        heard(received)
        raise ValueError("broken receiver")

    bus.subscribe(HERE, broken)
    bus.subscribe(HERE, after)
    bus.publish(HERE, events(1))
    bus.publish(HERE, events(2))

    assert [1, 2] == heard == after
    assert "bus.receiver_failed" in capsys.readouterr().out


def test_publishing_while_receiving_keeps_one_order_for_all(bus: Bus) -> None:
    before, after = Heard(), Heard()

    def answers(received: Sequence[Sequenced]) -> None:
        for event in received:
            if event.seq < 10:
                bus.publish(HERE, events(event.seq + 10))

    bus.subscribe(HERE, before)
    bus.subscribe(HERE, answers)
    bus.subscribe(HERE, after)
    bus.publish(HERE, events(1, 2))
    bus.publish(HERE, events(3))

    assert [1, 2, 11, 12, 3, 13] == before == after


def test_publishing_elsewhere_while_receiving_arrives(bus: Bus) -> None:
    heard = Heard()
    bus.subscribe(THERE, heard)
    bus.subscribe(HERE, lambda received: bus.publish(THERE, received))
    bus.publish(HERE, events(1))

    assert [1] == heard


def test_joining_while_receiving_hears_from_the_next_publication(bus: Bus) -> None:
    late = Heard()
    joined: list[Callable[[], None]] = []

    def invites(received: Sequence[Sequenced]) -> None:
        if not joined:
            bus.publish(HERE, events(2))
            joined.append(bus.subscribe(HERE, late))
            bus.publish(HERE, events(3))

    bus.subscribe(HERE, invites)
    bus.publish(HERE, events(1))

    assert [3] == late


def test_leaving_while_receiving_holds_at_once(bus: Bus) -> None:
    leaver = Heard()
    leave: list[Callable[[], None]] = []
    bus.subscribe(HERE, lambda _: leave[0]())
    leave.append(bus.subscribe(HERE, leaver))
    bus.publish(HERE, events(1))

    assert [] == leaver


def test_nothing_published_calls_nobody(bus: Bus) -> None:
    calls: list[object] = []
    bus.subscribe(HERE, calls.append)
    bus.publish(HERE, [])
    bus.publish(THERE, events(1))

    assert [] == calls


def test_sessions_without_listeners_leave_nothing_behind() -> None:
    bus = InProcessBus()
    for number in range(100):
        bus.subscribe(SessionId(str(number)), Heard())()
    assert {} == bus._subscriptions


@pytest.mark.parametrize("seed", range(20))
def test_any_interleaving_gives_all_the_same_order(bus: Bus, seed: int) -> None:
    """Receivers publish at random while they receive; all logs agree."""
    chance = random.Random(seed)
    logs = [Heard() for _ in range(4)]
    numbers = iter(range(1, 200))

    def restless(received: Sequence[Sequenced]) -> None:
        number = next(numbers, None)
        if number is not None and chance.random() < 0.9:
            bus.publish(HERE, events(number))

    for log in logs:
        bus.subscribe(HERE, log)
        bus.subscribe(HERE, restless)
    for _ in range(20):
        number = next(numbers, None)
        if number is not None:
            bus.publish(HERE, events(number))

    assert logs[0]
    assert sorted(logs[0]) == sorted(set(logs[0]))
    assert all(log == logs[0] for log in logs)
