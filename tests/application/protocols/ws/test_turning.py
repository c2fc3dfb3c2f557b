"""The short way of a parameter change: at once, in order, once, and only by who may."""

from pathlib import Path

import pytest

from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.protocols.ws.door import Door
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, Seat
from tests.application.protocols.ws.test_connection import shared
from tests.doubles.ambient import CountedIds
from tests.doubles.calm import StoppedClock
from tests.doubles.clock import settle
from tests.doubles.house import house

PATH = "drums/complexity"
EDIT = frozenset({Permission.VIEW, Permission.EDIT})


async def seated(hall: Hall) -> tuple[Seat, Actor, ProjectId]:
    """An owner whose rights have been looked up a moment ago."""
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    seat = await hall.joined(owner, project)
    return seat, owner, project


def change(seat: Seat, counter: int, value: object, **more: object) -> None:
    data = {"path": PATH, "value": value, **more}
    seat.send("parameter_change", data, message_id=f"{seat.connection.name}:{counter}")


def kinds(messages: list[dict]) -> list[tuple[str, int | None]]:
    return [(each["type"], each.get("seq", each["data"].get("seq"))) for each in messages]


class TestAtOnce:
    async def test_it_is_done_before_the_next_message_is_read(self, hall):
        """No task and no turn of the loop: event and ack lie ready when the call returns."""
        seat, *_ = await seated(hall)
        seat.read()
        change(seat, 1, 0.25)
        change(seat, 2, 0.5)
        assert [("parameter_change", 1), ("parameter_change", 2), ("ack", 1), ("ack", 2)] == kinds(
            seat.read()
        )
        assert not seat.connection.busy

    async def test_it_is_answered_as_the_long_way_answers(self, hall):
        """The same event and the same ack, whichever way it went, playing or not."""
        seat, owner, project = await seated(hall)
        for action in ("locate", "play"):
            await hall.place.do(owner, project, "transport", {"action": action, "bar": 3})
            seat.read()
            change(seat, 10 if action == "play" else 1, 0.25, gesture="g")
            short = seat.read()
            seat.send(
                "parameter_change",
                {"path": PATH, "value": 0.25, "gesture": "g"},
                message_id="a" + action,
            )
            long = await seat.answers()
            assert [each["type"] for each in short] == [each["type"] for each in long]
            for one, other in zip(short, long, strict=True):
                assert one["data"].keys() == other["data"].keys()
                assert one.keys() == other.keys()
            landings = [each[1]["data"]["lands_at"] for each in (short, long)]
            assert landings[0]["bar"] == landings[1]["bar"]
            assert (landings[0]["server_time"] is None) == (landings[1]["server_time"] is None)

    async def test_order_is_kept_among_classes(self, hall):
        """A parameter never overtakes what was sent before it, though it needs no disk."""
        seat, *_ = await seated(hall)
        seat.read()
        name = seat.connection.name
        change(seat, 1, 0.1)
        seat.send("chat_message", {"text": "one"}, message_id=f"{name}:2")
        change(seat, 3, 0.3)
        seat.send("command", {"name": "set_form", "args": {"bars": 12}}, message_id=f"{name}:4")
        change(seat, 5, 0.5)
        events = [each for each in await seat.answers() if "seq" in each]
        assert [1, 2, 3, 4, 5] == [each["seq"] for each in events]
        assert [f"{name}:{number}" for number in range(1, 6)] == [each["cause"] for each in events]

    async def test_one_gesture_is_one_step_of_undo(self, hall):
        """The short way leaves the same steps behind."""
        seat, owner, project = await seated(hall)
        for counter in range(1, 6):
            change(seat, counter, counter / 10, gesture="drag")
        ack = await hall.place.do(owner, project, "undo")
        assert () == ack.conflicts
        state = (await hall.place.conductor.sessions.open(SessionId(project))).state
        assert {} == state.parameters

    @pytest.mark.parametrize("value", [2.0, "much", True])
    async def test_a_value_that_does_not_fit_is_refused(self, hall, value):
        """Nothing happened, and the id may be used for the right value."""
        seat, *_ = await seated(hall)
        seat.read()
        change(seat, 1, value)
        (refused,) = seat.read()
        assert ("error", "invalid-value") == (refused["type"], refused["data"]["code"])
        change(seat, 1, 0.5)
        assert ["parameter_change", "ack"] == [each["type"] for each in await seat.answers()]


