"""The scale as a ladder of steps, bent where the chord asks for another note."""

from functools import lru_cache
from typing import Final

from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import SCALES, Key

STEPS: Final = 7
_PARENTS: Final = {"major pentatonic": "major", "minor pentatonic": "minor", "blues": "minor"}
_FLATTENED: Final = (3, 6, 8, 10)  # intervals that bend the note above them down
_NEVER: Final = 240
_RATHER_NOT: Final = 24
_PENTATONIC_STYLES: Final = ("rock", "blues", "soul", "country", "folk", "funk", "metal", "hip hop")


class Ladder:
    """Pitches by step: step 0 is the tonic in MIDI octave -1. Chord tones and avoided notes."""

    __slots__ = ("_nearest", "chord_relation", "offsets", "tonic")

    def __init__(self, key: Key, chord: Chord) -> None:
        self.tonic = key.tonic
        self.offsets = _bent(key, chord)
        self._nearest: dict[int, int] = {}
        tones = chord.pitch_classes
        self.chord_relation = tuple(
            min(tones.index((key.tonic + offset) % 12), 3)
            if (key.tonic + offset) % 12 in tones
            else 4
            for offset in self.offsets
        )

    def pitch(self, step: int) -> int:
        octave, degree = divmod(step, STEPS)
        return self.tonic + 12 * octave + self.offsets[degree]

    def relation(self, step: int) -> int:
        """0 root, 1 third, 2 fifth, 3 seventh and further, 4 no chord tone."""
        return self.chord_relation[step % STEPS]

    def nearest(self, pitch: int) -> int:
        """The step closest to a pitch."""
        known = self._nearest.get(pitch)
        if known is None:
            octave = (pitch - self.tonic) // 12
            around = range(octave * STEPS - 1, octave * STEPS + STEPS + 1)
            known = min(around, key=lambda step: (abs(self.pitch(step) - pitch), step))
            self._nearest[pitch] = known
        return known

    def rubs(self, step: int) -> bool:
        """Whether the note lies a semitone above a chord tone (an avoid note)."""
        if self.relation(step) < 4:
            return False
        return self.relation(step - 1) < 4 and self.pitch(step) - self.pitch(step - 1) == 1


@lru_cache(maxsize=1024)
def ladder_of(key: Key, chord: Chord) -> Ladder:
    """The ladder of a key under a chord."""
    return Ladder(key, chord)


def scale_of(key: Key) -> tuple[int, ...]:
    """Seven steps: pentatonic and blues scales rest on their parent scale."""
    return SCALES[_PARENTS.get(key.mode, key.mode)]


def left_out(key: Key, style: str) -> dict[int, int]:
    """Degrees that a pentatonic key or style would rather not sing, with their price."""
    if key.mode in _PARENTS:
        price = _NEVER
    elif style in _PENTATONIC_STYLES:
        price = _RATHER_NOT
    else:
        return {}
    return dict.fromkeys((1, 5) if key.is_minor else (3, 6), price)


def _bent(key: Key, chord: Chord) -> tuple[int, ...]:
    """The scale with a neighbour moved onto each chord tone that the scale lacks."""
    scale = list(scale_of(key))
    tones = {(tone - key.tonic) % 12: interval for tone, interval in zip(
        chord.pitch_classes, chord.intervals, strict=True)}  # fmt: skip
    for tone, interval in tones.items():
        if tone in scale:
            continue
        flat = interval % 12 in _FLATTENED or (interval % 12 == 0 and tone in (1, 3, 8, 10))
        order = (tone + 1, tone - 1) if flat else (tone - 1, tone + 1)
        for neighbour in order:
            if neighbour in scale and (neighbour not in tones) and neighbour:
                scale[scale.index(neighbour)] = tone
                break
    return tuple(scale)
