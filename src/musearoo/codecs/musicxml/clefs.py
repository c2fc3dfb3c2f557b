"""The clef that needs the fewest ledger lines."""

from collections.abc import Iterable
from typing import Final

import msgspec

_BASSES: Final = range(32, 40)
_GUITARS: Final = range(24, 32)
_OTTAVA_COST: Final = 0.35  # ledger lines a note that a plain clef may cost more


class Clef(msgspec.Struct, frozen=True):
    """Sign, staff line and octave shift; `middle` is the MIDI pitch of the middle line."""

    sign: str
    line: int
    octaves: int
    middle: float


TREBLE: Final = Clef("G", 2, 0, 71)
BASS: Final = Clef("F", 4, 0, 50)
PERCUSSION: Final = Clef("percussion", 2, 0, 71)
_TREBLE_8VB: Final = Clef("G", 2, -1, 59)
_TREBLE_8VA: Final = Clef("G", 2, 1, 83)
_BASS_8VB: Final = Clef("F", 4, -1, 38)
_HALF_STAFF: Final = 7  # semitones from the middle line to just outside the staff
_PER_LEDGER: Final = 3.5


def clef_for(pitches: Iterable[int], program: int) -> Clef:
    """The best clef for a staff; guitars and basses read an octave up, as players do."""
    pitches = list(pitches)
    candidates = [TREBLE, BASS, _TREBLE_8VA]
    if program in _BASSES:
        candidates = [_BASS_8VB, BASS, TREBLE]
    elif program in _GUITARS:
        candidates = [_TREBLE_8VB, TREBLE]
    if not pitches:
        return candidates[0]
    favourite = candidates[0]

    def cost(clef: Clef) -> float:
        lines = sum(
            max(0.0, abs(pitch - clef.middle) - _HALF_STAFF) / _PER_LEDGER for pitch in pitches
        )
        penalty = 0.0 if clef is favourite else 0.1
        return lines / len(pitches) + penalty + (_OTTAVA_COST if clef.octaves > 0 else 0)

    return min(candidates, key=cost)
