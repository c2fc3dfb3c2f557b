"""Bars played again belong to the rest of their take: its groove, its melody, its recipe."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from musearoo.conductor.values import fingerprint, unpack
from musearoo.conductor.world import Rules
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun, Operation
from musearoo.domain.ids import SessionId, TakeId
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import Actor
from musearoo.domain.records import Take
from musearoo.engines.contract import play
from musearoo.engines.loading import load_engines
from tests.doubles.house import House, house

FREE = Rules(quotas=False)
BAR = 3840


async def selected(place: House, actor: Actor, project: str, part: str) -> Take:
    """The take that a part plays now."""
    session = await place.conductor.sessions.open(SessionId(project))
    return await place.conductor.takes.take(
        TakeId(session.state.parts[part].selected or ""), SessionId(project)
    )


async def again(place: House, actor: Actor, project: str, part: str, **args: object) -> Take:
    """The take after some bars were played again."""
    ack = await place.do(actor, project, "regenerate", {"part": part, **args})  # type: ignore[arg-type]
    await place.ended(ack.generation_id)
    return await selected(place, actor, project, part)


def pattern(notes: Sequence[Note], bar: int) -> set[tuple[str, int, int]]:
    """What is struck when in a bar (from 0)."""
    return {
        (note.voice, note.pitch, note.start % BAR) for note in notes if note.start // BAR == bar
    }


def likeness(one: set[tuple[str, int, int]], other: set[tuple[str, int, int]]) -> float:
    return len(one & other) / max(1, len(one | other))


def leap(notes: Sequence[Note], bar: int) -> int:
    """Semitones between the last note before a bar and its first, and so behind it."""
    ordered = sorted(notes, key=lambda note: note.start)
    inside = [n for n in ordered if n.start // BAR == bar]
    before = [n for n in ordered if n.start < bar * BAR]
    after = [n for n in ordered if n.start >= (bar + 1) * BAR]
    return abs(inside[0].pitch - before[-1].pitch) + abs(after[0].pitch - inside[-1].pitch)


async def test_a_drum_bar_keeps_the_groove_of_the_take(tmp_path: Path) -> None:
    """Over many seeds the new bar is much like the old one, and yet seldom the same."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project, seed=3)
        first = await selected(place, ada, project, "drums")
        context, engine = unpack(first.context, EngineContext), load_engines()["drummaroo"]
        alike, apart = [], []
        for seed in range(100, 115):
            take = await again(place, ada, project, "drums", bars=[3], seed=seed)
            alike.append(likeness(pattern(first.notes, 2), pattern(take.notes, 2)))
            assert pattern(first.notes, 1) == pattern(take.notes, 1)
            run = EngineRun(
                engine="drummaroo",
                context=context,
                parameters=take.recipe.parameters,
                seed=seed,
                bars=(2,),
            )
            alone = [note for bar in play(engine, run) for note in bar.notes]
            apart.append(likeness(pattern(first.notes, 2), pattern(alone, 2)))
        assert sum(alike) > sum(apart) + 2
        assert sum(each == 1.0 for each in alike) < len(alike) / 2


@pytest.mark.parametrize("engine", ["drummaroo", "bassaroo", "melodyroo", "harmonyroo"])
async def test_a_bar_played_again_is_another_bar(tmp_path: Path, engine: str) -> None:
    """Whoever asks again, bar after bar and twice in a row, hears something else each time."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        record = await place.generated(ada, project, engine=engine, seed=3)
        before = await selected(place, ada, project, record.part)
        bars = unpack(before.context, EngineContext).bars
        for seed, bar in enumerate([*range(bars), 1, 1, 1]):
            take = await again(place, ada, project, record.part, bars=[bar + 1], seed=40 + seed)
            assert pattern(take.notes, bar) != pattern(before.notes, bar)
            assert take.recipe.operations[-1].anew
            before = take


async def test_a_melody_bar_joins_what_stands_before_and_behind_it(tmp_path: Path) -> None:
    """The leaps into and out of the new bar are smaller than without hearing the rest."""
    engine = load_engines()["melodyroo"]
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project, engine="melodyroo", seed=11)
        first = await selected(place, ada, project, "melody")
        context = unpack(first.context, EngineContext)
        joined = apart = 0
        for seed in range(200, 212):
            take = await again(place, ada, project, "melody", bars=[4], seed=seed)
            run = EngineRun(
                engine="melodyroo",
                context=context,
                parameters=take.recipe.parameters,
                seed=seed,
                bars=(3,),
            )
            alone = [*(n for n in first.notes if n.start // BAR != 3)]
            alone += [note for bar in play(engine, run) for note in bar.notes]
            if {n.start // BAR for n in take.notes} >= {3} <= {n.start // BAR for n in alone}:
                joined += leap(take.notes, 3)
                apart += leap(alone, 3)
        assert joined < apart


@pytest.mark.parametrize(
    ("engine", "part"), [("drummaroo", "drums"), ("melodyroo", "melody"), ("harmonyroo", "harmony")]
)
async def test_the_recipe_makes_the_notes_again(tmp_path: Path, engine: str, part: str) -> None:
    """Seed, base seed and what was heard of the own part are in the operation."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        record = await place.generated(ada, project, engine=engine, seed=5)
        part = record.part
        await again(place, ada, project, part, bars=[2, 3], seed=6)
        take = await again(place, ada, project, part, bars=[3], seed=7)
        context = unpack(take.context, EngineContext)
        assert take.recipe.context_hash == fingerprint(context)
        assert part not in context.parts
        assert replayed(take, context) == {n.id: n for n in take.notes}


def replayed(take: Take, context: EngineContext) -> dict[str, Note]:
    """The notes that a recipe gives, by what the docstrings of recipe and operation say."""
    recipe, players = take.recipe, load_engines()
    engine = players[recipe.engine]
    run = EngineRun(
        engine=recipe.engine, context=context, parameters=recipe.parameters, seed=recipe.seed
    )
    notes = [note for bar in play(engine, run) for note in bar.notes]
    for operation in recipe.operations:
        notes = step(engine, run, operation, notes)
    return {note.id: note for note in notes}


def step(engine: object, run: EngineRun, done: Operation, notes: list[Note]) -> list[Note]:
    kept = [note for note in notes if note.start // BAR not in done.bars]
    gone = tuple(note for note in notes if note.start // BAR in done.bars)
    context = run.context
    if done.joined:
        own = engine.description.default_part  # type: ignore[attr-defined]
        heard = tuple(kept)
        context = replace(context, parts={**context.parts, own: heard})
    fresh = replace(
        run,
        context=context,
        seed=done.seed or 0,
        bars=done.bars,
        parameters=done.parameters,
        base_seed=done.base_seed,
        instead=gone if done.anew else (),
    )
    return kept + [note for bar in play(engine, fresh) for note in bar.notes]  # type: ignore[arg-type]


async def test_all_bars_anew_is_another_groove(tmp_path: Path) -> None:
    """Only a part of a take has a rest to belong to."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project, seed=3)
        whole = await again(place, ada, project, "drums", seed=8)
        assert whole.recipe.operations[-1].base_seed is None
        part = await again(place, ada, project, "drums", bars=[1], seed=9)
        assert part.recipe.operations[-1].base_seed == 8
