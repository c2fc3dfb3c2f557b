"""Takes of the melody and harmony engines for tests, and what is measured on them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineRun, ParameterValue
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of, syncopation
from musearoo.engines import harmonyroo, melodyroo
from musearoo.engines.contract import Engine, play

ENGINES: dict[str, Engine[Any]] = {"melodyroo": melodyroo.engine, "harmonyroo": harmonyroo.engine}
SONGS = (("C", "G/B", "Am", "F"), ("Dm7", "G7", "Cmaj7", "Am7"), ("F", "C", "Dm", "G"))


def take(
    engine: str,
    context: EngineContext,
    seed: int = 1,
    *,
    bars: tuple[int, ...] = (),
    only: tuple[str, ...] = (),
    **parameters: ParameterValue,
) -> list[Bar]:
    """The bars of one run; `only` limits it to those voices."""
    run = EngineRun(
        engine=engine, context=context, parameters=parameters, seed=seed, bars=bars, voices=only
    )
    return list(play(ENGINES[engine], run))


def notes_of(bars: Sequence[Bar]) -> list[Note]:
    return [note for bar in bars for note in bar.notes]


def steps_of(context: EngineContext, bar: Bar) -> set[int]:
    """Steps of the bar on which something begins."""
    grid = grid_of(context.meter)
    start = bar.index * context.meter.bar_ticks
    return {grid.step_at(note.start - start) for note in bar.notes}


def syncopations(context: EngineContext, notes: Sequence[Note]) -> int:
    """Longuet-Higgins & Lee's measure, bar by bar."""
    grid = grid_of(context.meter)
    bars: dict[int, set[int]] = {}
    for note in notes:
        bar, inside = divmod(note.start, context.meter.bar_ticks)
        bars.setdefault(bar, set()).add(grid.step_at(inside))
    return sum(syncopation(steps, grid.weights) for steps in bars.values())


def off_beat(bars: Sequence[Bar]) -> float:
    """The mean place of the notes between beats, in ticks of a quarter."""
    places = [n.start % 960 for n in notes_of(bars) if 400 <= n.start % 960 <= 760]
    return sum(places) / max(1, len(places))


def mean_velocity(bars: Sequence[Bar]) -> float:
    notes = notes_of(bars)
    return sum(note.velocity for note in notes) / len(notes)


def intervals(notes: Sequence[Note]) -> list[int]:
    return [later.pitch - earlier.pitch for earlier, later in pairwise(notes)]


def voicings_of(bars: Sequence[Bar]) -> list[tuple[int, ...]]:
    """Pitches struck together, in playing order."""
    struck: dict[int, list[int]] = {}
    for note in notes_of(bars):
        struck.setdefault(note.start, []).append(note.pitch)
    return [tuple(sorted(struck[start])) for start in sorted(struck)]
