"""Answers to one client alone: as records where it reads them and one says all, else as text."""

from typing import TYPE_CHECKING, Final

from musearoo.codecs.ws import (
    AckMessage,
    AckRecord,
    ClockRecord,
    GenerationProgress,
    Header,
    Heartbeat,
    HeartbeatAck,
    ProgressRecord,
    encode,
    encode_ack,
    encode_clock,
    encode_progress,
)
from musearoo.codecs.ws.outgoing import AckData, HeartbeatAckData
from musearoo.conductor.sessions import Ack
from musearoo.protocols.ws.frames import binary_frame, text_frame
from musearoo.protocols.ws.records import counter_of

if TYPE_CHECKING:
    from musearoo.protocols.ws.connection import Connection

_LOW_32: Final = 0xFFFF_FFFF
_LARGEST_MICROSECONDS: Final = 2**53
_SAME_MOMENT: Final = 0.001  # seconds


def acknowledge(connection: "Connection", cause: str, ack: Ack | AckData) -> None:
    """Tell the asker, and only the asker, what became of a message."""
    connection.say(ack_frame(connection, cause, ack))


def ack_frame(connection: "Connection", cause: str, ack: Ack | AckData) -> bytes:
    """What tells the asker, and only the asker, what became of a message."""
    data = _data(ack)
    counter = _counter(connection, cause) if connection.binary else None
    if counter is not None and _is_plain(connection, data):
        record = AckRecord(header=_now(connection), counter=counter, event=data.seq & _LOW_32)
        return binary_frame(encode_ack(record))
    return text_frame(encode(AckMessage(cause=cause, data=data, **connection.envelope())))


def beat(connection: "Connection", message: Heartbeat) -> None:
    """Answer a heartbeat with the server's clock."""
    now, t0 = connection.door.clock.now(), message.data.t0
    if connection.binary and message.message_id is None and t0 is not None:
        sent = round(t0 * 1e6)
        if 0 <= sent < _LARGEST_MICROSECONDS and sent / 1e6 == t0:
            seq = connection.room.seq if connection.room is not None else 0
            header = Header(number=seq & _LOW_32, time_us=round(now * 1e6))
            t2 = round(connection.door.clock.now() * 1e6)
            record = ClockRecord(header=header, t0=sent, t1=round(now * 1e6), t2=t2)
            connection.say(binary_frame(encode_clock(record)))
            return
    data = HeartbeatAckData(t0=t0, t1=now, t2=connection.door.clock.now())
    answer = HeartbeatAck(cause=message.message_id, data=data, **connection.envelope())
    connection.send(answer)


def progress_record(message: GenerationProgress, seq: int, sender: int) -> bytes | None:
    """How far a generation is as a record; None where only text can say it."""
    data = message.data
    try:
        return encode_progress(
            ProgressRecord(
                header=Header(seq & _LOW_32, sender, 0, round(message.timestamp * 1e6)),
                generation_id=data.generation_id or "",
                permille=round(1000 * data.progress),
                status=data.status,
            )
        )
    except ValueError:  # no UUID, or a status that records do not know
        return None


def _data(ack: Ack | AckData) -> AckData:
    if isinstance(ack, AckData):
        return ack
    return AckData(
        seq=ack.seq,
        epoch=ack.epoch,
        lands_at=ack.lands_at,
        generation_id=ack.generation_id,
        take_id=ack.take_id,
        conflicts=ack.conflicts,
    )


def _counter(connection: "Connection", cause: str) -> int | None:
    """The number of a record, if `cause` is the name of one."""
    counter = counter_of(cause, connection.instance)
    if counter is None or counter > _LOW_32 or cause != f"{connection.instance}:{counter}":
        return None
    return counter


def _is_plain(connection: "Connection", data: AckData) -> bool:
    """Whether all that an ack says is the number of its event."""
    landing = data.lands_at
    lands_later = (
        landing is not None
        and landing.server_time is not None
        and landing.server_time > connection.door.clock.now() + _SAME_MOMENT
    )
    plain = AckData(seq=data.seq, epoch=data.epoch, lands_at=landing)
    same_epoch = connection.room is None or connection.room.epoch == data.epoch
    return same_epoch and not lands_later and data == plain


def _now(connection: "Connection") -> Header:
    time_us = round(connection.door.clock.now() * 1e6)
    return Header(sender=connection.present.sender, time_us=time_us)
