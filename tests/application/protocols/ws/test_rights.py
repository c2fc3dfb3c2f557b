"""Rights that change while somebody is here, or is coming in; and a store that cannot be asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from musearoo.conductor.projects import Change
from musearoo.domain.errors import Unavailable
from musearoo.domain.permissions import Permission
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.options import WsOptions
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, Seat
from tests.waiting import until

RIGHTS = frozenset({Permission.VIEW, Permission.EDIT})


async def shared(hall: Hall) -> Any:
    owner, guest = await hall.place.person("ann"), await hall.place.person("bob")
    project = await hall.place.project(owner)
    people = hall.place.conductor.collaboration
    invited = await people.invite(owner, project, "bob@example.org", RIGHTS, None, origin=ORIGIN)
    await people.join(guest, invited.url.rpartition("=")[2], origin=ORIGIN)
    return owner, guest, project


async def test_whoever_is_put_out_hears_nothing_more_though_the_disk_is_slow(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the refusal is written down later does not matter to what is sent."""
    owner, guest, project = await shared(hall)
    first, second = await hall.joined(owner, project), await hall.joined(guest, project)
    store, slow = hall.place.world.store, asyncio.Event()
    write = store.write

    async def slowly(work: Callable[..., Any]) -> Any:
        if "refused" in work.__qualname__:
            await slow.wait()
        return await write(work)

    await hall.place.conductor.collaboration.remove(owner, project, guest.user, ORIGIN)
    monkeypatch.setattr(store, "write", slowly)
    assert 4403 == await second.closing()
    first.send("chat_message", {"text": "now that we are alone"})
    await first.answers()
    slow.set()
    assert [] == second.of("chat_message")


