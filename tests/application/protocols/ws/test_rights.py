"""Rights that change while somebody is here, or is coming in; and a store that cannot be asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.domain.permissions import Permission
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall

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
