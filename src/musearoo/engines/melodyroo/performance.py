"""From steps to notes: length, touch and time."""

from collections.abc import Sequence
from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines.feel import step_accents, swung, unevenness
from musearoo.engines.listening import level_of
from musearoo.engines.melodyroo.controls import NAME, VOICE, Controls

_DETACHED: Final = {"funk": 700, "afrobeat": 800, "reggae": 850, "dance": 800, "punk": 850}
_LATE_US: Final = {"jazz": 9_000, "soul": 8_000, "hip hop": 9_000, "blues": 7_000}
_LOOSEST_US: Final = 15_000
_UNEVEN: Final = 12


class Tone(msgspec.Struct, frozen=True):
    """A pitch on the grid: first step and steps held."""

    step: int
    length: int
    pitch: int


def notes_of(
    tones: Sequence[Tone], context: EngineContext, controls: Controls, seed: int, bar: int
) -> tuple[Note, ...]:
    """The notes of a bar as they are played."""
    grid, meter = grid_of(context.meter), context.meter
    origin, place = bar * meter.bar_ticks, controls.swing
    chance = Chance(seed, NAME, "touch", bar, VOICE)
    share = _DETACHED.get(controls.style, 950)
    pitches = _coloured(tones, context, controls, seed, bar)
    notes = []
    for tone, pitch in zip(tones, pitches, strict=True):
        start = swung(origin + tone.step * grid.step_ticks, meter, place, controls.style)
        end = swung(
            origin + (tone.step + tone.length) * grid.step_ticks, meter, place, controls.style
        )
        touch, time = unevenness(chance)
        late = (_LATE_US.get(controls.style, 0) if tone.step else 0) + time * _LOOSEST_US // 1000
        notes.append(
            Note(
                id="",
                start=start,
                length=max(30, (end - start) * share // 1000),
                pitch=pitch,
                velocity=_velocity(tone, context, controls, bar, touch),
                offset_us=late * controls.humanise // 1000,
                voice=VOICE,
            )
        )
    return tuple(notes)


def _velocity(tone: Tone, context: EngineContext, controls: Controls, bar: int, touch: int) -> int:
    grid, accents = grid_of(context.meter), step_accents(context, bar)
    shape = 5 * (grid.weights[tone.step] + 2) + min(12, 3 * tone.length)
    shape += (tone.pitch - (controls.lowest + controls.highest) // 2) * 3 // 2
    shape += (accents[tone.step] - 400) // 40 if accents else 0
    velocity = 50 + level_of(controls.intensity, context.energy_of(bar)) * 60 // 1000
    velocity += shape * controls.groove // 1000 + touch * _UNEVEN * controls.humanise // 1_000_000
    return max(1, min(127, velocity))


def _coloured(
    tones: Sequence[Tone], context: EngineContext, controls: Controls, seed: int, bar: int
) -> list[int]:
    """Chromatic approaches: a weak note becomes the semitone below the note it leads to."""
    chance = Chance(seed, NAME, "outside", bar)
    pitches = [tone.pitch for tone in tones]
    grid = grid_of(context.meter)
    for index, tone in enumerate(tones[:-1]):
        drawn, goal = chance.below(1000), tones[index + 1].pitch
        weak = grid.weights[tone.step] < 0 and tone.length <= grid.steps // 4
        if weak and drawn < controls.outside:
            pitches[index] = goal - 1 if tone.pitch <= goal else goal + 1
    return pitches
