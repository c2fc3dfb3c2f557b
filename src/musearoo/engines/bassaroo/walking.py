"""Walking bass: a note a beat that sets out from each root and leads into the next.

After the descriptions of Dias & Guedes, "A contour-based jazz walking bass generator"
(SMC 2013) and Riley & Dixon, "FiloBass" (2023): chord tones on strong beats, linked by
arpeggio, scale or chromatic motion.
"""

from collections.abc import Sequence
from typing import Final

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord
from musearoo.engines.bassaroo.lexicon import Approach
from musearoo.engines.bassaroo.pitches import approach_pitch, in_range, scale_step
from musearoo.engines.bassaroo.settings import HIGHEST, LOWEST, Settings

_WIDEST: Final = 9


def walk(
    settings: Settings,
    chord: Chord,
    scale: tuple[int, ...],
    start: int,
    target: int,
    beats: int,
    chance: Chance,
) -> list[int]:
    """Pitches for the beats of one chord, from `start` to the threshold of `target`."""
    line = [start]
    direction = _direction(start, target, settings.anchor, chance)
    for left in range(beats - 1, 0, -1):
        before = line[-1]
        if left == 1 and settings.approach is not None:
            line.append(_lead(target, before, settings.approach, scale, chance))
            continue
        steps = [scale_step(before, direction, scale), _chord_tone(before, direction, chord)]
        weights = (3 + settings.complexity // 250, 4)
        pitch = steps[chance.weighted(weights)]
        if abs(pitch - settings.anchor) > _WIDEST + 3 or not LOWEST <= pitch <= HIGHEST:
            direction = -direction
            pitch = _chord_tone(before, direction, chord)
        line.append(in_range(pitch))
    return line


def _lead(target: int, before: int, how: Approach, scale: tuple[int, ...], chance: Chance) -> int:
    """A way into the target that does not stand still: else from its other side."""
    pitch = approach_pitch(target, before, how, scale, chance)
    if pitch != before:
        return pitch
    side = 1 if pitch < target else -1
    return in_range(target + side if how == "chromatic" else scale_step(target, side, scale))


def _direction(start: int, target: int, anchor: int, chance: Chance) -> int:
    """Towards the next root; away first where it is the same; back where the range ends."""
    if start > anchor + _WIDEST:
        return -1
    if start < anchor - _WIDEST or start <= LOWEST + 2:
        return 1
    if target == start:
        return 1 if chance.permille(600) else -1
    towards = 1 if target > start else -1
    return towards if chance.permille(700) else -towards


def _chord_tone(before: int, direction: int, chord: Chord) -> int:
    tones: Sequence[int] = chord.pitch_classes
    return scale_step(before, direction, tuple(tones))