class TestRights:
    async def test_after_revocation_the_very_next_one_is_refused(self, hall):
        """Rights are held in memory, and forgotten in the step that takes them away."""
        owner, guest, project = await shared(hall, EDIT)
        seat = await hall.joined(guest, project)
        change(seat, 1, 0.5)
        assert ["parameter_change", "ack"] == [each["type"] for each in await seat.answers()]
        people = hall.place.conductor.collaboration
        gate = hall.place.conductor.gate
        seen: list[object] = []

        def at_once(_user: object) -> None:
            change(seat, 2, 0.75)
            seen.append(seat.connection.over)

        gate.on_change(at_once)  # as early as anybody can know
        await people.remove(owner, project, guest.user, ORIGIN)
        await seat.answers()
        await settle()
        assert seen == [False]
        assert [1] == [each["seq"] for each in seat.of("parameter_change")]
        session = await hall.place.conductor.sessions.open(SessionId(project))
        assert (1, {PATH: 0.5}) == (session.seq, session.state.parameters)

    async def test_who_may_only_look_is_refused(self, hall):
        _, guest, project = await shared(hall)
        seat = await hall.joined(guest, project)
        change(seat, 1, 0.5)
        answers = await seat.answers()
        assert ["forbidden"] == [
            each["data"]["code"] for each in answers if each["type"] == "error"
        ]


class TestOnce:
    async def test_a_repeat_gets_the_first_answer(self, hall):
        """The log remembers, even where no answer was kept and much came after."""
        seat, *_ = await seated(hall)
        change(seat, 1, 0.5)
        (_, first) = seat.read()[-2:]
        for counter in range(2, 300):
            change(seat, counter, counter / 1000)
        seat.read()
        change(seat, 1, 0.5)
        (again,) = await seat.answers()
        assert ("ack", first["data"]) == (again["type"], again["data"])

    async def test_another_change_under_its_id_is_a_conflict(self, hall):
        seat, *_ = await seated(hall)
        change(seat, 1, 0.5)
        seat.read()
        for data in ({"value": 0.25}, {"value": 0.5, "gesture": "g"}, {"value": 0.5, "at": "now"}):
            seat.send(
                "parameter_change", {"path": PATH, **data}, message_id=f"{seat.connection.name}:1"
            )
            (refused,) = await seat.answers()
            assert "idempotency-conflict" == refused["data"]["code"]

    async def test_another_command_under_its_id_is_a_conflict(self, hall):
        """Ids are one space for all commands of the session."""
        seat, *_ = await seated(hall)
        change(seat, 1, 1)
        seat.read()
        seat.send(
            "command", {"name": "set_form", "args": {"bars": 12}},
            message_id=f"{seat.connection.name}:1",
        )  # fmt: skip
        (refused,) = await seat.answers()
        assert "idempotency-conflict" == refused["data"]["code"]
        change(seat, 1, 1.0)
        assert ["ack"] == [each["type"] for each in await seat.answers()]

    async def test_after_a_restart_a_repeat_is_known(self, tmp_path: Path):
        """Another process, another connection, the old id: the first answer, no second event."""
        ids = CountedIds()
        async with house(tmp_path, ids=ids, clock=StoppedClock()) as place:
            hall = Hall(place, Door(place.conductor))
            seat, owner, project = await seated(hall)
            for counter in range(1, 6):
                change(seat, counter, counter / 10)
            name, first = seat.connection.name, seat.of("ack")[2]
        async with house(tmp_path, ids=ids, clock=StoppedClock()) as place:
            hall = Hall(place, Door(place.conductor))
            seat = await hall.joined(owner, project)
            seat.send("parameter_change", {"path": PATH, "value": 0.3}, message_id=f"{name}:3")
            (again,) = await seat.answers()
            assert ("ack", first["data"]) == (again["type"], again["data"])
            assert 5 == (await place.conductor.sessions.open(SessionId(project))).seq


class TestCrowdedLane:
    async def test_a_repeat_is_answered_and_not_merged_away(self, hall):
        """Whoever hears "a later value replaced it" may believe that it never happened."""
        seat, *_ = await seated(hall)
        change(seat, 1, 0.5)
        first = seat.of("ack")[0]
        name = seat.connection.name
        seat.send("chat_message", {"text": "one"}, message_id=f"{name}:2")
        change(seat, 1, 0.5)  # its ack was lost
        for counter in range(3, 203):
            change(seat, counter, counter / 1000)
        await seat.answers()
        notices = {each["cause"] for each in seat.of("notice")}
        assert f"{name}:1" not in notices
        assert f"{name}:3" in notices
        assert [first["data"]] * 2 == [
            each["data"] for each in seat.of("ack") if each["cause"] == f"{name}:1"
        ]
        told = [each["cause"] for each in seat.of("parameter_change")]
        assert not notices & set(told)
        assert len(notices) + len(told) == 201
