"""What a generation will play: engine, context, parameters, seed, and the notes it must keep."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from musearoo.conductor.contexts import engine_context
from musearoo.conductor.parameters import checked_style
from musearoo.conductor.values import fingerprint, unpack
from musearoo.domain.commands import Generate, Regenerate
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import (
    MAXIMUM_SEED,
    EngineDescription,
    EngineRun,
    Operation,
    ParameterValue,
    Recipe,
)
from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.domain.events import ContextAdopted
from musearoo.domain.ids import TakeId
from musearoo.domain.music.note import Note, in_playing_order
from musearoo.domain.music.style import AUTO
from musearoo.domain.records import Take
from musearoo.domain.session.state import PartState, SessionState

STYLE_ALIASES = ("style_hint", "style_hints")
QUALITY_CANDIDATES = 4


class Stamp(msgspec.Struct, frozen=True):
    """What makes one generation different from the next: seed, take id, causing command."""

    seed: int
    take_id: TakeId
    cause: str | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One generation from seed to recipe; `kept` are notes of the parent take that stay.

    The engine hears them as the part `own`, under the name that it knows itself by.
    """

    run: EngineRun
    part: str
    recipe: Recipe
    take_id: TakeId
    kept: tuple[Note, ...] = ()
    parent: TakeId | None = None
    candidates: int = 1
    cause: str | None = None
    draft: bool = False
    own: str | None = None

    @property
    def bars(self) -> int:
        """Bars of the take."""
        return self.run.context.bars

    @property
    def joined(self) -> EngineRun:
        """The run in which the engine hears what is kept of its own part."""
        if self.own is None:
            return self.run
        context = self.run.context
        parts = {**context.parts, self.own: self.kept}
        return replace(self.run, context=replace(context, parts=parts))

    def kept_in(self, bar: int) -> tuple[Note, ...]:
        """The kept notes that begin in a bar (from 0)."""
        ticks = self.run.context.meter.bar_ticks
        return tuple(note for note in self.kept if note.start // ticks == bar)


def plan_generation(
    act: Generate,
    description: EngineDescription,
    music: SessionState | ContextAdopted,
    state: SessionState,
    *,
    parts: Mapping[str, tuple[Note, ...]],
    selected: Take | None,
    stamp: Stamp,
) -> Plan:
    """Plan a new take; `selected` is the part's present take, whose locked notes are kept."""
    part = act.part or description.default_part
    parameters = requested_parameters(act, description, state, part)
    style = str(parameters.get("style", AUTO))
    others = {name: notes for name, notes in parts.items() if name != part}
    context = engine_context(music, style=style, bars=act.bars, parts=others)
    bars, voices, kept = _around_locks(state.parts.get(part), description, context, selected)
    own = _own(description, part, context, kept)
    run = EngineRun(
        engine=description.name,
        context=context,
        parameters=parameters,
        seed=checked_seed(stamp.seed),
        bars=bars,
        voices=voices,
    )
    recipe = Recipe(
        engine=description.name,
        engine_version=description.version,
        seed=stamp.seed,
        parameters=parameters,
        context_hash=fingerprint(context),
        operations=_keeping(state.parts.get(part), kept, joined=own is not None),
    )
    return Plan(
        run=run,
        part=part,
        recipe=recipe,
        take_id=stamp.take_id,
        kept=kept,
        parent=selected.id if selected is not None else None,
        candidates=QUALITY_CANDIDATES if act.quality_target == "quality" else 1,
        cause=stamp.cause,
        draft=act.draft,
        own=own,
    )


def plan_regeneration(
    act: Regenerate,
    description: EngineDescription,
    locks: PartState,
    base: Take,
    *,
    stamp: Stamp,
) -> Plan:
    """Plan to play bars or voices of `base` again, in its own context."""
    context = unpack(base.context, EngineContext)
    bars = _wanted_bars(act.bars, locks, context.bars)
    voices = _wanted_voices(act.voices, locks, description)
    parameters = description.resolved(base.recipe.parameters, act.parameters)
    kept = tuple(
        note for note in base.notes if not _replaced(note, bars, voices, context.meter.bar_ticks)
    )
    own = _own(description, base.part, context, kept)
    base_seed = None
    anew = len(bars) < context.bars
    if description.keeps_form and anew:
        base_seed = _base_seed(base.recipe, context.bars)
    run = EngineRun(
        engine=description.name,
        context=context,
        parameters=parameters,
        seed=checked_seed(stamp.seed),
        bars=bars,
        voices=voices,
        base_seed=base_seed,
        instead=_gone(base.notes, kept) if anew else (),
    )
    operation = Operation(
        kind="regenerate",
        seed=stamp.seed,
        bars=bars,
        voices=voices,
        parameters=parameters,
        base_seed=base_seed,
        joined=own is not None,
        anew=anew,
    )
    return Plan(
        run=run,
        part=base.part,
        recipe=replace(base.recipe, operations=(*base.recipe.operations, operation)),
        take_id=stamp.take_id,
        kept=kept,
        parent=base.id,
        cause=stamp.cause,
        draft=act.draft,
        own=own,
    )


def requested_parameters(
    act: Generate, description: EngineDescription, state: SessionState, part: str
) -> dict[str, ParameterValue]:
    """Engine default < project parameter < request; `style_hint(s)` stand for `style`."""
    asked = {name: value for name, value in act.parameters.items() if name not in STYLE_ALIASES}
    hints = [act.parameters[name] for name in STYLE_ALIASES if name in act.parameters]
    for hint in (*hints, *act.style_hints):
        asked.setdefault("style", str(hint))
    if "style" in asked:
        asked["style"] = checked_style(str(asked["style"]))
    return description.resolved(_project_parameters(description, state, part), asked)


def _project_parameters(
    description: EngineDescription, state: SessionState, part: str
) -> dict[str, ParameterValue]:
    known = {spec.name for spec in description.parameters}
    paths = (path.partition("/") for path in state.parameters)
    return {
        name: state.parameters[f"{part}/{name}"]
        for owner, _, name in paths
        if owner == part and name in known
    }


def checked_seed(seed: int) -> int:
    """A seed that JSON carries exactly."""
    if not 0 <= seed <= MAXIMUM_SEED:
        raise InvalidValue("seed", seed, f"0 to {MAXIMUM_SEED}")
    return seed


def in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes as a take keeps them."""
    return tuple(sorted(notes, key=in_playing_order))


def _around_locks(
    locks: PartState | None,
    description: EngineDescription,
    context: EngineContext,
    selected: Take | None,
) -> tuple[tuple[int, ...], tuple[str, ...], tuple[Note, ...]]:
    if locks is None or selected is None or not (locks.locked_bars or locks.locked_voices):
        return (), (), ()
    bars = _wanted_bars((), locks, context.bars)
    voices = _wanted_voices((), locks, description)
    ticks = context.meter.bar_ticks
    kept = tuple(
        note
        for note in selected.notes
        if note.start < context.length and not _replaced(note, bars, voices, ticks)
    )
    return bars, voices, kept


def _keeping(
    locks: PartState | None, kept: tuple[Note, ...], *, joined: bool
) -> tuple[Operation, ...]:
    if locks is None or not kept:
        return ()
    bars = tuple(bar - 1 for bar in locks.locked_bars)
    return (Operation(kind="keep", bars=bars, voices=locks.locked_voices, put=kept, joined=joined),)


def _own(
    description: EngineDescription, part: str, context: EngineContext, kept: tuple[Note, ...]
) -> str | None:
    """What the engine calls its own part, unless another part of that name plays with it."""
    own = description.default_part
    return own if kept and (part == own or own not in context.parts) else None


def _base_seed(recipe: Recipe, bars: int) -> int:
    """The seed whose form and groove the take has: of its last run over all bars and voices."""
    whole = [
        operation.seed
        for operation in recipe.operations
        if operation.seed is not None and len(operation.bars) == bars and not operation.voices
    ]
    return whole[-1] if whole else recipe.seed


def _wanted_bars(asked: tuple[int, ...], locks: PartState, bars: int) -> tuple[int, ...]:
    for bar in asked:
        if not 1 <= bar <= bars:
            raise InvalidValue("bars", bar, f"1 to {bars}")
    locked = {bar - 1 for bar in locks.locked_bars}
    wanted = sorted({bar - 1 for bar in asked} or set(range(bars)))
    free = tuple(bar for bar in wanted if bar not in locked)
    if not free:
        raise Conflict("All of these bars are locked; unlock one first.")
    return free


def _wanted_voices(
    asked: tuple[str, ...], locks: PartState, description: EngineDescription
) -> tuple[str, ...]:
    for voice in asked:
        if voice not in description.voices:
            raise InvalidValue("voices", voice, "one of " + ", ".join(description.voices))
    if not asked and not locks.locked_voices:
        return ()
    wanted = asked or description.voices
    free = tuple(voice for voice in wanted if voice not in locks.locked_voices)
    if not free:
        raise Conflict("All of these voices are locked; unlock one first.")
    return free


def _gone(notes: tuple[Note, ...], kept: tuple[Note, ...]) -> tuple[Note, ...]:
    stays = {note.id for note in kept}
    return tuple(note for note in notes if note.id not in stays)


def _replaced(note: Note, bars: tuple[int, ...], voices: tuple[str, ...], bar_ticks: int) -> bool:
    return note.start // bar_ticks in bars and (not voices or note.voice in voices)
