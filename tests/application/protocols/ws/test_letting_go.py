"""Nothing is kept of a connection that ended, and no collection of garbage is needed for that."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from musearoo.protocols.ws.connection import Connection
from musearoo.protocols.ws.opening import plain_head
from musearoo.protocols.ws.transport import RoomProtocol
from tests.application.protocols.ws.room_doubles import Hall
from tests.application.protocols.ws.test_opening import Wire, fields, masked
from tests.waiting import until


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Collections are seldom in a server that runs for long, and never here."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def entered(hall: Hall, ticket: str) -> tuple[RoomProtocol, "weakref.ref[Connection]"]:
    wire, protocol = Wire(), RoomProtocol(hall.door, set())
    protocol.connection_made(wire)
    head = plain_head(fields())
    assert head is not None
    protocol.opened(head)
    protocol.data_received(masked({"type": "session_join", "data": {"ticket": ticket}}))
    await until(lambda: b'"welcome"' in wire.written, "the welcome")
    assert protocol._connection is not None
    return protocol, weakref.ref(protocol._connection)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("end", ["lost", "slow", "closed", "left", "spoke"])
async def test_who_ended_is_let_go(hall: Hall, end: str) -> None:
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    other = await hall.joined(owner, project)
    protocol, kept = await entered(hall, await hall.ticket(owner, project))
    other.send("parameter_change", {"path": "drums/swing", "value": 0.5})
    await other.answers()
    match end:
        case "slow":
            protocol.pause_writing()
            other.send("chat_message", {"text": "for nobody"})
            await other.answers()
        case "spoke":
            assert protocol._connection is not None
            protocol._connection.sound.collect(b"half a command")
        case "closed":
            protocol.shutdown()
        case "left":
            protocol.data_received(masked({"type": "session_leave"}))
    protocol.connection_lost(None)
    other.read()
    other.send("chat_message", {"text": "alone"})
    await other.answers()
    await until(lambda: kept() is None, lambda: f"{gc.get_referrers(kept())} to let go")


async def test_a_room_that_is_closed_keeps_no_events(hall: Hall) -> None:
    """What could be told again to those who come back may be much."""
    owner = await hall.place.person("ann")
    seat = await hall.joined(owner, await hall.place.project(owner))
    seat.send("chat_message", {"text": "the last word"})
    await seat.answers()
    room = seat.connection.room
    assert room is not None
    seat.connection.gone(clean=True)
    hall.door.rooms.sweep(hall.door.clock.monotonic())
    assert 1 == len(room.since(0))
    hall.door.rooms.sweep(hall.door.clock.monotonic() + hall.door.options.linger_seconds + 1)
    assert room.oldest == room.seq + 1
