"""Live notes of the other doors, for those in a room who read records."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from musearoo.codecs.ws import Header, NoteRecord, encode_note
from musearoo.codecs.ws.records import NoteAction
from musearoo.conductor.live_notes import LiveNote

if TYPE_CHECKING:
    from musearoo.conductor.conductor import Conductor
    from musearoo.protocols.ws.connection import Connection
    from musearoo.protocols.ws.room import Room

_NOBODY = 0  # the sender number of whoever has no connection here
_MICROSECONDS = 1_000_000


def subscribed(conductor: "Conductor", room: "Room") -> Callable[[], None]:
    """Let a room hear its session; answers the function that ends it."""
    played = 0
    clock = conductor.world.clock

    def heard(note: LiveNote, by: object) -> None:
        nonlocal played
        if by is room:
            return
        played += 1
        header = Header(played & 0xFFFFFFFF, _NOBODY, 0, round(clock.now() * _MICROSECONDS))
        record = NoteRecord(
            header=header,
            action=NoteAction.ON if note.velocity else NoteAction.OFF,
            pitch=note.pitch,
            velocity=note.velocity,
            channel=note.channel - 1,
        )
        room.relay(encode_note(record), but=None)

    ends = (
        conductor.world.bus.subscribe(room.session, room.receive),
        conductor.live_notes.listen(room.session, heard),
    )

    def end() -> None:
        for each in ends:
            each()

    return end


def carry(connection: "Connection", record: NoteRecord) -> None:
    """Let the other doors hear a note of this connection."""
    room = connection.room
    if room is None:
        return
    ticks = record.length if record.action is NoteAction.WHOLE else None
    velocity = 0 if record.action is NoteAction.OFF else record.velocity
    note = LiveNote(record.channel + 1, record.pitch, velocity, ticks)
    connection.door.conductor.live_notes.play(room.session, note, by=room)
