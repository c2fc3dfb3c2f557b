"""Binary records of clients as the messages that they stand for."""

from collections.abc import Iterator
from typing import Final

from musearoo.codecs.ws import AudioRecord, Heartbeat, Incoming, NoteRecord, ParameterChange
from musearoo.codecs.ws.binary import decode_records
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.incoming import HeartbeatData, ParameterData
from musearoo.codecs.ws.records import ClockRecord, ParameterRecord, refused

Live = AudioRecord | NoteRecord
_LONGEST: Final = 15  # digits


def messages(frame: bytes, handles: HandleTable, instance: str) -> list[Incoming | Live]:
    """What a frame says, whole or not at all; raises `FrameRefused`."""
    return list(_messages(frame, handles, instance))


def _messages(frame: bytes, handles: HandleTable, instance: str) -> Iterator[Incoming | Live]:
    for record in decode_records(frame):
        match record:
            case ParameterRecord():
                act = handles.act_of(record, instance)
                yield ParameterChange(
                    message_id=f"{instance}:{record.header.number}",
                    data=ParameterData(path=act.path, value=act.value, gesture=act.gesture),
                )
            case ClockRecord():
                yield Heartbeat(data=HeartbeatData(t0=record.t0 / 1e6))
            case AudioRecord() | NoteRecord():
                yield record
            case _:
                raise refused("This record is sent by the server only.", record.header)


def counter_of(message_id: str, name: str) -> int | None:
    """The counter of an id `<name>:<counter>`; None for any other id."""
    found, _, number = message_id.rpartition(":")
    if found != name or len(number) > _LONGEST or not (number.isdigit() and number.isascii()):
        return None
    return int(number)
