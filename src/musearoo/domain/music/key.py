"""Keys, modes and scales."""

from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.pitch import parse_pitch_class, spell

SCALES: Final[dict[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
# Semitones from a mode's tonic to that of the major key with the same signature.
_RELATIVE_MAJOR: Final = {
    "major": 0,
    "minor": 3,
    "dorian": 10,
    "phrygian": 8,
    "lydian": 7,
    "mixolydian": 5,
    "locrian": 1,
    "harmonic minor": 3,
    "melodic minor": 3,
    "major pentatonic": 0,
    "minor pentatonic": 3,
    "blues": 3,
}
_FIFTHS: Final = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_MODE_WORDS: Final = {
    "": "major", "maj": "major", "ionian": "major",
    "min": "minor", "m": "minor", "aeolian": "minor",
}  # fmt: skip


class Key(msgspec.Struct, frozen=True):
    """A tonic (0-11) and a mode of `SCALES`."""

    tonic: int
    mode: str = "major"

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise InvalidValue("key.tonic", self.tonic, "0 to 11")
        if self.mode not in SCALES:
            raise InvalidValue("key.mode", self.mode, "one of " + ", ".join(SCALES))

    @staticmethod
    def parse(text: str) -> "Key":
        """Read "A minor", "Bb major", "F# dorian", "Am", "c"."""
        name, *words = text.split() or [""]
        if not name:
            raise InvalidValue("key", text, 'a key such as "A minor" or "Bb major"')
        mode = " ".join(words).lower()
        if not mode and len(name) > 1 and name[-1] == "m":
            name, mode = name[:-1], "minor"
        return Key(parse_pitch_class(name), _MODE_WORDS.get(mode, mode))

    @property
    def name(self) -> str:
        """The key as the API writes it: "A minor", "Bb major"."""
        return f"{spell(self.tonic, flats=self.prefers_flats)} {self.mode}"

    @property
    def fifths(self) -> int:
        """Position of its key signature on the circle of fifths, -5 to 6."""
        return _FIFTHS[(self.tonic + _RELATIVE_MAJOR[self.mode]) % 12]

    @property
    def prefers_flats(self) -> bool:
        """Whether notes in this key are spelled with flats."""
        return self.fifths < 0

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes of the scale from the tonic up."""
        return tuple((self.tonic + step) % 12 for step in SCALES[self.mode])

    @property
    def is_minor(self) -> bool:
        """Whether the third above the tonic is minor."""
        return 3 in SCALES[self.mode]

    def contains(self, pitch: int) -> bool:
        """Whether a MIDI pitch belongs to the scale."""
        return pitch % 12 in self.pitch_classes
