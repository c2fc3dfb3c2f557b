"""A song as a partwise score: header, part list, and measures with what stands above them.

Source: MusicXML 4.0 (W3C Music Notation Community Group, 2021). The result is
well-formed whatever names a song carries, and the durations of each measure
add up in every voice.
"""

from bisect import bisect_right
from typing import Final

import msgspec

from musearoo.codecs.musicxml import directions
from musearoo.codecs.musicxml.elements import element, wrapped
from musearoo.codecs.musicxml.measures import DIVISIONS, ChordAt, PartWriter, duration
from musearoo.codecs.musicxml.percussion import stroke_of
from musearoo.codecs.musicxml.quantise import find_swing
from musearoo.codecs.musicxml.staves import Layout, Staff, laid_out
from musearoo.codecs.musicxml.systems import system_starts
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH
from musearoo.domain.song import Song, SongPart

SOFTWARE: Final = "MuseAroo"
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_VISIBLE_TEMPO_CHANGE: Final = 0.04
_CHURCH_MODES: Final = ("dorian", "phrygian", "lydian", "mixolydian", "locrian")
_DRUM_CHANNEL: Final = 10  # counted from 1


def encode(song: Song) -> bytes:
    """The whole document in UTF-8; the same song gives the same bytes."""
    swing = find_swing(song)
    layouts = [laid_out(part, song.meter, swing) for part in song.parts]
    bars = max([1, song.bars, *(layout.bars for layout in layouts)])
    above = _Above(song, bars)
    if swing is not None:
        above.add(0, directions.swing(swing))
    leader = next((i for i, part in enumerate(song.parts) if part.program is not None), 0)
    content = _header(song) + wrapped(
        "part-list",
        "".join(_part_entry(part, number) for number, part in enumerate(song.parts, start=1)),
    )
    form = _Form(
        bars,
        system_starts(layouts, song.sections, song.meter, bars),
        frozenset(section.first_bar for section in song.sections if section.first_bar > 0),
    )
    for index, (part, layout) in enumerate(zip(song.parts, layouts, strict=True)):
        content += _part(song, part, index, layout, form, above if index == leader else None)
    return (_HEAD + wrapped("score-partwise", content, version="4.0")).encode()


class _Form(msgspec.Struct, frozen=True):
    """What all parts share: the number of bars, where lines begin, where sections meet."""

    bars: int
    lines: frozenset[int]
    seams: frozenset[int]

    def before(self, bar: int) -> str:
        """Layout hints at the start of a bar."""
        if bar == 0:
            return wrapped("print", element("measure-numbering", "system"))
        return wrapped("print", "", new_system="yes") if bar in self.lines else ""

    def after(self, bar: int) -> str:
        """The bar line at the end of a bar, where it is no plain one."""
        if bar == self.bars - 1:
            return _barline("light-heavy")
        return _barline("light-light") if bar + 1 in self.seams else ""


class _Above:
    """Directions by bar: (tick inside the bar, XML) for the part that carries them."""

    def __init__(self, song: Song, bars: int) -> None:
        self._bar_ticks = song.meter.bar_ticks
        self._bars = bars
        self._found: dict[int, list[tuple[int, str]]] = {}
        for section in song.sections:
            self.add(section.first_bar * self._bar_ticks, directions.rehearsal(section.label))
        self._add_tempo(song)
        self._add_chords(song)

    def add(self, tick: int, content: str) -> None:
        bar, inside = divmod(tick, self._bar_ticks)
        if 0 <= bar < self._bars:
            self._found.setdefault(bar, []).append((inside, content))

    def in_bar(self, bar: int) -> str:
        """Everything above one bar, moving forward through it and back to its start."""
        written, now = "", 0
        for inside, content in sorted(self._found.get(bar, ()), key=lambda found: found[0]):
            if inside > now:
                written += _moved("forward", inside - now)
                now = inside
            written += content
        return written + (_moved("backup", now) if now else "")

    def _add_tempo(self, song: Song) -> None:
        shown = 0.0
        for change in song.tempo_map.changes:
            tick = _on_grid(change.tick)
            if abs(change.bpm - shown) > _VISIBLE_TEMPO_CHANGE * shown:
                shown = change.bpm
                self.add(tick, directions.tempo(change.bpm, song.meter))
            else:
                self.add(tick, directions.silent_tempo(change.bpm))

    def _add_chords(self, song: Song) -> None:
        last: Chord | None = None
        for span in sorted(song.chords, key=lambda span: span.start):
            if span.chord != last:
                self.add(_on_grid(span.start), directions.harmony(span.chord, song.key))
            last = span.chord


