"""From strokes to notes: how long, how hard, how exactly in time."""

from collections.abc import Sequence
from typing import Final

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import Grid, grid_of
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.engines.feel import step_accents, swung, unevenness
from musearoo.engines.harmonyroo.controls import NAME, Controls
from musearoo.engines.harmonyroo.passing import Stroke
from musearoo.engines.listening import level_of

_STRUM_US: Final = 9_000
_LOOSEST_US: Final = 18_000
_UNEVEN: Final = 12
_SHORTEST: Final = 60


class Touch:
    """The hands during one bar; every voice has its own chance."""

    def __init__(self, context: EngineContext, controls: Controls, seed: int, bar: int) -> None:
        self._context, self._controls, self._bar = context, controls, bar
        self._grid: Grid = grid_of(context.meter)
        self._accents = step_accents(context, bar)
        self._dice = [Chance(seed, NAME, "touch", bar, voice) for voice in controls.names]
        level = level_of(controls.intensity, context.energy_of(bar))
        self._level = 38 + level * 66 // 1000

    def notes(self, strokes: Sequence[Stroke]) -> tuple[Note, ...]:
        """The notes of the strokes, in voices."""
        return tuple(note for stroke in strokes for note in self._struck(stroke))

    def _struck(self, stroke: Stroke) -> list[Note]:
        controls, meter = self._controls, self._context.meter
        start = swung(stroke.start, meter, controls.swing, controls.style)
        end = swung(stroke.end, meter, controls.swing, controls.style)
        held = end - start
        if stroke.sign == "o":
            held = min(held, self._grid.step_ticks) * controls.sheet.short // 1000
        up = self._is_upstroke(stroke)
        velocity = self._velocity(stroke)
        return [
            self._note(start, max(_SHORTEST, held - 10), pitch, voice, velocity, up=up)
            for voice, pitch in stroke.tones
        ]

    def _note(
        self, start: int, length: int, pitch: int, voice: int, velocity: int, *, up: bool
    ) -> Note:
        touch, time = unevenness(self._dice[voice])
        humanise = self._controls.humanise
        velocity = self._voiced(velocity, voice, up=up) + touch * _UNEVEN * humanise // 1_000_000
        return Note(
            id="",
            start=start,
            length=length,
            pitch=pitch,
            velocity=max(1, min(127, velocity)),
            offset_us=self._rolled(voice, up=up) + time * _LOOSEST_US * humanise // 1_000_000,
            voice=self._controls.names[voice],
        )

    def _is_upstroke(self, stroke: Stroke) -> bool:
        strummed = self._controls.texture == "strum"
        return strummed and stroke.start % TICKS_PER_QUARTER != 0

    def _velocity(self, stroke: Stroke) -> int:
        step = (stroke.start - self._bar * self._context.meter.bar_ticks) // self._grid.step_ticks
        step %= self._grid.steps
        shape = 6 * (self._grid.weights[step] + 2) + (12 if stroke.sign == "X" else 0)
        shape += (self._accents[step] - 400) // 30 if self._accents else 0
        return self._level + shape * self._controls.groove // 1000

    def _voiced(self, velocity: int, voice: int, *, up: bool) -> int:
        """The top voice sings; an upstroke is lighter and fades towards the low strings."""
        top = len(self._controls.names) - 1
        velocity += 5 if voice == top else 0
        if up:
            velocity -= 8 + 4 * (top - voice)
        return velocity

    def _rolled(self, voice: int, *, up: bool) -> int:
        """How long after the first string of a strum this one sounds."""
        if self._controls.texture != "strum":
            return 0
        top = len(self._controls.names) - 1
        return (top - voice if up else voice) * _STRUM_US
