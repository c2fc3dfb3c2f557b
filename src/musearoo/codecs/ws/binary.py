"""Binary frames: records in, typed values out, and the reverse."""

import struct
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from musearoo.codecs.ws.bars import decode_bar
from musearoo.codecs.ws.records import (
    ACK,
    AUDIO,
    CLOCK,
    CODECS,
    HEADER,
    LARGEST_POSITION,
    NOTE,
    PARAMETER,
    PROGRESS,
    STATUSES,
    VERSION,
    AckRecord,
    AudioRecord,
    ClockRecord,
    Header,
    NoteAction,
    NoteRecord,
    ParameterRecord,
    ProgressRecord,
    Record,
    RecordType,
    ValueKind,
    framed,
    refused,
)
from musearoo.codecs.ws.refusal import MAXIMUM_FRAME, FrameFault, FrameRefused

MAXIMUM_RECORDS: Final = 256
WHOLE_PARAMETER: Final = struct.Struct(HEADER.format + PARAMETER.format[1:])
_Decode = Callable[[bytes, Header], Record]
_KINDS: Final = tuple(ValueKind)
_ACTIONS: Final = tuple(NoteAction)
_CODEC_NAMES: Final = {number: name for name, number in CODECS.items()}


def decode_records(frame: bytes, *, by_server: bool = False) -> list[Record]:
    """Read a frame of a client (or of the server); raises `FrameRefused` and nothing else.

    A frame is taken whole or not at all: one faulty record refuses its neighbours too.
    """
    if len(frame) > MAXIMUM_FRAME:
        raise _too_large(f"{MAXIMUM_FRAME} bytes")
    decoders = _OF_SERVER if by_server else _OF_CLIENTS
    records: list[Record] = []
    at = 0
    while at < len(frame):
        if len(records) == MAXIMUM_RECORDS:
            raise _too_large(f"{MAXIMUM_RECORDS} records")
        record, at = _decode_one(frame, at, decoders)
        records.append(record)
    if not records:
        raise FrameRefused(FrameFault.MALFORMED, "An empty frame says nothing.")
    return records


def spans(frame: bytes) -> list[tuple[int, int]]:
    """Where each record begins and ends in a frame that `decode_records` has accepted."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(frame):
        end = at + HEADER.size + int.from_bytes(frame[at + 20 : at + 24], "little")
        found.append((at, end))
        at = end
    return found


def encode_parameter(record: ParameterRecord) -> bytes:
    """36 bytes."""
    header = record.header
    return WHOLE_PARAMETER.pack(
        VERSION, 1, header.flags, header.number, header.sender, header.stream, header.time_us,
        PARAMETER.size, record.handle, record.kind, 0, record.value,
    )  # fmt: skip


def encode_note(record: NoteRecord) -> bytes:
    """40 bytes."""
    payload = NOTE.pack(
        record.tick, record.length, record.action, record.pitch, record.velocity, record.channel,
        record.offset_us,
    )  # fmt: skip
    return framed(RecordType.NOTE, record.header, payload)


def encode_clock(record: ClockRecord) -> bytes:
    """48 bytes."""
    payload = CLOCK.pack(record.t0, record.t1, record.t2)
    return framed(RecordType.CLOCK, record.header, payload)


def encode_progress(record: ProgressRecord) -> bytes:
    """44 bytes; the generation's id must be a UUID."""
    payload = PROGRESS.pack(
        UUID(record.generation_id).bytes, record.permille, STATUSES.index(record.status), 0
    )
    return framed(RecordType.PROGRESS, record.header, payload)


def encode_audio(record: AudioRecord) -> bytes:
    """36 bytes, then the audio; PCM samples of four bytes lie aligned."""
    payload = AUDIO.pack(CODECS[record.codec], 0, record.position)
    return framed(RecordType.AUDIO, record.header, payload + record.audio)


def encode_ack(record: AckRecord) -> bytes:
    """32 bytes."""
    return framed(RecordType.ACK, record.header, ACK.pack(record.counter, record.event))


