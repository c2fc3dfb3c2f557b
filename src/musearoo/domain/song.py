"""The one neutral song model that rendering and every export start from."""

import msgspec

from musearoo.domain.context import Section
from musearoo.domain.music.chord import ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap


class SongPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its notes in ticks from bar 0; `program` is None for a drum kit.

    `gain` is linear; `pan` is -1 left to 1 right.
    """

    name: str
    title: str
    notes: tuple[Note, ...]
    program: int | None = None
    kit: int = 0
    gain: float = 1.0
    pan: float = 0.0


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """Parts on one grid of tempo, meter, key and form."""

    title: str
    bars: int
    parts: tuple[SongPart, ...]
    tempo_map: TempoMap
    meter: Meter = Meter()
    key: Key = Key(0)
    chords: tuple[ChordSpan, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def length(self) -> int:
        """Ticks from bar 0 to the end of the last bar."""
        return self.bars * self.meter.bar_ticks
