"""Pitches as a reader of the key expects them: letter, alteration and octave.

Names are places on the line of fifths (Temperley, "The Cognition of Basic
Musical Structures", 2001, ch. 5): a chord tone keeps the letter that its
interval above the root asks for, everything else takes the name nearest to
the key.
"""

from functools import cache
from typing import Final

from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key

_LETTERS_BY_FIFTH: Final = "FCGDAEB"
_NATURAL: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FLATWARD: Final = 3  # names reach from three fifths below the key's major tonic to eight above
_FLATWARD_ROOTS: Final = 2  # and those of chord roots two fifths further down
_FLATTEST: Final = -8  # Fb
_SHARPEST: Final = 12  # B#
# Semitones above the root to fifths: 9ths, sevenths and thirds keep their letters.
_INTERVAL_FIFTHS: Final = {
    0: 0,
    2: 2,
    3: -3,
    4: 4,
    5: -1,
    6: -6,
    7: 1,
    8: 8,
    9: 3,
    10: -2,
    11: 5,
    14: 2,
}
_DIMINISHED_SEVENTH: Final = -9
Name = tuple[str, int]


@cache
def name(pitch_class: int, key: Key, chord: Chord | None = None) -> Name:
    """Letter and alteration (-2 to 2) of a pitch class where `chord` sounds in `key`."""
    fifth = _nearest(pitch_class, key.fifths)
    if chord is not None:
        root = _root(chord, key)
        for interval in chord.intervals:
            if (chord.root + interval) % 12 == pitch_class:
                fifth = _checked(root + _fifths_of(interval, chord), fifth)
    return _LETTERS_BY_FIFTH[(fifth + 1) % 7], (fifth + 1) // 7


@cache
def root_name(chord: Chord, key: Key) -> Name:
    """Letter and alteration of a chord's root: bVI is Ab in C, but #vo is G#."""
    fifth = _root(chord, key)
    return _LETTERS_BY_FIFTH[(fifth + 1) % 7], (fifth + 1) // 7


def _root(chord: Chord, key: Key) -> int:
    leading = "dim" in chord.quality
    fifth = _nearest(chord.root, key.fifths - (0 if leading else _FLATWARD_ROOTS))
    return fifth + 12 if fifth < _FLATTEST else fifth - 12 if fifth > _SHARPEST else fifth


def spelled(pitch: int, key: Key, chord: Chord | None = None) -> tuple[str, int, int]:
    """Letter, alteration and octave (middle C is C4) of a MIDI pitch."""
    letter, alter = name(pitch % 12, key, chord)
    return letter, alter, (pitch - alter - _NATURAL[letter]) // 12 - 1


def diatonic_step(letter: str, octave: int) -> int:
    """Staff position as a number that grows by one a line or space (C0 is 0)."""
    return octave * 7 + "CDEFGAB".index(letter)


@cache
def signature(fifths: int) -> dict[str, int]:
    """Alteration of each letter under a key signature."""
    altered = dict.fromkeys(_LETTERS_BY_FIFTH, 0)
    for letter in _LETTERS_BY_FIFTH[: max(fifths, 0)]:
        altered[letter] = 1
    for letter in _LETTERS_BY_FIFTH[::-1][: max(-fifths, 0)]:
        altered[letter] = -1
    return altered


def _nearest(pitch_class: int, key_fifths: int) -> int:
    """The place of a pitch class on the line of fifths (C is 0) inside the key's window."""
    lowest = key_fifths - _FLATWARD
    return lowest + (pitch_class * 7 - lowest) % 12


def _fifths_of(interval: int, chord: Chord) -> int:
    if interval == 9 and chord.quality == "dim7":
        return _DIMINISHED_SEVENTH
    return _INTERVAL_FIFTHS[interval]


def _checked(fifth: int, otherwise: int) -> int:
    """Double alterations are spelled by key instead: Cb reads worse as a third than B."""
    return fifth if _FLATTEST <= fifth <= _SHARPEST else otherwise
