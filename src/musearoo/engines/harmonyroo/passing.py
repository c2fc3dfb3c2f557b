"""Passing notes: a voice on its way to a third above or below fills the gap."""

from collections.abc import Sequence
from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.key import Key
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.engines.harmonyroo.controls import NAME, Controls
from musearoo.engines.harmonyroo.voicing import Laid

_LONG: Final = 2 * TICKS_PER_QUARTER
_GAPS: Final = (3, 4)


class Stroke(msgspec.Struct, frozen=True):
    """Voices struck together: `tones` are (voice from the lowest, pitch)."""

    start: int
    end: int
    sign: str
    tones: tuple[tuple[int, int], ...]


def with_passing_notes(
    strokes: Sequence[Stroke],
    known: Sequence[Laid],
    context: EngineContext,
    controls: Controls,
    seed: int,
) -> list[Stroke]:
    """Long strokes with some voices walking to the chord that follows; none when strict."""
    if controls.strict:
        return list(strokes)
    found: list[Stroke] = []
    for stroke in strokes:
        following = next((each for each in known if each.span.start == stroke.end), None)
        if following is None or stroke.end - stroke.start < _LONG or stroke.sign not in "Xx":
            found.append(stroke)
        else:
            found += _walking(stroke, following, context.key, controls, seed)
    return found


def _walking(
    stroke: Stroke, following: Laid, key: Key, controls: Controls, seed: int
) -> list[Stroke]:
    middle = stroke.end - (TICKS_PER_QUARTER if stroke.end - stroke.start > _LONG else _LONG // 2)
    still: list[tuple[int, int]] = []
    moving: list[Stroke] = []
    for voice, pitch in stroke.tones:
        between = _between(pitch, following.voicing[voice], key)
        chance = Chance(seed, NAME, "passing", stroke.start, controls.names[voice])
        if between is None or not chance.permille(controls.complexity * 2 // 3):
            still.append((voice, pitch))
        else:
            moving.append(Stroke(stroke.start, middle, stroke.sign, ((voice, pitch),)))
            moving.append(Stroke(middle, stroke.end, "x", ((voice, between),)))
    return [*([msgspec.structs.replace(stroke, tones=tuple(still))] if still else []), *moving]


def _between(pitch: int, goal: int, key: Key) -> int | None:
    """A note of the key between two that are a third apart."""
    if abs(goal - pitch) not in _GAPS:
        return None
    low = min(pitch, goal)
    inside = [tone for tone in range(low + 1, max(pitch, goal)) if key.contains(tone)]
    return inside[len(inside) // 2] if inside else None