def _on_grid(tick: int) -> int:
    return (tick + TICKS_PER_SIXTEENTH // 2) // TICKS_PER_SIXTEENTH * TICKS_PER_SIXTEENTH


def _moved(direction: str, ticks: int) -> str:
    return wrapped(direction, element("duration", duration(ticks)))


def _header(song: Song) -> str:
    support = element("supports", element="accidental", type="yes") + element(
        "supports", element="beam", type="yes"
    )
    return wrapped("work", element("work-title", song.title or "Untitled")) + wrapped(
        "identification",
        element("creator", SOFTWARE, type="arranger")
        + wrapped("encoding", element("software", SOFTWARE) + support),
    )


def _part_entry(part: SongPart, number: int) -> str:
    identity = f"P{number}"
    title = part.title or part.name or identity
    content = element("part-name", title) + element("part-abbreviation", _abbreviated(title))
    if part.program is None:
        content += _drum_instruments(part, identity)
    else:
        content += wrapped(
            "score-instrument", element("instrument-name", title), id=f"{identity}-I1"
        )
        channel = (number - 1) % 15 + 1
        channel += channel >= _DRUM_CHANNEL
        content += _sound(part, f"{identity}-I1", channel, part.program)
    return wrapped("score-part", content, id=identity)


def _drum_instruments(part: SongPart, identity: str) -> str:
    pitches = sorted({note.pitch for note in part.notes})
    names = "".join(
        wrapped(
            "score-instrument",
            element("instrument-name", stroke_of(pitch).name),
            id=f"{identity}-I{pitch}",
        )
        for pitch in pitches
    )
    return names + "".join(
        _sound(part, f"{identity}-I{pitch}", _DRUM_CHANNEL, part.kit, pitch) for pitch in pitches
    )


def _sound(
    part: SongPart, identity: str, channel: int, program: int, key: int | None = None
) -> str:
    content = element("midi-channel", channel) + element("midi-program", program + 1)
    if key is not None:
        content += element("midi-unpitched", key + 1)
    pan = round(90 * min(1.0, max(-1.0, part.pan)))
    return wrapped("midi-instrument", content + element("pan", pan), id=identity)


def _abbreviated(title: str) -> str:
    word = (title.split(maxsplit=1) or [title])[0]
    return word if len(word) <= 4 else word[:3].rstrip() + "."


def _part(
    song: Song, part: SongPart, index: int, layout: Layout, form: _Form, above: _Above | None
) -> str:
    identity = f"P{index + 1}"
    writer = PartWriter(identity, layout, song.meter, song.key, _chord_finder(song))
    measures = []
    for bar in range(form.bars):
        content = form.before(bar)
        content += _attributes(song, part, layout) if bar == 0 else ""
        content += above.in_bar(bar) if above is not None else ""
        content += writer.bar(bar) + form.after(bar)
        measures.append(wrapped("measure", content, number=bar + 1))
    return wrapped("part", "".join(measures), id=identity)


def _chord_finder(song: Song) -> ChordAt:
    spans = sorted(song.chords, key=lambda span: span.start)
    starts = [span.start for span in spans]

    def chord_at(tick: int) -> Chord | None:
        index = bisect_right(starts, tick + TICKS_PER_SIXTEENTH // 2) - 1
        return spans[index].chord if index >= 0 and tick < spans[index].end else None

    return chord_at


def _attributes(song: Song, part: SongPart, layout: Layout) -> str:
    fifths = 0 if part.program is None else song.key.fifths
    mode = (
        song.key.mode
        if song.key.mode in _CHURCH_MODES
        else "minor"
        if song.key.is_minor
        else "major"
    )
    content = (
        element("divisions", DIVISIONS)
        + wrapped("key", element("fifths", fifths) + element("mode", mode))
        + wrapped(
            "time",
            element("beats", song.meter.numerator) + element("beat-type", song.meter.denominator),
        )
    )
    if len(layout.staves) > 1:
        content += element("staves", len(layout.staves))
    return wrapped("attributes", content + "".join(_clef(staff) for staff in layout.staves))


def _clef(staff: Staff) -> str:
    clef = staff.clef
    content = element("sign", clef.sign)
    if clef.sign != "percussion":
        content += element("line", clef.line)
    if clef.octaves:
        content += element("clef-octave-change", clef.octaves)
    return wrapped("clef", content, number=staff.number)


def _barline(style: str) -> str:
    return wrapped("barline", element("bar-style", style), location="right")
