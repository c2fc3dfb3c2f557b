"""Nobody's tune: eight notes in a row never repeat eight notes of a song we learnt from.

The training songs' sequences are kept as a Bloom filter (Bloom, "Space/time trade-offs in
hash coding with allowable errors", CACM 13, 1970) from which no tune can be read; about
one new sequence in thirty is refused for nothing, which costs another draw.
"""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Final

import msgspec

from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH

MOVES: Final = 7  # eight notes
FILTER_BITS: Final = 1 << 22
_GRAM: Final = (1 << 16 * MOVES) - 1
_WORD: Final = (1 << 64) - 1
_MULTIPLIER: Final = 0x9E3779B97F4A7C15


class Trail(msgspec.Struct, frozen=True):
    """The last eight notes: intervals with the time to the next note, and with note lengths."""

    pitch: int
    start: int
    length: int
    timed: int = 0
    held: int = 0
    moves: int = 0

    def moved(self, pitch: int, start: int, length: int) -> "Trail":
        """The trail after one more note, in ticks."""
        interval = (pitch - self.pitch & 255) << 8
        time = min((start - self.start) // TICKS_PER_SIXTEENTH, 255)
        hold = min(self.length // TICKS_PER_SIXTEENTH, 255)
        return Trail(
            pitch,
            start,
            length,
            (self.timed << 16 | interval | time) & _GRAM,
            (self.held << 16 | interval | hold) & _GRAM,
            self.moves + 1,
        )

    @property
    def is_known(self) -> bool:
        """Whether these eight notes may be those of a training song."""
        return self.moves >= MOVES and (_contains(self.timed) or _contains(~self.held))


def grams(notes: Iterable[tuple[int, int, int]]) -> Iterator[int]:
    """The filter's entries for a tune of (pitch, start, length) in ticks."""
    trail: Trail | None = None
    for note in notes:
        trail = trail.moved(*note) if trail else Trail(*note)
        if trail.moves >= MOVES:
            yield trail.timed
            yield ~trail.held


def filter_of(entries: Iterable[int]) -> bytes:
    """A Bloom filter that contains the entries."""
    bits = bytearray(FILTER_BITS // 8)
    for entry in entries:
        for place in _places(entry):
            bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def _places(entry: int) -> tuple[int, int, int]:
    mixed = ((entry & _WORD) * _MULTIPLIER ^ (entry >> 64) * 0xBF58476D1CE4E5B9) & _WORD
    mixed = ((mixed ^ mixed >> 30) * 0x94D049BB133111EB) & _WORD
    mixed ^= mixed >> 31
    mask = FILTER_BITS - 1
    return mixed & mask, mixed >> 21 & mask, mixed >> 42 & mask


def _contains(entry: int) -> bool:
    return all(KNOWN[place >> 3] >> (place & 7) & 1 for place in _places(entry))


KNOWN: Final = files("musearoo.engines.melodyroo").joinpath("known.bloom").read_bytes()
