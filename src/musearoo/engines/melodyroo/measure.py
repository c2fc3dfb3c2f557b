"""One bar of rhythm as signs on the grid: a motif's cells, a cadence, a pickup."""

from collections.abc import Sequence
from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import Grid, grid_of
from musearoo.engines.feel import step_accents, step_onsets
from musearoo.engines.melodyroo.cells import Tilt, rhythm_of_bar
from musearoo.engines.melodyroo.controls import NAME, Controls
from musearoo.engines.melodyroo.form import BarPlan
from musearoo.engines.melodyroo.statistics import repertoire

_BAND: Final = ("drums", "bass", "harmony", "melody")
_PICKUPS: Final = {4: ("--x-", "--xx", "x-x-", "---x"), 6: ("----x-", "--x-x-", "x-x-x-")}
_MODERATE_STEP_US: Final = 130_000
_DENSITY_AT_HALF: Final = 560
# How much busier (density, quickness) than the songs counted a style is.
_BUSIER: Final = {
    "jazz": (170, -60), "latin": (40, 0), "afrocuban": (60, 30), "funk": (0, 60),
    "hip hop": (60, 80), "soul": (0, 40), "ballad": (-60, -100), "folk": (40, 0),
    "country": (60, 0), "new orleans": (80, 0), "metal": (30, 60), "punk": (20, -100),
}  # fmt: skip


class Measure(msgspec.Struct, frozen=True):
    """Signs of a bar: x begins a note, - holds (a first one from the bar before), . rests.

    `goal` is the step on which a closing bar comes to rest.
    """

    text: str
    goal: int | None = None

    @property
    def held_from_before(self) -> int:
        """How many steps the bar before reaches into this one."""
        return len(self.text) - len(self.text.lstrip("-"))

    def unheld(self) -> "Measure":
        """The same bar with nothing held into it."""
        text = self.text.lstrip("-").rjust(len(self.text), ".")
        return Measure(text, self.goal)


def measure_of(
    context: EngineContext,
    controls: Controls,
    plan: BarPlan,
    seed: int,
    bar: int,
    *,
    anew: int | None = None,
) -> Measure:
    """The rhythm of a bar: its motif's cells, changed, closed or cut short as planned.

    With `anew` the motif stays that of `seed`, and that other seed changes it.
    """
    grid = grid_of(context.meter)
    sizes = beat_sizes(grid)
    tilt, wishes = _tilt(context, controls, bar), _wishes(context, controls, grid, bar)
    songs = repertoire(controls.style)
    own = rhythm_of_bar(sizes, songs, tilt, wishes, Chance(seed, NAME, "rhythm", plan.motif))
    chance = Chance(seed if anew is None else anew, NAME, "bar", bar)
    if plan.treatment == "vary" or anew is not None:
        other = rhythm_of_bar(sizes, songs, tilt, wishes, chance)
        cut = sum(sizes[: chance.below(len(sizes))])
        own = own[:cut] + other[cut:] if chance.permille(500) else other[:cut] + own[cut:]
    if plan.close:
        return _cadence(own, sizes, controls, chance, last=bar == context.bars - 1)
    if plan.leaves_room and chance.permille(controls.call_response):
        own = _with_room(own, sizes, controls)
    return Measure(own if "x" in own else "x" + own[1:])


def beat_sizes(grid: Grid) -> tuple[int, ...]:
    """Steps of each metrical beat."""
    return tuple(grid.beat_of.count(beat) for beat in range(grid.beat_of[-1] + 1))


def _with_room(text: str, sizes: Sequence[int], controls: Controls) -> str:
    """Silence for an answer: the last beat, or up to half the bar."""
    beats = min(len(sizes) - 1, 1 + len(sizes) * controls.call_response // 2500)
    room = sum(sizes[len(sizes) - beats :]) if beats else 0
    return text[: len(text) - room] + "." * room


def _tilt(context: EngineContext, controls: Controls, bar: int) -> Tilt:
    grid = grid_of(context.meter)
    step_us = grid.step_ticks * 62_500_000 // context.tempo_millibpm
    slow = max(-350, min(250, (step_us - _MODERATE_STEP_US) // 250))
    energy = (context.energy_of(bar) - 500) // 250 * 40
    busier, quicker = _BUSIER.get(controls.style, (0, 0))
    density = _DENSITY_AT_HALF - 500 + controls.density + energy + busier
    quickness = 350 + slow + quicker + (controls.complexity - 500) // 2
    return Tilt(
        density=max(0, min(1000, density)),
        complexity=controls.complexity,
        quickness=max(0, min(1000, quickness)),
        rests=controls.rests,
    )


def _wishes(context: EngineContext, controls: Controls, grid: Grid, bar: int) -> tuple[int, ...]:
    """Begin with the heard accents; keep out of the way of a voice outside the band."""
    accents = step_accents(context, bar)
    wishes = [0] * grid.steps
    if accents:
        wishes = [controls.follow * (accent - 350) // 200 for accent in accents]
    for name, notes in context.parts.items():
        if name not in _BAND:
            for step, velocity in enumerate(step_onsets(notes, context.meter, bar)):
                wishes[step] -= controls.follow if velocity else 0
    return tuple(wishes)


def _cadence(
    text: str, sizes: Sequence[int], controls: Controls, chance: Chance, *, last: bool
) -> Measure:
    """The motif up to the goal, a held goal, breath, and perhaps a pickup to what follows."""
    beats = len(sizes)
    goals = sorted(beat for beat in {0, beats // 2} if beat < max(1, beats - 1)) or [0]
    goal = sum(sizes[: goals[chance.below(len(goals))]])
    left = len(text) - goal
    held = max(1, left - left * (150 + controls.rests * 500 // 1000) // 1000)
    pickups = _PICKUPS.get(sizes[-1], ())
    if pickups and not last and beats > 1 and chance.permille(250 + controls.complexity // 4):
        pickup = pickups[chance.below(len(pickups))].lstrip("-")
        held = min(held, left - len(pickup) - 1)
        closing = "x".ljust(held, "-").ljust(left - len(pickup), ".") + pickup
        return Measure(text[:goal] + closing, goal)
    return Measure(text[:goal] + "x".ljust(held, "-").ljust(left, "."), goal)
