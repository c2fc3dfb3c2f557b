"""When the hands play: the style's comping patterns on the grid of any meter."""

from importlib.resources import files
from typing import Any, Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import Grid, grid_of
from musearoo.engines.feel import step_accents, step_onsets
from musearoo.engines.harmonyroo.controls import Controls


class StylePatterns(msgspec.Struct, frozen=True):
    """A style's bars by meter, simple first, and the cells other meters are built from."""

    texture: str
    bars: dict[str, tuple[str, ...]]
    pair: tuple[str, ...]
    triple: tuple[str, ...]


class Hit(msgspec.Struct, frozen=True):
    """One stroke: its step, length in steps, sign (X x o b c) and how needed it is."""

    step: int
    length: int
    sign: str


def _read() -> dict[str, StylePatterns]:
    text = files("musearoo.engines.harmonyroo").joinpath("patterns.json").read_bytes()
    styles: dict[str, Any] = msgspec.json.decode(text)["styles"]
    return msgspec.convert(styles, dict[str, StylePatterns])


PATTERNS: Final = _read()


def hits_of(context: EngineContext, controls: Controls, seed: int, bar: int) -> tuple[Hit, ...]:
    """The strokes of a bar: a pattern of the style, thinned or filled as density asks."""
    grid = grid_of(context.meter)
    pattern = _pattern(context, controls, seed, bar, grid)
    strokes = _strokes(pattern)
    return _dense(strokes, grid, context, controls, seed, bar)


def _pattern(context: EngineContext, controls: Controls, seed: int, bar: int, grid: Grid) -> str:
    """The pattern of a bar: one for the section, now and then another."""
    varied = Chance(seed, "harmonyroo", "vary", bar)
    section = next(
        (s.label for s in context.sections if s.first_bar <= bar < s.first_bar + s.bars), ""
    )
    ends = context.is_last_of_section(bar) and varied.permille(controls.fills)
    departs = varied.permille(controls.variation // 2)
    chance = Chance(seed, "harmonyroo", "pattern", section, bar if departs or ends else bar % 2)
    draw = chance.below(1000)
    patterns = PATTERNS[controls.style]
    whole = [bar for bar in patterns.bars.get(context.meter.name, ()) if len(bar) == grid.steps]
    if whole:
        return whole[_level(controls.complexity, len(whole), draw)]
    cells: list[str] = []
    sizes = [grid.beat_of.count(beat) for beat in range(len(context.meter.grouping))]
    for index, size in enumerate(sizes):
        source = {4: patterns.pair, 6: patterns.triple}.get(size)
        if source is None:
            cells.append("x" + "-" * (size - 1))
        elif index == 0:
            cells.append(source[0])
        else:
            cells.append(source[_level(controls.complexity, len(source), chance.below(1000))])
    return "".join(cells)


def _level(complexity: int, count: int, draw: int) -> int:
    """A place among patterns sorted from plain to busy: complexity, give or take one."""
    centre = complexity * (count - 1) + (draw - 500)
    return max(0, min(count - 1, (centre + 500) // 1000))


def _strokes(pattern: str) -> list[Hit]:
    strokes: list[Hit] = []
    for step, sign in enumerate(pattern):
        if sign in "Xxobc":
            strokes.append(Hit(step, 1, sign))
        elif sign == "-" and strokes:
            last = strokes[-1]
            if last.step + last.length == step:
                strokes[-1] = Hit(last.step, last.length + 1, last.sign)
    return strokes


def _dense(
    strokes: list[Hit],
    grid: Grid,
    context: EngineContext,
    controls: Controls,
    seed: int,
    bar: int,
) -> tuple[Hit, ...]:
    """Keep the most needed strokes, or add the next most needed steps."""
    taken = {stroke.step: stroke for stroke in strokes}
    needs = _needs(grid, context, controls, seed, bar)
    count = len(strokes)
    if controls.density <= 500:
        wanted = max(1, (count * (300 + controls.density * 7 // 5) + 500) // 1000)
        kept = sorted(taken, key=lambda step: (-needs[step] - 300, step))[:wanted]
    else:
        room = [step for step in range(grid.steps) if step not in taken]
        room.sort(key=lambda step: (-needs[step], step))
        more = (grid.steps - count) * (controls.density - 500) * 2 // 3000
        kept = [*taken, *room[:more]]
    steps = sorted(kept)
    return tuple(
        _placed(step, taken.get(step), following)
        for step, following in zip(steps, [*steps[1:], grid.steps], strict=True)
    )


def _placed(step: int, stroke: Hit | None, following: int) -> Hit:
    if stroke is None:
        return Hit(step, min(2, following - step), "x")
    return Hit(step, max(1, min(stroke.length, following - step)), stroke.sign)


def _needs(
    grid: Grid, context: EngineContext, controls: Controls, seed: int, bar: int
) -> tuple[int, ...]:
    """How much each step asks for a stroke: meter, heard accents, and the melody's gaps."""
    chance = Chance(seed, "harmonyroo", "needs", bar % 2)
    accents = step_accents(context, bar)
    melody = step_onsets(context.parts.get("melody", ()), context.meter, bar)
    bass = step_onsets(context.parts.get("bass", ()), context.meter, bar)
    return tuple(
        400
        + 100 * grid.weights[step]
        + chance.below(120)
        + controls.follow * (accents[step] if accents else 0) // 1000
        + controls.follow * (bass[step] * 2 - melody[step] * 3) // 1000
        for step in range(grid.steps)
    )
