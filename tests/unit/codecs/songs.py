"""Songs for the tests of sound and notation: one by hand, and any that Hypothesis likes."""

from collections.abc import Iterable

from hypothesis import strategies as st

from musearoo.domain.context import Section
from musearoo.domain.music.chord import QUALITIES, Chord, ChordSpan
from musearoo.domain.music.key import SCALES, Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoChange, TempoMap
from musearoo.domain.song import Song, SongPart

SIXTEENTH = 240
BAR = 3840
HATS = (96, 58, 78, 62)
CHORDS = ("E:min7", "E:min7", "A:9", "A:9", "E:min7", "E:min7", "C:maj7", "B:7")
BASS_ROOTS = (40, 40, 33, 33, 40, 40, 36, 35)
BASS = ((0, 0, 2), (3, 12, 1), (4, 10, 1), (6, 0, 2), (8, 7, 1), (10, 10, 2), (13, 12, 1))
STABS = ((2, 2), (7, 1), (10, 3), (15, 1))
TUNE = (
    (0, 960, 76), (1200, 240, 74), (1440, 480, 71), (2400, 480, 69), (2880, 960, 71),
    (4320, 480, 71), (4800, 480, 74), (5280, 240, 76), (5760, 1920, 79),
    (7680, 720, 76), (8400, 240, 78), (8640, 480, 79), (9120, 1440, 76),
    (11520, 320, 73), (11840, 320, 74), (12160, 320, 76), (12480, 960, 71), (13920, 1440, 69),
)  # fmt: skip


def note(
    start: int, length: int = 480, pitch: int = 60, velocity: int = 90, **more: object
) -> Note:
    identity = f"{start}-{pitch}-{len(more)}"
    return Note(id=identity, start=start, length=length, pitch=pitch, velocity=velocity, **more)  # type: ignore[arg-type]


def part(notes: Iterable[Note], program: int | None = 0, **more: object) -> SongPart:
    values = {"name": "part", "title": "Part", "notes": tuple(notes), "program": program} | more
    return SongPart(**values)  # type: ignore[arg-type]


def song(*parts: SongPart, bars: int = 2, bpm: float = 120.0, **more: object) -> Song:
    values = {"title": "Song", "bars": bars, "parts": parts, "tempo_map": TempoMap.constant(bpm)}
    return Song(**(values | more))  # type: ignore[arg-type]


def drums(bars: int = 8) -> tuple[Note, ...]:
    notes = []
    for bar in range(bars):
        start = bar * BAR
        fill = bar % 4 == 3
        for step in range(12 if fill else 16):
            late = {"offset_us": 6000 * (step % 2)}
            pitch = 46 if step == 14 and bar % 2 else 42
            notes.append(note(start + step * SIXTEENTH, 120, pitch, HATS[step % 4], **late))
        notes += [note(start + step * SIXTEENTH, 240, 36, 105) for step in (0, 3, 6, 10)]
        notes += [note(start + step * SIXTEENTH, 240, 38, 112, offset_us=4000) for step in (4, 12)]
        notes += [note(start + step * SIXTEENTH, 120, 38, 38) for step in (7, 9)]
        if fill:
            toms = ((13, 50), (14, 45), (15, 43))
            notes += [note(start + step * SIXTEENTH, 240, pitch, 100) for step, pitch in toms]
        if bar % 4 == 0:
            notes.append(note(start, 960, 49, 100))
    return tuple(notes)


