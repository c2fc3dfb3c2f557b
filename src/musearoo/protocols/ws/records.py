"""Binary records of clients as the messages that they stand for."""

from collections.abc import Iterator

from musearoo.codecs.ws import Heartbeat, Incoming, ParameterChange
from musearoo.codecs.ws.binary import decode_records
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.incoming import HeartbeatData, ParameterData
from musearoo.codecs.ws.records import ClockRecord, ParameterRecord, refused


def messages(frame: bytes, handles: HandleTable, instance: str) -> Iterator[Incoming]:
    """The messages of a frame; raises `FrameRefused`."""
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
            case _:
                raise refused("Live notes and audio are not taken here yet.", record.header)
