"""Pitch classes and their spelling."""

from typing import Final

from musearoo.domain.errors import InvalidValue

LETTERS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


def parse_pitch_class(text: str) -> int:
    """Read "C", "F#", "Bb", "Ebb" as a pitch class 0-11 (C = 0)."""
    letter = text[:1].upper()
    accidentals = text[1:].replace("♯", "#").replace("♭", "b")
    if letter not in LETTERS or accidentals.strip("#b"):
        raise InvalidValue("pitch", text, "a letter A to G with # or b, such as F# or Bb")
    return (LETTERS[letter] + accidentals.count("#") - accidentals.count("b")) % 12


def spell(pitch_class: int, *, flats: bool) -> str:
    """Name a pitch class with sharps or with flats."""
    return (FLAT_NAMES if flats else SHARP_NAMES)[pitch_class % 12]


def nearest_pitch(pitch_class: int, anchor: int) -> int:
    """The MIDI pitch of that class closest to `anchor` (ties go down)."""
    above = anchor + (pitch_class - anchor) % 12
    return above - 12 if above - anchor >= 6 else above