def _decode_one(frame: bytes, at: int, decoders: Mapping[int, _Decode]) -> tuple[Record, int]:
    start = at + HEADER.size
    if start > len(frame):
        raise FrameRefused(FrameFault.MALFORMED, "A record's header is cut off.")
    version, kind, flags, number, sender, stream, time_us, length = HEADER.unpack_from(frame, at)
    if version != VERSION:
        raise FrameRefused(FrameFault.MALFORMED, f"Records have version {VERSION}.")
    end = start + length
    if end > len(frame):
        detail = "A record claims more bytes than came."
        raise FrameRefused(FrameFault.MALFORMED, detail, str(number))
    decode = decoders.get(kind)
    if decode is None:
        detail = f"Records of type {kind} are not taken here."
        raise FrameRefused(FrameFault.UNKNOWN_TYPE, detail, str(number))
    return decode(frame[start:end], Header(number, sender, stream, time_us, flags)), end


def _parameter(payload: bytes, header: Header) -> ParameterRecord:
    if len(payload) != PARAMETER.size:
        raise _other_size(PARAMETER.size, header)
    handle, kind, zero, value = PARAMETER.unpack(payload)
    if zero or kind >= len(_KINDS) or not _FITS[kind](value):
        raise refused("A parameter record's value is not of its kind.", header)
    return ParameterRecord(header=header, handle=handle, kind=_KINDS[kind], value=value)


def _is_number(value: float) -> bool:
    return -LARGEST_POSITION <= value <= LARGEST_POSITION  # also false for NaN


def _is_integer(value: float) -> bool:
    return _is_number(value) and value.is_integer()


_FITS: Final[tuple[Callable[[float], bool], ...]] = (
    _is_number,
    _is_integer,
    lambda value: value in (0.0, 1.0),
    lambda value: 0 <= value <= 65_535 and value.is_integer(),
    lambda value: value == 0.0,
)  # in the order of ValueKind


def _note(payload: bytes, header: Header) -> NoteRecord:
    if len(payload) != NOTE.size:
        raise _other_size(NOTE.size, header)
    tick, length, action, pitch, velocity, channel, offset_us = NOTE.unpack(payload)
    if action >= len(_ACTIONS) or pitch > 127 or velocity > 127 or channel > 15:
        raise refused("A note record has a field out of MIDI's range.", header)
    return NoteRecord(
        header=header, action=_ACTIONS[action], pitch=pitch, velocity=velocity, channel=channel,
        tick=tick, length=length, offset_us=offset_us,
    )  # fmt: skip


def _clock(payload: bytes, header: Header) -> ClockRecord:
    if len(payload) != CLOCK.size:
        raise _other_size(CLOCK.size, header)
    t0, t1, t2 = CLOCK.unpack(payload)
    return ClockRecord(header=header, t0=t0, t1=t1, t2=t2)


def _progress(payload: bytes, header: Header) -> ProgressRecord:
    if len(payload) != PROGRESS.size:
        raise _other_size(PROGRESS.size, header)
    generation, permille, status, zero = PROGRESS.unpack(payload)
    if zero or permille > 1_000 or status >= len(STATUSES):
        raise refused("A progress record has a field out of range.", header)
    return ProgressRecord(
        header=header,
        generation_id=str(UUID(bytes=generation)),
        permille=permille,
        status=STATUSES[status],
    )


def _audio(payload: bytes, header: Header) -> AudioRecord:
    if len(payload) <= AUDIO.size:
        raise refused("An audio record has no audio.", header)
    codec, zero, position = AUDIO.unpack_from(payload)
    if zero or codec not in _CODEC_NAMES or position > LARGEST_POSITION:
        raise refused("An audio record has an unknown codec or position.", header)
    return AudioRecord(
        header=header, codec=_CODEC_NAMES[codec], position=position, audio=payload[AUDIO.size :]
    )


def _ack(payload: bytes, header: Header) -> AckRecord:
    if len(payload) != ACK.size:
        raise _other_size(ACK.size, header)
    counter, event = ACK.unpack(payload)
    return AckRecord(header=header, counter=counter, event=event)


def _other_size(size: int, header: Header) -> FrameRefused:
    return refused(f"The payload of this record has {size} bytes.", header)


def _too_large(most: str) -> FrameRefused:
    return FrameRefused(FrameFault.TOO_LARGE, f"A frame may have {most} at most.")


_OF_CLIENTS: Final[Mapping[int, _Decode]] = {
    RecordType.PARAMETER.value: _parameter,
    RecordType.NOTE.value: _note,
    RecordType.CLOCK.value: _clock,
    RecordType.AUDIO.value: _audio,
}
_OF_SERVER: Final[Mapping[int, _Decode]] = {
    **_OF_CLIENTS,
    RecordType.BAR.value: decode_bar,
    RecordType.PROGRESS.value: _progress,
    RecordType.ACK.value: _ack,
}