def funk() -> Song:
    """Eight bars for four parts in E minor at 110."""
    bass, keys, tune = [], [], []
    for bar, (root, symbol) in enumerate(zip(BASS_ROOTS, CHORDS, strict=True)):
        start = bar * BAR
        for step, up, length in BASS:
            at = start + step * SIXTEENTH
            bass.append(note(at, length * SIXTEENTH - 20, root + up, 104 if not step else 88))
        chord = Chord.parse(symbol)
        tones = [60 + (chord.root - 12 * (chord.root > 6)) + up for up in chord.intervals]
        for step, length in STABS:
            at = start + step * SIXTEENTH
            keys += [note(at, length * SIXTEENTH - 30, tone, 76) for tone in tones]
        keys.append(note(start, BAR - 60, tones[0] - 12, 70))
    for begin in (0, 4 * BAR):
        tune += [note(begin + at, length, pitch, 92) for at, length, pitch in TUNE]
    return Song(
        title="Greasy Spoon",
        bars=8,
        tempo_map=TempoMap.constant(110.0),
        key=Key(4, "minor"),
        parts=(
            part(tune, 65, name="melody", title="Melody", pan=0.15),
            part(keys, 4, name="harmony", title="Harmony", pan=-0.3),
            part(bass, 33, name="bass", title="Bass"),
            part(drums(), None, name="drums", title="Drums"),
        ),
        chords=tuple(ChordSpan(i * BAR, BAR, Chord.parse(c)) for i, c in enumerate(CHORDS)),
        sections=(Section("A", 0, 4), Section("B", 4, 4)),
    )


METERS = (
    "4/4", "3/4", "2/4", "5/4", "6/4", "2/2", "3/2", "1/1", "6/8", "9/8", "12/8", "5/8",
    "7/8 2+2+3", "7/8 3+2+2", "8/8 3+3+2", "11/8", "5/16", "7/16", "6/16", "5/32", "10/8 4+6",
)  # fmt: skip

meters = st.sampled_from(METERS).map(Meter.parse)
keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))
chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)))
names = st.one_of(
    st.text(max_size=20), st.sampled_from(["", "<&\"'>", "\x00\x1f\ud800", "é♭🎸", "]]>"])
)


@st.composite
def notes(draw: st.DrawFn, length: int) -> Note:
    grid = draw(st.sampled_from([1, 40, 80, 120, 160, 240, 320, 480, 960]))
    start = draw(st.integers(0, max(0, length // grid - 1))) * grid
    return Note(
        id=draw(st.text("abc", min_size=1, max_size=4)),
        start=start,
        length=draw(
            st.one_of(st.integers(1, 3000), st.sampled_from([120, 160, 240, 480, 960, 3840]))
        ),
        pitch=draw(st.integers(0, 127)),
        velocity=draw(st.integers(1, 127)),
        offset_us=draw(st.one_of(st.just(0), st.integers(-40_000, 40_000))),
    )


@st.composite
def parts(draw: st.DrawFn, length: int) -> SongPart:
    return SongPart(
        name="part",
        title=draw(names),
        notes=tuple(draw(st.lists(notes(length), max_size=24))),
        program=draw(st.one_of(st.none(), st.integers(0, 127))),
        gain=draw(st.floats(0, 2)),
        pan=draw(st.floats(-1, 1)),
    )


@st.composite
def tempo_maps(draw: st.DrawFn, length: int) -> TempoMap:
    ticks = sorted({0, *draw(st.lists(st.integers(1, length), max_size=4))})
    return TempoMap(tuple(TempoChange(tick, draw(st.floats(40, 300))) for tick in ticks))


@st.composite
def songs(draw: st.DrawFn) -> Song:
    """Any song of one to four bars."""
    meter, bars = draw(meters), draw(st.integers(1, 4))
    length = bars * meter.bar_ticks
    spans = draw(st.lists(st.tuples(st.integers(0, length), chords), max_size=4))
    return Song(
        title=draw(names),
        bars=bars,
        parts=tuple(draw(st.lists(parts(length), max_size=3))),
        tempo_map=draw(tempo_maps(length)),
        meter=meter,
        key=draw(keys),
        chords=tuple(ChordSpan(start, 480, chord) for start, chord in spans),
        sections=(Section(draw(names), 0, 1), Section(draw(names), bars - 1, 1)),
    )
