"""When the hands play: the style's comping patterns on the grid of any meter."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines.feel import onsets_by_bar, step_accents
from musearoo.engines.harmonyroo.controls import NAME, Controls

_STRUCK: Final = "Xxobc"
_IN_PATTERN: Final = 700
_WEIGHTS: Final = {"bass": 1, "drums": 1, "melody": -3}


class Hit(msgspec.Struct, frozen=True):
    """One stroke: its step in the bar, its length in steps, and its sign (X x o b c)."""

    step: int
    length: int
    sign: str


Pulls = tuple[tuple[int, ...], ...]  # by bar and step


def hits_of(
    context: EngineContext, controls: Controls, pulls: Pulls, seed: int, bar: int
) -> tuple[Hit, ...]:
    """The strokes of a bar: the style's pattern, thinned or filled as density asks."""
    grid = grid_of(context.meter)
    pattern = _pattern(context, controls, seed, bar)
    struck = {hit.step: hit for hit in _strokes(pattern)}
    needs = _needs(context, controls, pattern, pulls[bar], seed, bar)
    wanted = _wanted(len(struck), grid.steps, controls)
    ranked = sorted(range(grid.steps), key=lambda step: (-needs[step], step))
    steps = sorted(ranked[:wanted])
    return tuple(
        _placed(step, struck.get(step), following)
        for step, following in zip(steps, [*steps[1:], grid.steps], strict=True)
    )


def _pattern(context: EngineContext, controls: Controls, seed: int, bar: int) -> str:
    """The pattern of a bar: one or a pair for the section, sometimes another."""
    varied = Chance(seed, NAME, "vary", bar)
    label = _section_label(context, bar)
    pair = Chance(seed, NAME, "pattern", label)
    draws = [pair.below(1000), pair.below(1000)]
    second = bar % 2 and not pair.permille(controls.sheet.steady)
    draw = draws[1] if second else draws[0]
    if varied.permille(controls.variation // 2):
        draw = varied.below(1000)
    lively = context.is_last_of_section(bar) and varied.permille(controls.fills)
    complexity = min(1000, controls.complexity + (350 if lively else 0))
    return _chosen(context.meter, controls, complexity, draw)


def _section_label(context: EngineContext, bar: int) -> str:
    for section in context.sections:
        if section.first_bar <= bar < section.first_bar + section.bars:
            return section.label
    return ""


def _chosen(meter: Meter, controls: Controls, complexity: int, draw: int) -> str:
    """A whole bar where the style has the meter, else a row of cells."""
    sheet, grid = controls.sheet, grid_of(meter)
    whole = [bar for bar in sheet.bars.get(meter.name, ()) if len(bar) == grid.steps]
    if whole:
        return whole[_level(complexity, len(whole), draw)]
    cells: list[str] = []
    for beat in range(grid.beat_of[-1] + 1):
        size = grid.beat_of.count(beat)
        cells.append(_cell(size, beat, controls, complexity, (draw + 377 * beat) % 1000))
    return "".join(cells)


def _cell(size: int, beat: int, controls: Controls, complexity: int, draw: int) -> str:
    sheet = controls.sheet
    if size % 4 == 0 and size > 4:
        return "".join(
            _cell(4, beat + part, controls, complexity, draw) for part in range(size // 4)
        )
    cells = {4: sheet.pair, 6: sheet.triple}.get(size, ("x" + "-" * (size - 1),))
    return cells[0] if beat == 0 else cells[_level(complexity, len(cells), draw)]


def _level(complexity: int, count: int, draw: int) -> int:
    """A place among patterns sorted from plain to busy: complexity, give or take one."""
    centre = complexity * (count - 1) + 3 * (draw - 500)
    return max(0, min(count - 1, (centre + 500) // 1000))


def _strokes(pattern: str) -> list[Hit]:
    return [
        Hit(step, 1 + len(pattern[step + 1 :]) - len(pattern[step + 1 :].lstrip("-")), sign)
        for step, sign in enumerate(pattern)
        if sign in _STRUCK
    ]


def _wanted(count: int, steps: int, controls: Controls) -> int:
    """How many strokes the density asks for; at 500 as many as the pattern has."""
    if controls.density <= 500:
        return max(1, (count * (300 + controls.density * 7 // 5) + 500) // 1000)
    return count + (steps - count) * (controls.density - 500) // 1000


def _placed(step: int, stroke: Hit | None, following: int) -> Hit:
    if stroke is None:
        return Hit(step, min(2, following - step), "x")
    return Hit(step, max(1, min(stroke.length, following - step)), stroke.sign)


def _needs(
    context: EngineContext,
    controls: Controls,
    pattern: str,
    pulls: Sequence[int],
    seed: int,
    bar: int,
) -> list[int]:
    """How much each step asks for a stroke: pattern, style, heard accents, the others' notes."""
    grid = grid_of(context.meter)
    usual = _usual(context.meter, controls.sheet.bars.get(context.meter.name, ()))
    chance = Chance(seed, NAME, "needs", bar % 2)
    held = _IN_PATTERN * (1150 - controls.follow) // 1000
    needs = [
        (held if sign in _STRUCK else 0) + often + 20 * weight + chance.below(60)
        for sign, often, weight in zip(pattern, usual, grid.weights, strict=True)
    ]
    for step, pull in enumerate(pulls):
        needs[step] += controls.follow * pull // 1000
    return needs


def pulls_of(context: EngineContext) -> Pulls:
    """What the others ask for: strokes on accents and with bass and drums, room for melody."""
    pulls = [[accent - 300 for accent in step_accents(context, bar)] for bar in range(context.bars)]
    steps = grid_of(context.meter).steps
    summed = [row or [0] * steps for row in pulls]
    for name, weight in _WEIGHTS.items():
        notes = context.parts.get(name)
        if notes:
            heard = onsets_by_bar(notes, context.meter, context.bars)
            for row, velocities in zip(summed, heard, strict=True):
                row[:] = [
                    pull + weight * velocity for pull, velocity in zip(row, velocities, strict=True)
                ]
    return tuple(map(tuple, summed))


@lru_cache(maxsize=256)
def _usual(meter: Meter, bars: tuple[str, ...]) -> tuple[int, ...]:
    """How often the style's patterns strike each step, 0-300."""
    grid = grid_of(meter)
    fitting = [bar for bar in bars if len(bar) == grid.steps]
    if not fitting:
        return tuple(300 + 60 * weight for weight in grid.weights)
    return tuple(
        300 * sum(bar[step] in _STRUCK for bar in fitting) // len(fitting)
        for step in range(grid.steps)
    )
