"""The payload of one bar of a take: notes of fixed size, then the text they refer to.

Generation and take (16 bytes each, UUID), u16 bar, u16 notes, u8 voices, u8 articulations, u16
0; then the part, the voices and the articulations as u8 length + UTF-8; then 16 bytes for each
note (u32 start, u32 length, u8 pitch, u8 velocity, u8 voice, u8 articulation + 1, i32
offset_us); then the ids of the notes as u8 length + UTF-8.
"""

import struct
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from musearoo.codecs.ws.records import BarRecord, Header, RecordType, framed, refused
from musearoo.codecs.ws.refusal import FrameRefused
from musearoo.domain.events import TakeBar
from musearoo.domain.ids import GenerationId, TakeId
from musearoo.domain.music.note import Note

HEAD: Final = struct.Struct("<16s16sHHBBH")
NOTE: Final = struct.Struct("<IIBBBBi")
_LONGEST_TEXT: Final = 255


def encode_bar(record: BarRecord) -> bytes | None:
    """The record, or None for a bar that does not fit one and must go as text."""
    try:
        return framed(RecordType.BAR, record.header, _payload(record.event))
    except (ValueError, struct.error):
        return None


def decode_bar(payload: bytes, header: Header) -> BarRecord:
    """Read the payload; raises `FrameRefused`."""
    reader = _Reader(payload, header)
    generation, take, bar, count, voices, articulations, zero = reader.unpack(HEAD)
    if zero:
        raise reader.refusal("a reserved field is not 0")
    part = reader.text()
    voice_names = [reader.text() for _ in range(voices)]
    marks = [None, *(reader.text() for _ in range(articulations))]
    rows = [reader.unpack(NOTE) for _ in range(count)]
    notes = tuple(_note(row, reader, voice_names, marks) for row in rows)
    reader.end()
    event = TakeBar(
        generation_id=GenerationId(str(UUID(bytes=generation))),
        take_id=TakeId(str(UUID(bytes=take))),
        part=part,
        bar=bar,
        notes=notes,
    )
    return BarRecord(header=header, event=event)


def _payload(event: TakeBar) -> bytes:
    voices = list(dict.fromkeys(note.voice for note in event.notes))
    marks = list(dict.fromkeys(n.articulation for n in event.notes if n.articulation is not None))
    head = HEAD.pack(
        _uuid(event.generation_id), _uuid(event.take_id), event.bar, len(event.notes),
        len(voices), len(marks), 0,
    )  # fmt: skip
    numbers: dict[str | None, int] = {mark: index for index, mark in enumerate(marks, 1)}
    voice_numbers = {voice: index for index, voice in enumerate(voices)}
    notes = (
        NOTE.pack(
            note.start, note.length, note.pitch, note.velocity, voice_numbers[note.voice],
            numbers.get(note.articulation, 0), note.offset_us,
        )
        for note in event.notes
    )  # fmt: skip
    names = _texts((event.part, *voices, *marks))
    return b"".join((head, names, *notes, _texts(note.id for note in event.notes)))


def _note(row: Any, reader: "_Reader", voices: list[str], marks: list[str | None]) -> Note:
    start, length, pitch, velocity, voice, mark, offset_us = row
    if voice >= len(voices) or mark >= len(marks) or pitch > 127 or not 1 <= velocity <= 127:
        raise reader.refusal("a note has a field out of range")
    return Note(
        id=reader.text(), start=start, length=length, pitch=pitch, velocity=velocity,
        offset_us=offset_us, voice=voices[voice], articulation=marks[mark],
    )  # fmt: skip


def _uuid(text: str) -> bytes:
    value = UUID(text)
    if str(value) != text:
        raise ValueError(text)
    return value.bytes


def _texts(texts: Iterable[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    if any(len(text) > _LONGEST_TEXT for text in encoded):
        raise ValueError("text of more than 255 bytes")
    return b"".join(bytes((len(text),)) + text for text in encoded)


class _Reader:
    def __init__(self, payload: bytes, header: Header) -> None:
        self._payload = payload
        self._header = header
        self._at = 0

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        if self._at + layout.size > len(self._payload):
            raise self.refusal("it ends early")
        values = layout.unpack_from(self._payload, self._at)
        self._at += layout.size
        return values

    def text(self) -> str:
        start = self._at + 1
        if start > len(self._payload) or start + self._payload[self._at] > len(self._payload):
            raise self.refusal("it ends early")
        self._at = start + self._payload[start - 1]
        try:
            return self._payload[start : self._at].decode()
        except UnicodeDecodeError:
            raise self.refusal("its text is not UTF-8") from None

    def end(self) -> None:
        if self._at != len(self._payload):
            raise self.refusal("bytes are left over")

    def refusal(self, fault: str) -> FrameRefused:
        return refused(f"A bar record cannot be read: {fault}.", self._header)
