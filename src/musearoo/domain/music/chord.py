"""Chords and their symbols, in Harte's notation and as lead sheets write them.

Harte, Sandler, Abdallah, Gómez: "Symbolic representation of musical chords",
ISMIR 2005.
"""

import re
from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.pitch import parse_pitch_class, spell

QUALITIES: Final[dict[str, tuple[int, ...]]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "5": (0, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "minmaj7": (0, 3, 7, 11),
    "dim7": (0, 3, 6, 9),
    "hdim7": (0, 3, 6, 10),
    "maj6": (0, 4, 7, 9),
    "min6": (0, 3, 7, 9),
    "9": (0, 4, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "min9": (0, 3, 7, 10, 14),
    "sus4(b7)": (0, 5, 7, 10),
}
_LEAD_SHEET: Final = {
    "": "maj", "M": "maj", "m": "min", "-": "min", "mi": "min", "o": "dim", "°": "dim",
    "+": "aug", "sus": "sus4", "dom7": "7", "M7": "maj7", "Δ": "maj7", "Δ7": "maj7",
    "m7": "min7", "-7": "min7", "mi7": "min7", "mM7": "minmaj7", "mmaj7": "minmaj7",
    "o7": "dim7", "°7": "dim7", "ø": "hdim7", "ø7": "hdim7", "m7b5": "hdim7", "min7b5": "hdim7",
    "6": "maj6", "m6": "min6", "M9": "maj9", "m9": "min9", "-9": "min9",
    "7sus4": "sus4(b7)", "7sus": "sus4(b7)", "9sus4": "sus4(b7)",
}  # fmt: skip
_DEGREES: Final = {
    "1": 0, "2": 2, "3": 4, "4": 5, "5": 7, "6": 9, "7": 11, "9": 2, "11": 5, "13": 9,
}  # fmt: skip
_SYMBOL: Final = re.compile(r"([A-Ga-g][#b♯♭]*):?([^/]*)(?:/(.+))?")
_MAXIMUM_SYMBOL: Final = 32


class Chord(msgspec.Struct, frozen=True):
    """A root (0-11), a quality of `QUALITIES`, and the bass pitch class if it is not the root."""

    root: int
    quality: str = "maj"
    bass: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.root <= 11:
            raise InvalidValue("chord.root", self.root, "0 to 11")
        if self.quality not in QUALITIES:
            raise InvalidValue("chord.quality", self.quality, "one of " + ", ".join(QUALITIES))
        if self.bass is not None and not 0 <= self.bass <= 11:
            raise InvalidValue("chord.bass", self.bass, "0 to 11")
        if self.bass == self.root:
            msgspec.structs.force_setattr(self, "bass", None)

    @staticmethod
    def parse(text: str) -> "Chord":
        """Read "A:min7/b3", "A:min7/C", "Am7/C", "F#", "Bb7".

        The bass after the slash may be a note name or a Harte degree.
        """
        match = _SYMBOL.fullmatch(text.strip()) if len(text) <= _MAXIMUM_SYMBOL else None
        if match is None:
            raise InvalidValue(
                "chord", text[:_MAXIMUM_SYMBOL], 'a symbol such as "A:min7" or "Am7/C"'
            )
        name, quality, bass = match.groups()
        root = parse_pitch_class(name)
        quality = quality.strip()
        quality = _LEAD_SHEET.get(quality, quality)
        if quality not in QUALITIES:
            raise InvalidValue("chord", text, "a quality among " + ", ".join(QUALITIES))
        return Chord(root, quality, _parse_bass(bass, root))

    def symbol(self, *, flats: bool = False) -> str:
        """The Harte symbol with a note name as bass, such as "A:min7/C"."""
        bass = "" if self.bass is None else f"/{spell(self.bass, flats=flats)}"
        return f"{spell(self.root, flats=flats)}:{self.quality}{bass}"

    @property
    def intervals(self) -> tuple[int, ...]:
        """Semitones above the root, ascending."""
        return QUALITIES[self.quality]

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes from the root up, without the added bass."""
        return tuple((self.root + interval) % 12 for interval in self.intervals)

    @property
    def bass_pitch_class(self) -> int:
        """The pitch class the bass plays."""
        return self.root if self.bass is None else self.bass

    @property
    def is_minor(self) -> bool:
        """Whether the third is minor."""
        return 3 in self.intervals


class ChordSpan(msgspec.Struct, frozen=True):
    """A chord that sounds from `start` for `length` ticks."""

    start: int
    length: int
    chord: Chord

    @property
    def end(self) -> int:
        """First tick after the span."""
        return self.start + self.length


def _parse_bass(text: str | None, root: int) -> int | None:
    if not text:
        return None
    degree = text.lstrip("b#")
    if degree in _DEGREES:
        accidentals = text[: len(text) - len(degree)]
        shift = accidentals.count("#") - accidentals.count("b")
        return (root + _DEGREES[degree] + shift) % 12
    return parse_pitch_class(text)
