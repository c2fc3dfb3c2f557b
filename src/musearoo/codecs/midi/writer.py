"""A song as a Standard MIDI File of format 1 with 960 ticks a quarter note.

Sources: "Standard MIDI Files 1.0" (MIDI Association, RP-001); General MIDI
level 1 for channel 10 and the meaning of programs. Track 0 is the conductor
(tempo, meter, key, sections, chords), then one track per part. Microtiming
becomes ticks through the tempo map. All tracks end on the same bar line, so
that a loop made from the file stays in time.
"""

import math
from typing import Final

from musearoo.codecs.midi import events
from musearoo.codecs.midi.microtiming import Moved, mover
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import microseconds_per_quarter
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.song import Song, SongPart

DRUM_CHANNEL: Final = 9  # channel 10 as musicians count
MADE_BY: Final = "Made with MuseAroo"
_MELODIC_CHANNELS: Final = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
_CLOCKS_PER_QUARTER: Final = 24
_THIRTY_SECONDS_PER_QUARTER: Final = 8
_VOLUME_AT_UNITY: Final = 100
_VOLUME: Final = 7
_PAN: Final = 10

Played = tuple[int, int, int, int]  # on, pitch, off, velocity


def encode(song: Song) -> bytes:
    """The whole file; the same song gives the same bytes."""
    moved = mover(song.tempo_map)
    played = [_without_overlaps(part.notes, moved, song.length) for part in song.parts]
    end = _end(song, played)
    tracks = [_conductor(song, end)]
    ports = _channels(song.parts)
    for part, notes, (port, channel) in zip(song.parts, played, ports, strict=True):
        tracks.append(events.track(_setup(part, port, channel), [], _packed(notes, channel), end))
    header = b"MThd" + bytes((0, 0, 0, 6, 0, 1)) + len(tracks).to_bytes(2, "big")
    return header + TICKS_PER_QUARTER.to_bytes(2, "big") + b"".join(tracks)


def _without_overlaps(notes: tuple[Note, ...], moved: Moved, length: int) -> list[Played]:
    """The notes in playing order; one key never sounds twice at a time."""
    placed = []
    for note in notes:
        on = note.start
        off = on + note.length
        if note.offset_us:
            on, off = _played(on, off, note.offset_us, moved, length)
        placed.append((on, note.pitch, off, note.velocity))
    placed.sort()
    ends: dict[int, int] = {}
    for on, pitch, off, _ in placed:
        if ends.get(pitch, 0) > on:
            return _untangled(placed)
        ends[pitch] = off
    return placed


def _untangled(placed: list[Played]) -> list[Played]:
    """Sorted notes with each key's overlaps cut at the next note; doubles become one."""
    latest: dict[int, int] = {}
    played: list[Played] = []
    for on, pitch, off, velocity in placed:
        index = latest.get(pitch)
        if index is not None and played[index][2] > on:
            last_on, _, last_off, last_velocity = played[index]
            if last_on == on:
                played[index] = (on, pitch, max(off, last_off), max(velocity, last_velocity))
                continue
            played[index] = (last_on, pitch, on, last_velocity)
        latest[pitch] = len(played)
        played.append((on, pitch, off, velocity))
    return played


def _played(on: int, off: int, offset_us: int, moved: Moved, length: int) -> tuple[int, int]:
    """Ticks of a note with microtiming, which never lengthens the loop of `length` ticks."""
    limit = length if off <= length else off + length
    on = min(max(0, moved(on, offset_us)), limit - 1)
    return on, max(on + 1, min(moved(off, offset_us), limit))


def _packed(notes: list[Played], channel: int) -> list[int]:
    note_on, note_off = (events.NOTE_ON | channel) << 16, (events.NOTE_OFF | channel) << 16 | 64
    packed = [on << 24 | note_on | pitch << 8 | velocity for on, pitch, _, velocity in notes]
    packed += [off << 24 | note_off | pitch << 8 for _, pitch, off, _ in notes]
    return packed


