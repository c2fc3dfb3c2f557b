"""The musical context of a project: what every engine may know before it plays."""

import msgspec

from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.style import AUTO

DEFAULT_BPM = 120.0


class Section(msgspec.Struct, frozen=True):
    """A part of the form: bars [first_bar, first_bar + bars), index from 0."""

    label: str
    first_bar: int
    bars: int


class Groove(msgspec.Struct, frozen=True):
    """The feel taken from a recording or another part.

    `accents[b][s]` is 0-1000 for step s of bar b (repeats when shorter than the
    music); `swing` is in thousandths of a beat, 500 straight to 667 triplet.
    """

    steps_per_bar: int = 16
    accents: tuple[tuple[int, ...], ...] = ()
    swing: int = 500


class EngineContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine hears. Only integers decide notes, so every field is one, or a name.

    `tempo_millibpm` is quarter notes a minute x 1000. `chords` cover the whole
    of `bars` without gaps, in ticks from the start of bar 0. `energy` is 0-1000
    per bar. `parts` holds the notes of the other parts, by part name, on the
    same ticks. `sections` is the form; fills belong at its seams.
    """

    bars: int
    meter: Meter = Meter()
    tempo_millibpm: int = 120_000
    key: Key = Key(0)
    chords: tuple[ChordSpan, ...] = ()
    energy: tuple[int, ...] = ()
    style: str = AUTO
    groove: Groove = Groove()
    sections: tuple[Section, ...] = ()
    parts: dict[str, tuple[Note, ...]] = msgspec.field(default_factory=dict)

    @property
    def length(self) -> int:
        """Ticks from bar 0 to the end."""
        return self.bars * self.meter.bar_ticks

    def chord_at(self, tick: int) -> Chord:
        """The chord that sounds at a tick; the tonic triad where none is known."""
        for span in self.chords:
            if span.start <= tick < span.end:
                return span.chord
        return Chord(self.key.tonic, "min" if self.key.is_minor else "maj")

    def chords_in_bar(self, bar: int) -> tuple[ChordSpan, ...]:
        """The chord spans of a bar, cut to its edges, in ticks from the start of bar 0."""
        start, end = bar * self.meter.bar_ticks, (bar + 1) * self.meter.bar_ticks
        inside = tuple(
            ChordSpan(
                max(span.start, start), min(span.end, end) - max(span.start, start), span.chord
            )
            for span in self.chords
            if span.start < end and span.end > start
        )
        return inside or (ChordSpan(start, end - start, self.chord_at(start)),)

    def energy_of(self, bar: int) -> int:
        """Energy 0-1000 of a bar; 500 where none is known."""
        return self.energy[bar % len(self.energy)] if self.energy else 500

    def accents_of(self, bar: int) -> tuple[int, ...]:
        """Accents 0-1000 per step of a bar; empty where none are known."""
        return self.groove.accents[bar % len(self.groove.accents)] if self.groove.accents else ()

    def is_last_of_section(self, bar: int) -> bool:
        """Whether a new section, or the end, follows this bar."""
        if not self.sections:
            return bar % 4 == 3 or bar == self.bars - 1
        return any(section.first_bar + section.bars - 1 == bar for section in self.sections)
