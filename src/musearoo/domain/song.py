"""The one neutral song model that rendering and every export start from."""

from typing import Final

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


# Linear gain and pan by part name, so that four parts sit together without a hand on the mix.
_BALANCE: Final = {
    "drums": (1.0, 0.0),
    "bass": (0.95, 0.0),
    "harmony": (0.5, -0.25),
    "melody": (1.0, 0.2),
}


def balanced(part: SongPart) -> SongPart:
    """The part with the gain and pan that its name usually gets."""
    gain, pan = _BALANCE.get(part.name, (0.8, 0.0))
    return msgspec.structs.replace(part, gain=gain, pan=pan)


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