async def test_rights_lost_while_coming_in_are_lost(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest is looked up anew when rights changed between the proof and the welcome."""
    owner, guest, project = await shared(hall)
    opened, people = hall.door.rooms.open, hall.place.conductor.collaboration

    async def opened_late(session: Any) -> Any:
        monkeypatch.undo()
        await people.remove(owner, project, guest.user, ORIGIN)
        return await opened(session)

    seat = hall.seat()
    ticket = await hall.ticket(guest, project)
    monkeypatch.setattr(hall.door.rooms, "open", opened_late)
    seat.send("session_join", {"ticket": ticket})
    assert 4403 == await seat.closing()
    assert [] == seat.of("welcome")


async def test_who_is_looked_up_anew_comes_into_no_room_that_was_closed_meanwhile(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room had long been empty; nobody would hear anything in it."""
    owner, guest, project = await shared(hall)
    first = await hall.joined(owner, project)
    first.send("session_leave")
    await first.closing()
    gate, entrance, rooms = hall.place.conductor.gate, hall.door.entrance, hall.door.rooms
    opened, rechecked = rooms.open, entrance.rechecked

    async def changed(session: Any) -> Any:
        monkeypatch.setattr(rooms, "open", opened)
        gate.forget()
        return await opened(session)

    async def long_after(*asked: Any) -> Any:
        rooms.sweep(hall.door.clock.monotonic() + hall.door.options.linger_seconds + 1)
        return await rechecked(*asked)

    monkeypatch.setattr(rooms, "open", changed)
    monkeypatch.setattr(entrance, "rechecked", long_after)
    second = await hall.joined(guest, project)
    await hall.place.do(owner, project, "set_parameter", {"path": "drums/swing", "value": 0.5})
    assert ["drums/swing"] == [each["data"]["path"] for each in second.of("parameter_change")]


@pytest.mark.parametrize("slow", [False, True])
async def test_other_rights_are_told_though_more_is_told_of_their_owner(
    hall: Hall, slow: bool
) -> None:
    """While words on a connection wait to be told together, a later one replaces no rights."""
    owner, guest, project = await shared(hall)
    first, second = await hall.joined(owner, project), await hall.joined(guest, project)
    room = second.connection.room
    assert room is not None
    first.read()
    if slow:
        first.connection.outbox.pause(0.0)
    room.changed(second.connection, ("view",))
    if slow:
        room.arrivals.tell()
    second.send("user_presence", {"status": "idle"})
    first.read()
    first.connection.outbox.resume()
    told = [each["data"] for each in first.of("user_presence")]
    mine = [each for each in told if each["connection"] == second.connection.name]
    assert [["view"], None] == [each.get("permissions") for each in mine[-2:]]
    assert "idle" == mine[-1]["status"]


async def test_a_room_that_nobody_came_into_is_closed(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was let in and refused, or left, between two steps leaves nothing behind."""
    owner, guest, project = await shared(hall)
    rooms, people = hall.door.rooms, hall.place.conductor.collaboration
    opened = rooms.open

    async def removed_then(session: Any) -> Any:
        found = await opened(session)
        await people.remove(owner, project, guest.user, ORIGIN)
        return found

    monkeypatch.setattr(rooms, "open", removed_then)
    seat = hall.seat()
    seat.send("session_join", {"ticket": await hall.ticket(guest, project)})
    assert 4403 == await seat.closing()
    now = hall.door.clock.monotonic()
    rooms.sweep(now)
    assert 1 == len(list(rooms))
    rooms.sweep(now + hall.door.options.linger_seconds + 1)
    assert [] == list(rooms)


async def test_rights_lost_while_a_login_is_renewed_are_lost(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a public project, in which one who was put out may stay and look."""
    owner, guest, project = await shared(hall)
    conductor, entrance = hall.place.conductor, hall.door.entrance
    await conductor.projects.change(owner, project, Change(is_public=True), ORIGIN)
    seat = await hall.joined(guest, project)

    def rights() -> frozenset[Permission]:
        present = seat.connection.guest
        assert present is not None
        return present.permissions

    assert Permission.EDIT in rights()
    ticket, permissions = await hall.ticket(guest, project), entrance._permissions

    async def just_before(*asked: Any) -> Any:
        found = await permissions(*asked)
        monkeypatch.undo()
        await conductor.collaboration.remove(owner, project, guest.user, ORIGIN)
        await until(lambda: Permission.EDIT not in rights(), "lesser rights")
        return found

    monkeypatch.setattr(entrance, "_permissions", just_before)
    seat.send("auth_refresh", {"ticket": ticket}, message_id="r")
    await seat.answers()
    assert ["r"] == [each["cause"] for each in seat.of("ack")]
    assert {Permission.VIEW} == rights()


async def test_whoever_is_put_out_is_out_though_the_disk_is_gone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal cannot be written down; that is said in the log and fails nothing else."""
    owner, guest, project = await shared(hall)
    seat = await hall.joined(guest, project)
    store = hall.place.world.store
    write = store.write

    async def gone(work: Callable[..., Any]) -> Any:
        if "refused" in work.__qualname__:
            raise Unavailable("The disk is gone.")
        return await write(work)

    monkeypatch.setattr(store, "write", gone)
    with capture_logs() as logs:
        await hall.place.conductor.collaboration.remove(owner, project, guest.user, ORIGIN)
        assert 4403 == await seat.closing()
        await until(lambda: [line for line in logs if line["log_level"] == "warning"], "a warning")
    said = [line["event"] for line in logs if line["log_level"] in {"warning", "error"}]
    assert ["ws.refusal_not_audited"] == said


@pytest.mark.parametrize("joined", [True, False])
async def test_a_store_that_is_away_ends_no_visit_for_good(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, joined: bool
) -> None:
    """1011 says come back; 4403 would say never."""
    owner, _, project = await shared(hall)
    ticket = await hall.ticket(owner, project)
    seat = await hall.joined(owner, project) if joined else hall.seat()

    async def away(_query: object) -> Any:
        raise Unavailable("The database does not answer; try again.", retry_after=1.0)

    monkeypatch.setattr(hall.place.world.store, "read", away)
    if joined:
        hall.place.conductor.gate.forget()
    else:
        seat.send("session_join", {"ticket": ticket})
    assert 1011 == await seat.closing()
    assert ["unavailable"] == [error["data"]["code"] for error in seat.of("error")]


async def test_nobody_gets_in_beside_the_limit_by_coming_twice_at_once(hall: Hall) -> None:
    """Those who come in are counted when they are in, however many are on their way."""
    hall.door = Door(hall.place.conductor, WsOptions(per_user=1))
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    seats, tickets = [], [await hall.ticket(owner, project) for _ in range(3)]
    for ticket in tickets:
        seats.append(hall.seat())
        seats[-1].send("session_join", {"ticket": ticket})
    for seat in seats:
        await seat.answers()
    assert [0, 0, 1] == sorted(len(seat.of("welcome")) for seat in seats)
    assert [4429, 4429] == [code for seat in seats for code, _ in seat.closed]


class Returning:
    """Comes back with the token of a connection that broke off."""

    def __init__(self, hall: Hall, seat: Seat) -> None:
        seat.read()
        self.hall = hall
        welcome = seat.of("welcome")[0]["data"]
        names = ("resume_token", "epoch")
        self.proof = {name: welcome[name] for name in names} | {"last_seq": welcome["seq"]}
        seat.connection.gone(clean=False)

    async def back(self) -> Seat:
        seat = self.hall.seat()
        seat.send("session_join", self.proof)
        await seat.answers()
        return seat


@pytest.fixture
def unasked(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on the store answers no question of rights."""

    def begin() -> None:
        async def away(*_question: object) -> Any:
            raise Unavailable("The database does not answer; try again.")

        for name in ("actor_of", "access"):
            monkeypatch.setattr(hall.place.conductor.gate, name, away)
        monkeypatch.setattr(hall.place.world.store, "read", away)

    return begin


class TestComingBack:
    async def test_a_thousand_come_back_without_a_question_to_the_store(self, hall, unasked):
        """Rights that nobody changed since the visit began are what they were."""
        owner, guest, project = await shared(hall)
        seats = [await hall.joined(each, project) for each in (owner, guest)]
        gone = [Returning(hall, seat) for seat in seats]
        unasked()
        for each, rights in zip(gone, (set(Permission), RIGHTS), strict=True):
            (welcome,) = (await each.back()).of("welcome")
            assert welcome["data"]["resumed"]
            assert rights == set(welcome["data"]["permissions"])

    async def test_rights_that_changed_while_away_are_looked_up(self, hall):
        owner, guest, project = await shared(hall)
        gone = Returning(hall, await hall.joined(guest, project))
        people = hall.place.conductor.collaboration
        await people.remove(owner, project, guest.user, ORIGIN)
        back = await gone.back()
        assert 4403 == await back.closing()
        assert [] == back.of("welcome")

    async def test_whoever_has_renewed_its_login_comes_back_as_it_was(self, hall):
        """By the token of its welcome: it is told of no other; as long as it has proved to be."""
        owner, _, project = await shared(hall)
        seat = await hall.joined(owner, project)
        first = seat.of("welcome")[0]["data"]
        hall.set_forward(300)
        seat.send("auth_refresh", {"ticket": await hall.ticket(owner, project)}, message_id="r")
        await seat.answers()
        assert ["r"] == [each["cause"] for each in seat.of("ack")]
        hall.set_forward(100)
        gone = Returning(hall, seat)
        (welcome,) = (await gone.back()).of("welcome")
        assert first["connection"] == welcome["data"]["connection"]
        assert first["expires_in"] - 100 == pytest.approx(welcome["data"]["expires_in"])

    async def test_what_is_renewed_too_late_leaves_no_token_behind(self, hall, monkeypatch):
        """Its connection broke off while the proof was looked at."""
        owner, _, project = await shared(hall)
        seat = await hall.joined(owner, project)
        entrance = hall.door.entrance
        renewed = entrance.renewed

        async def and_gone(*given: Any, **named: Any) -> Any:
            found = await renewed(*given, **named)
            seat.connection.gone(clean=False)
            return found

        monkeypatch.setattr(entrance, "renewed", and_gone)
        seat.send("auth_refresh", {"ticket": await hall.ticket(owner, project)}, message_id="r")
        await until(lambda: not seat.connection.busy, "the end of the renewal")
        assert [True] == [each.ends_at is not None for each in entrance._tokens.values()]

    async def test_a_token_dies_with_its_login(self, hall):
        _, guest, project = await shared(hall)
        gone = Returning(hall, await hall.joined(guest, project))
        await hall.place.conductor.accounts.logout(guest, ORIGIN)
        back = await gone.back()
        assert ["unauthenticated"] == [error["data"]["code"] for error in back.of("error")]
        assert [] == back.of("welcome")

    async def test_rights_that_changed_while_here_are_those_of_who_comes_back(self, hall, unasked):
        """What the living connection was told is what its token is worth."""
        owner, guest, project = await shared(hall)
        seat = await hall.joined(guest, project)
        less, people = frozenset({Permission.VIEW}), hall.place.conductor.collaboration
        await people.remove(owner, project, guest.user, ORIGIN)
        assert 4403 == await seat.closing()
        invited = await people.invite(owner, project, "bob@example.org", less, None, origin=ORIGIN)
        await people.join(guest, invited.url.rpartition("=")[2], origin=ORIGIN)
        seat = await hall.joined(guest, project)
        hall.place.conductor.gate.forget()
        await until(lambda: not hall.door._rechecking, "everybody looked up")
        gone = Returning(hall, seat)
        unasked()
        (welcome,) = (await gone.back()).of("welcome")
        assert ["view"] == welcome["data"]["permissions"]
