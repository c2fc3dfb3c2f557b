"""Notes and the patterns they form."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue

MIDI_MAXIMUM: Final = 127


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One sounding note.

    `start` and `length` are ticks (1/960 quarter) from the start of the part;
    `offset_us` is microtiming in microseconds, added after the tempo map, so
    that changing the tempo keeps the feel. `voice` is the instrument piece or
    line inside a part ("kick", "lead", "tenor").
    """

    id: str
    start: int
    length: int
    pitch: int
    velocity: int
    offset_us: int = 0
    voice: str = "main"
    articulation: str | None = None

    @property
    def end(self) -> int:
        """First tick after the note."""
        return self.start + self.length


def checked(note: Note) -> Note:
    """Return the note, or raise `InvalidValue` saying which field is out of range."""
    if note.start < 0:
        raise InvalidValue("note.start", note.start, "0 or more ticks")
    if note.length < 1:
        raise InvalidValue("note.length", note.length, "1 or more ticks")
    if not 0 <= note.pitch <= MIDI_MAXIMUM:
        raise InvalidValue("note.pitch", note.pitch, "0 to 127")
    if not 1 <= note.velocity <= MIDI_MAXIMUM:
        raise InvalidValue("note.velocity", note.velocity, "1 to 127")
    if abs(note.offset_us) > 500_000:
        raise InvalidValue("note.offset_us", note.offset_us, "-500000 to 500000 microseconds")
    return note


class Pattern(msgspec.Struct, frozen=True):
    """Notes in playing order over a fixed length in ticks."""

    notes: tuple[Note, ...]
    length: int

    @staticmethod
    def of(notes: Iterable[Note], length: int) -> "Pattern":
        """Make a pattern with its notes sorted by start, pitch and id."""
        return Pattern(tuple(sorted(notes, key=in_playing_order)), length)

    def between(self, start: int, end: int) -> tuple[Note, ...]:
        """Notes that begin in the half-open tick range [start, end)."""
        return tuple(note for note in self.notes if start <= note.start < end)

    def shifted(self, ticks: int) -> "Pattern":
        """The same pattern moved later by `ticks`."""
        return self._mapped(lambda note: msgspec.structs.replace(note, start=note.start + ticks))

    def transposed(self, semitones: int) -> "Pattern":
        """The same pattern moved by `semitones`; a note leaving MIDI's range raises."""
        return self._mapped(
            lambda note: checked(msgspec.structs.replace(note, pitch=note.pitch + semitones))
        )

    def _mapped(self, change: Callable[[Note], Note]) -> "Pattern":
        return Pattern.of((change(note) for note in self.notes), self.length)


def in_playing_order(note: Note) -> tuple[int, int, str]:
    """Sort key: start, then pitch, then id."""
    return (note.start, note.pitch, note.id)
