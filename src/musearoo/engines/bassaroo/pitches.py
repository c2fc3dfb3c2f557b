"""Which pitches the bass plays: roots near an anchor, degrees above them, ways into the next.

Roots depend on the chord and the register alone, never on the bar before, so that a bar
can be played again alone and still connect.
"""

from typing import Final

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.pitch import nearest_pitch
from musearoo.engines.bassaroo.lexicon import Approach
from musearoo.engines.bassaroo.settings import HIGHEST, LOWEST

OCTAVE: Final = 12
_STEPS_ABOVE: Final = {"2": 2, "4": 5, "6": 9}


def in_range(pitch: int) -> int:
    """The same pitch class inside the bass's range."""
    while pitch < LOWEST:
        pitch += OCTAVE
    while pitch > HIGHEST:
        pitch -= OCTAVE
    return pitch


def root_of(chord: Chord, anchor: int) -> int:
    """The bass note of a chord, as close to the anchor as the range allows."""
    return in_range(nearest_pitch(chord.bass_pitch_class, anchor))


def scale_of(chord: Chord, key: Key) -> tuple[int, ...]:
    """Pitch classes to pass through: the key's, bent to hold every chord tone."""
    chord_tones = set(chord.pitch_classes)
    strange = chord_tones - set(key.pitch_classes)
    passing = {
        tone
        for tone in key.pitch_classes
        if not any((tone - other) % OCTAVE in {1, OCTAVE - 1} for other in strange)
    }
    return tuple(sorted(chord_tones | passing))


def degree_pitch(degree: str, chord: Chord, key: Key, anchor: int) -> int:
    """The pitch of a degree of the lexicon above the chord's root."""
    bass = root_of(chord, anchor)
    root = bass - (bass - chord.root) % OCTAVE
    if degree == "8":
        return in_range(bass + OCTAVE)
    if degree in "357":
        return in_range(_above(root + _chord_interval(degree, chord, key), bass))
    if degree in _STEPS_ABOVE:
        wanted = root + _STEPS_ABOVE[degree]
        return in_range(_above(_in_scale(wanted, chord, key), bass))
    return bass


def _above(pitch: int, bass: int) -> int:
    return pitch if pitch >= bass - 5 else pitch + OCTAVE


def _chord_interval(degree: str, chord: Chord, key: Key) -> int:
    intervals = chord.intervals
    if degree == "3":
        return next((i for i in intervals if i in {3, 4}), intervals[1])
    if degree == "5":
        return next((i for i in intervals if i in {6, 7, 8}), 7)
    seventh = next((i for i in intervals if i in {10, 11}), None)
    if seventh is not None:
        return seventh
    return 10 if (chord.root + 10) % OCTAVE in key.pitch_classes and chord.is_minor else 9


def _in_scale(pitch: int, chord: Chord, key: Key) -> int:
    scale = scale_of(chord, key)
    return next((pitch + shift for shift in (0, -1, 1) if (pitch + shift) % OCTAVE in scale), pitch)


def approach_pitch(
    target: int, before: int, how: Approach, scale: tuple[int, ...], chance: Chance
) -> int:
    """A step from the next root, on the side the line comes from; now and then its fifth."""
    if chance.permille(150):
        fifth = target + 7 if before >= target else target - 5
        return in_range(fifth)
    side = -1 if before < target else 1
    if before == target:
        side = -1 if chance.permille(600) else 1
    if how == "chromatic":
        return in_range(target + side)
    return in_range(scale_step(target, side, scale))


def scale_step(pitch: int, side: int, scale: tuple[int, ...]) -> int:
    """The next pitch of the scale above (`side` 1) or below (-1)."""
    step = pitch + side
    while step % OCTAVE not in scale:
        step += side
    return step