def _end(song: Song, played: list[list[Played]]) -> int:
    last = max((note[2] for notes in played for note in notes), default=0)
    bars = max(song.bars, -(-last // song.meter.bar_ticks))
    return bars * song.meter.bar_ticks


def _channels(parts: tuple[SongPart, ...]) -> list[tuple[int, int]]:
    """Port and channel of every part; the sixteenth melodic part moves to a second port."""
    places, drums, melodic = [], 0, 0
    for part in parts:
        if part.program is None:
            places.append((drums, DRUM_CHANNEL))
            drums += 1
        else:
            port, index = divmod(melodic, len(_MELODIC_CHANNELS))
            places.append((port, _MELODIC_CHANNELS[index]))
            melodic += 1
    return places


def _setup(part: SongPart, port: int, channel: int) -> list[bytes]:
    program = part.kit if part.program is None else part.program
    pan = min(127, max(0, round(64 + 63 * part.pan)))
    cable = [events.meta(events.PORT, bytes((min(port, 127),)))] if port else []
    return [
        events.text(events.TRACK_NAME, part.title or part.name),
        *cable,
        bytes((events.PROGRAM | channel, program & 0x7F)),
        bytes((events.CONTROL | channel, _VOLUME, _volume(part.gain))),
        bytes((events.CONTROL | channel, _PAN, pan)),
    ]


def _volume(gain: float) -> int:
    """Controller 7 for a linear gain; its level grows with the square (GM 2, 3.3.3)."""
    return min(127, round(_VOLUME_AT_UNITY * math.sqrt(max(gain, 0.0))))


def _conductor(song: Song, end: int) -> bytes:
    setup = [
        events.text(events.TRACK_NAME, song.title),
        events.text(events.TEXT, MADE_BY),
        events.meta(events.METER, _meter(song)),
        events.meta(events.KEY, _key(song)),
        events.text(events.TEXT, f"key: {song.key.name}"),
    ]
    timed = [
        (
            change.tick,
            0,
            events.meta(events.TEMPO, microseconds_per_quarter(change.bpm).to_bytes(3, "big")),
        )
        for change in song.tempo_map.changes
        if change.tick < end or change.tick == 0
    ]
    bar = song.meter.bar_ticks
    timed += [
        (section.first_bar * bar, 1, events.text(events.MARKER, section.label))
        for section in song.sections
        if 0 <= section.first_bar * bar <= end
    ]
    timed += [
        (tick, 2, events.text(events.TEXT, symbol))
        for tick, symbol in _chord_changes(song)
        if 0 <= tick <= end
    ]
    timed.sort(key=lambda event: event[:2])
    return events.track(setup, [(tick, event) for tick, _, event in timed], [], end)


def _chord_changes(song: Song) -> list[tuple[int, str]]:
    """Start and Harte symbol of each chord that differs from the one before it."""
    changes: list[tuple[int, str]] = []
    for span in sorted(song.chords, key=lambda span: span.start):
        symbol = span.chord.symbol(flats=song.key.prefers_flats)
        if not changes or changes[-1][1] != symbol:
            changes.append((span.start, symbol))
    return changes


def _meter(song: Song) -> bytes:
    """Numerator, power of two, clocks a click, 32nds a quarter; odd groups click their unit."""
    meter = song.meter
    unit = meter.unit_ticks * _CLOCKS_PER_QUARTER // TICKS_PER_QUARTER
    click = unit * meter.grouping[0] if len(set(meter.grouping)) == 1 else unit
    click = click if click <= 255 else unit
    power = meter.denominator.bit_length() - 1
    return bytes((meter.numerator, power, click, _THIRTY_SECONDS_PER_QUARTER))


def _key(song: Song) -> bytes:
    return bytes((song.key.fifths & 0xFF, int(song.key.is_minor)))
