"""The steps between notes and written symbols; ticks of 1/960 quarter throughout."""

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """The stretch of a bar that one rhythmic grid rules: a beat, or a compound beat."""

    start: int
    length: int


class Event(msgspec.Struct):
    """One or more pitches that begin and end together, in ticks from bar 0."""

    start: int
    end: int
    pitches: tuple[int, ...]

    @property
    def height(self) -> float:
        """Mean pitch."""
        return sum(self.pitches) / len(self.pitches)


class Leaf(msgspec.Struct):
    """One written note, chord or rest: `start` and `length` inside its bar.

    `tied_from` and `tied_to` say whether it continues the leaf before it and
    goes on in the next one. `beams` holds one MusicXML word for each level.
    """

    start: int
    length: int
    pitches: tuple[int, ...] = ()
    triplet: bool = False
    tied_from: bool = False
    tied_to: bool = False
    hidden: bool = False
    beams: tuple[str, ...] = ()
    tuplet: str = ""
