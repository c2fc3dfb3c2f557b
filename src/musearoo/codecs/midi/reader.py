"""A strict, bounded reader of Standard MIDI Files: a checked value or `InvalidValue`.

Reads formats 0 and 1 with a division in ticks; sequencer-exclusive and system
exclusive events are skipped, everything else has to be well-formed. Ticks are
rescaled to 960 a quarter note.
"""

from collections import deque
from typing import Final, NoReturn

import msgspec

from musearoo.codecs.midi import events
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import DENOMINATORS, MAXIMUM_NUMERATOR, Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM, TempoChange
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

MAXIMUM_BYTES: Final = 8 * 1024 * 1024
MAXIMUM_TRACKS: Final = 256
MAXIMUM_EVENTS: Final = 500_000
MAXIMUM_TICK: Final = 1 << 40
_DATA_BYTES: Final = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


class MidiTrack(msgspec.Struct, frozen=True, kw_only=True):
    """One track: its name, first channel (0-15, None without one) and program, and its notes."""

    name: str = ""
    channel: int | None = None
    program: int | None = None
    notes: tuple[Note, ...] = ()
    length: int = 0


class MidiFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says; tempo, meter, key and markers are gathered from all tracks.

    Keys are (tick, fifths, is minor); markers are (tick, text).
    """

    tracks: tuple[MidiTrack, ...]
    tempos: tuple[TempoChange, ...] = ()
    meters: tuple[tuple[int, Meter], ...] = ()
    keys: tuple[tuple[int, int, bool], ...] = ()
    markers: tuple[tuple[int, str], ...] = ()
    texts: tuple[tuple[int, str], ...] = ()


def decode(octets: bytes) -> MidiFile:
    """Read a whole file, or raise `InvalidValue` that says what is wrong with it."""
    if len(octets) > MAXIMUM_BYTES:
        _refuse(f"{len(octets)} bytes", f"at most {MAXIMUM_BYTES} bytes")
    if len(octets) < 14 or octets[:4] != b"MThd":
        _refuse(octets[:4], "a Standard MIDI File, which begins with MThd")
    size = int.from_bytes(octets[4:8], "big")
    kind = int.from_bytes(octets[8:10], "big")
    count = int.from_bytes(octets[10:12], "big")
    division = int.from_bytes(octets[12:14], "big")
    if size < 6 or 8 + size > len(octets):
        _refuse(size, "a header of 6 bytes")
    if kind > 1 or (kind == 0 and count != 1):
        _refuse(kind, "format 0 with one track, or format 1")
    if not 1 <= count <= MAXIMUM_TRACKS:
        _refuse(f"{count} tracks", f"1 to {MAXIMUM_TRACKS} tracks")
    if not 1 <= division < 0x8000:
        _refuse(division, "a division in ticks a quarter note")
    return _decode_tracks(octets, 8 + size, count, division)


def _decode_tracks(octets: bytes, position: int, count: int, division: int) -> MidiFile:
    found = _Found()
    tracks: list[MidiTrack] = []
    budget = MAXIMUM_EVENTS
    while len(tracks) < count:
        if position + 8 > len(octets):
            _refuse(f"{len(tracks)} tracks", f"{count} tracks, as the header says")
        name = octets[position : position + 4]
        end = position + 8 + int.from_bytes(octets[position + 4 : position + 8], "big")
        if end > len(octets):
            _refuse("cut short", "whole: a chunk ends beyond the file")
        if name == b"MTrk":
            track = _Track(octets, position + 8, end, division, found, budget)
            tracks.append(track.read())
            budget = track.budget
        position = end
    return MidiFile(
        tracks=tuple(tracks),
        tempos=tuple(sorted(found.tempos, key=lambda change: change.tick)),
        meters=tuple(sorted(found.meters, key=lambda change: change[0])),
        keys=tuple(sorted(found.keys)),
        markers=tuple(sorted(found.markers)),
        texts=tuple(sorted(found.texts)),
    )


class _Found:
    """What any track may say about the whole file."""

    def __init__(self) -> None:
        self.tempos: list[TempoChange] = []
        self.meters: list[tuple[int, Meter]] = []
        self.keys: list[tuple[int, int, bool]] = []
        self.markers: list[tuple[int, str]] = []
        self.texts: list[tuple[int, str]] = []


class _Track:
    """One pass over one track chunk; `budget` counts the events still allowed in the file."""

    def __init__(
        self, octets: bytes, start: int, end: int, division: int, found: _Found, budget: int
    ) -> None:
        self._octets, self._position, self._end = octets, start, end
        self._division, self._found, self.budget = division, found, budget
        self._raw_tick = 0
        self._name = ""
        self._channel: int | None = None
        self._program: int | None = None
        self._sounding: dict[tuple[int, int], deque[tuple[int, int]]] = {}
        self._notes: list[Note] = []

    def read(self) -> MidiTrack:
        status = 0
        while True:
            self._raw_tick += self._variable()
            self._spend()
            first = self._octet()
            if first == 0xFF:
                status = 0
                if self._meta():
                    break
            elif first in (0xF0, 0xF7):
                status = 0
                self._take(self._variable())
            elif first >= 0xF0:
                _refuse(hex(first), "free of system messages")
            else:
                if first >= 0x80:
                    status = first
                    first = self._octet()
                self._channel_event(status, first)
        return self._finished()

    @property
    def _tick(self) -> int:
        return (self._raw_tick * TICKS_PER_QUARTER + self._division // 2) // self._division

    def _spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            _refuse("longer", f"at most {MAXIMUM_EVENTS} events")
        if self._tick > MAXIMUM_TICK:
            _refuse("longer", f"at most {MAXIMUM_TICK} ticks")

    def _octet(self) -> int:
        if self._position >= self._end:
            _refuse("cut short", "closed by an end-of-track event in each track")
        octet = self._octets[self._position]
        self._position += 1
        return octet

    def _take(self, size: int) -> bytes:
        taken = self._octets[self._position : self._position + size]
        if len(taken) < size or self._position + size > self._end:
            _refuse("cut short", "whole: an event ends beyond its track")
        self._position += size
        return taken

    def _variable(self) -> int:
        value = 0
        for _ in range(4):
            octet = self._octet()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        return _refuse("an endless number", "made of lengths of at most four bytes")

    def _channel_event(self, status: int, first: int) -> None:
        kind, channel = status & 0xF0, status & 0x0F
        if kind not in _DATA_BYTES:
            _refuse(hex(first), "made of events that begin with a status byte")
        second = self._octet() if _DATA_BYTES[kind] == 2 else 0
        if first > 127 or second > 127:
            _refuse(hex(max(first, second)), "made of data bytes below 128")
        if self._channel is None:
            self._channel = channel
        if kind == events.PROGRAM and self._program is None:
            self._program = first
        elif kind == events.NOTE_ON and second:
            self._sounding.setdefault((channel, first), deque()).append((self._tick, second))
        elif kind in (events.NOTE_ON, events.NOTE_OFF):
            self._release(channel, first)

    def _release(self, channel: int, pitch: int) -> None:
        started = self._sounding.get((channel, pitch))
        if started:
            start, velocity = started.popleft()
            self._add(start, pitch, velocity)

    def _add(self, start: int, pitch: int, velocity: int) -> None:
        note = Note(
            id=str(len(self._notes)),
            start=start,
            length=max(1, self._tick - start),
            pitch=pitch,
            velocity=velocity,
        )
        self._notes.append(note)

    def _finished(self) -> MidiTrack:
        for (_, pitch), started in self._sounding.items():
            for start, velocity in started:
                self._add(start, pitch, velocity)
        return MidiTrack(
            name=self._name,
            channel=self._channel,
            program=self._program,
            notes=tuple(sorted(self._notes, key=lambda note: (note.start, note.pitch))),
            length=self._tick,
        )

    def _meta(self) -> bool:
        """Read one meta event; True at the end of the track."""
        kind = self._octet()
        payload = self._take(self._variable())
        match kind:
            case events.END_OF_TRACK:
                return True
            case events.TRACK_NAME if not self._name:
                self._name = _words(payload)
            case events.MARKER:
                self._found.markers.append((self._tick, _words(payload)))
            case events.TEXT if payload:
                self._found.texts.append((self._tick, _words(payload)))
            case events.TEMPO:
                self._found.tempos.append(TempoChange(self._tick, _bpm(payload)))
            case events.METER:
                self._found.meters.append((self._tick, _meter(payload)))
            case events.KEY:
                self._found.keys.append((self._tick, *_key(payload)))
        return False


def _words(payload: bytes) -> str:
    words = payload[:512].decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()


def _bpm(payload: bytes) -> float:
    microseconds = int.from_bytes(payload[:3], "big")
    if len(payload) != 3 or not microseconds:
        _refuse(payload[:8], "given tempos of three bytes, not 0")
    return min(MAXIMUM_BPM, max(MINIMUM_BPM, 60_000_000 / microseconds))


def _meter(payload: bytes) -> Meter:
    if len(payload) != 4 or payload[1] > 5:
        _refuse(payload[:8], "given meters of four bytes, down to 32nds")
    numerator, denominator = payload[0], 1 << payload[1]
    if not 1 <= numerator <= MAXIMUM_NUMERATOR or denominator not in DENOMINATORS:
        _refuse(f"{numerator}/{denominator}", f"in meters of 1 to {MAXIMUM_NUMERATOR} units")
    return Meter(numerator, denominator)


def _key(payload: bytes) -> tuple[int, bool]:
    fifths = payload[0] - 256 if payload and payload[0] > 127 else payload[0] if payload else 99
    if len(payload) != 2 or not -7 <= fifths <= 7 or payload[1] > 1:
        _refuse(payload[:8], "given key signatures of -7 to 7 fifths")
    return fifths, bool(payload[1])


def _refuse(value: object, expected: str) -> NoReturn:
    raise InvalidValue("MIDI file", value, expected)
