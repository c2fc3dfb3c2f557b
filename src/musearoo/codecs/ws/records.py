"""Binary records: a header of 24 bytes, then a payload; little endian, back to back in a frame.

Header: u8 version (3), u8 type, u16 flags, u32 number, u16 sender, u16 stream, u64 server time
in microseconds, u32 length of the payload. `number` is the sender's own counter on the way in;
on the way out the low 32 bits of the event's `seq`, or the stream's own counter.
"""

import struct
from enum import IntEnum, IntFlag
from typing import Final

import msgspec

from musearoo.codecs.ws.refusal import FrameFault, FrameRefused
from musearoo.domain.events import TakeBar

VERSION: Final = 3
HEADER: Final = struct.Struct("<BBHIHHQI")
PARAMETER: Final = struct.Struct("<HBBd")  # handle, kind, 0, value
NOTE: Final = struct.Struct("<IIBBBBi")  # tick, length, action, pitch, velocity, channel, offset
CLOCK: Final = struct.Struct("<QQQ")  # t0, t1, t2 in microseconds
PROGRESS: Final = struct.Struct("<16sHBB")  # generation, thousandths, status, 0
AUDIO: Final = struct.Struct("<HHQ")  # codec, 0, position in sample frames
ACK: Final = struct.Struct("<II")  # counter of the record, low 32 bits of the event's seq
_NUMBER_AND_SENDER: Final = struct.Struct("<IH")
_TIME: Final = struct.Struct("<Q")
_NUMBER_AT: Final = 4
_TIME_AT: Final = 12

CODECS: Final = {"pcm_s16le": 1, "pcm_f32le": 2, "opus": 3, "flac": 4}
STATUSES: Final = ("queued", "processing", "completed", "failed", "cancelled")
LARGEST_POSITION: Final = 2**53


class RecordType(IntEnum):
    """What a record is."""

    PARAMETER = 1
    BAR = 2
    NOTE = 3
    CLOCK = 4
    PROGRESS = 5
    AUDIO = 6
    ACK = 7


class RecordFlags(IntFlag):
    """How a parameter's value came about, if not by a plain change."""

    NONE = 0
    UNDO = 1
    REDO = 2


class ValueKind(IntEnum):
    """How the f64 of a parameter record is meant; a choice is its index in the handle table."""

    NUMBER = 0
    INTEGER = 1
    BOOLEAN = 2
    CHOICE = 3
    UNSET = 4


class NoteAction(IntEnum):
    """A key went up, went down, or a whole note of known length."""

    OFF = 0
    ON = 1
    WHOLE = 2


class Header(msgspec.Struct, frozen=True):
    """What every record carries; `time_us` is server UNIX microseconds, 0 from clients."""

    number: int = 0
    sender: int = 0
    stream: int = 0
    time_us: int = 0
    flags: int = 0


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    header: Header = Header()


class ParameterRecord(_Record, frozen=True):
    """A parameter's value; the header's `stream` numbers its gesture, 0 is none."""

    handle: int
    kind: ValueKind
    value: float


class BarRecord(_Record, frozen=True):
    """One bar of a take, as the event says it (layout in `codecs.ws.bars`)."""

    event: TakeBar


class NoteRecord(_Record, frozen=True):
    """A note somebody plays now; whoever misses a number releases all notes of that sender.

    `tick` and `length` are 1/960 quarter, `offset_us` microtiming.
    """

    action: NoteAction
    pitch: int
    velocity: int
    channel: int = 0
    tick: int = 0
    length: int = 0
    offset_us: int = 0


class ClockRecord(_Record, frozen=True):
    """A heartbeat, in microseconds: the client fills `t0`, and `number` with its last seq."""

    t0: int
    t1: int = 0
    t2: int = 0


class ProgressRecord(_Record, frozen=True):
    """How far a generation is, in thousandths."""

    generation_id: str
    permille: int
    status: str


class AudioRecord(_Record, frozen=True):
    """Audio of a stream from sample frame `position` on; `number` counts the stream's records."""

    codec: str
    position: int
    audio: bytes


class AckRecord(_Record, frozen=True):
    """The parameter record with this counter became the event with this (low) seq."""

    counter: int
    event: int


Record = (
    ParameterRecord | BarRecord | NoteRecord | ClockRecord | ProgressRecord | AudioRecord
    | AckRecord
)  # fmt: skip


def framed(kind: RecordType, header: Header, payload: bytes) -> bytes:
    """A payload behind its header."""
    return (
        HEADER.pack(
            VERSION, kind, header.flags, header.number, header.sender, header.stream,
            header.time_us, len(payload),
        )
        + payload
    )  # fmt: skip


def restamp(frame: bytearray, offset: int, *, number: int, sender: int, time_us: int) -> None:
    """Give the record at `offset` another number, sender and time; its payload stays unread."""
    _NUMBER_AND_SENDER.pack_into(frame, offset + _NUMBER_AT, number, sender)
    _TIME.pack_into(frame, offset + _TIME_AT, time_us)


def refused(detail: str, header: Header) -> FrameRefused:
    """The refusal of a record whose header could be read."""
    return FrameRefused(FrameFault.INVALID, detail, str(header.number))
