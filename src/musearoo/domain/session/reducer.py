"""`apply(state, event) -> state`: the only way a session changes."""

from typing import Final

from msgspec.structs import replace

from musearoo.domain.controls import Control, control_key
from musearoo.domain.events import (
    ChordsSet,
    ClipLaunched,
    ClockSourceSet,
    ContextAdopted,
    ControlMapped,
    Event,
    FeelSet,
    FormSet,
    GenerationCompleted,
    KeySet,
    LocksSet,
    MeterSet,
    NotesEdited,
    NothingToUndo,
    ParameterSet,
    Sequenced,
    StyleSet,
    TakeCommitted,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import TakeId
from musearoo.domain.session.state import PartState, SessionState, Step, Steps, Transport
from musearoo.domain.session.turns import MAXIMUM_STEPS, is_turn, turned

MAXIMUM_LAUNCHES: Final = 256  # takes of a part whose launches are counted
MAXIMUM_SPANS: Final = 10_000  # chords and tempo changes that one actor's steps may hold


def apply(state: SessionState, sequenced: Sequenced) -> SessionState:
    """The state after one event; the same events give the same state on every machine."""
    event = sequenced.event
    if is_turn(sequenced):
        return turned(state, (sequenced,))
    if isinstance(event, NothingToUndo):
        return _without_latest(state, sequenced)
    paths = paths_of(event)
    if not paths:
        return _changed(state, event)
    versions, steps = _remembered(state, sequenced, paths)
    changed = replace(_changed(state, event), versions=versions, steps=steps)
    if changed.tempo_map is not state.tempo_map and state.transport.playing:
        # The music goes on from where it is: another tempo holds from here on, not from before.
        here = replace(state.transport, tick=state.tick_at(sequenced.at), since=sequenced.at)
        changed = replace(changed, transport=here)
    return changed


def paths_of(event: Event) -> tuple[str, ...]:
    """The paths an event gives new values; none if it cannot be undone."""
    match event:
        case ParameterSet():
            return (event.path,)
        case TakeSelected() | GenerationCompleted() | NotesEdited():
            return (f"{event.part}/take",)
        case TakeCommitted():
            return (f"{event.part}/commit",)
        case LocksSet():
            return (f"{event.part}/locks",)
        case ControlMapped():
            return (f"controls/{control_key(event.channel, event.number)}",)
        case _:
            return _CONTEXT_PATHS.get(type(event), ())


_CONTEXT_PATHS: Final[dict[type[Event], tuple[str, ...]]] = {
    TempoSet: ("session/tempo",),
    KeySet: ("session/key",),
    StyleSet: ("session/style",),
    MeterSet: ("session/meter",),
    ChordsSet: ("session/chords",),
    FormSet: ("session/form",),
    FeelSet: ("session/feel",),
    ContextAdopted: (
        "session/tempo", "session/key", "session/style", "session/meter", "session/chords",
        "session/form", "session/feel",
    ),
}  # fmt: skip


def _changed(state: SessionState, event: Event) -> SessionState:
    match event:
        case ParameterSet():
            return replace(state, parameters=_with_parameter(state, event))
        case TempoSet():
            return replace(state, tempo_map=event.tempo_map)
        case KeySet():
            return replace(state, key=event.key)
        case StyleSet():
            return replace(state, style=event.style)
        case MeterSet():
            return replace(state, meter=event.meter)
        case ChordsSet():
            return replace(state, chords=event.chords)
        case FormSet():
            return replace(state, bars=event.bars, sections=event.sections)
        case FeelSet():
            return replace(state, groove=event.groove, energy=event.energy)
        case ContextAdopted():
            return _with_context(state, event)
        case TransportChanged():
            transport = Transport(event.playing, event.tick, event.since, event.loop)
            return replace(state, transport=transport)
        case ClockSourceSet():
            return replace(state, clock_source=event.source)
        case ControlMapped():
            return replace(state, controls=_with_control(state, event))
        case _:
            return _with_part(state, event)


def _with_part(state: SessionState, event: Event) -> SessionState:
    match event:
        case GenerationCompleted() | TakeSelected():
            part = _playing(_part(state, event.part, event.engine), event.take_id)
            part = replace(part, engine=event.engine)
        case NotesEdited():
            part = _playing(_part(state, event.part), event.take_id)
        case TakeCommitted():
            part = replace(_part(state, event.part), committed=event.take_id)
        case ClipLaunched():
            part = _with_launch(_part(state, event.part), event)
        case LocksSet():
            part = replace(
                _part(state, event.part), locked_bars=event.bars, locked_voices=event.voices
            )
        case _:
            return state
    return replace(state, parts={**state.parts, event.part: part})


def _playing(part: PartState, take: TakeId | None) -> PartState:
    if take == part.selected:
        return part
    return replace(part, selected=take, before=part.selected or part.before)


def _part(state: SessionState, name: str, engine: str = "") -> PartState:
    return state.parts.get(name) or PartState(engine)


def _with_launch(part: PartState, event: ClipLaunched) -> PartState:
    if event.source == "session":
        return part  # asked for; it counts when Live reports it
    if event.take_id is None:
        return replace(part, launched=None)
    launches = dict(part.launches)
    count = launches.pop(event.take_id, 0) + 1
    while len(launches) >= MAXIMUM_LAUNCHES:
        del launches[next(iter(launches))]
    launches[event.take_id] = count  # the latest last
    return replace(part, launched=event.take_id, launches=launches)


def _with_parameter(
    state: SessionState, event: ParameterSet
) -> dict[str, float | int | str | bool]:
    parameters = dict(state.parameters)
    if event.value is None:
        parameters.pop(event.path, None)
    else:
        parameters[event.path] = event.value
    return parameters


def _with_control(state: SessionState, event: ControlMapped) -> dict[str, Control]:
    controls = dict(state.controls)
    key = control_key(event.channel, event.number)
    if event.path is None:
        controls.pop(key, None)
    else:
        controls[key] = Control(event.path, event.minimum, event.maximum)
    return controls


def _with_context(state: SessionState, event: ContextAdopted) -> SessionState:
    return replace(
        state,
        tempo_map=event.tempo_map,
        meter=event.meter,
        key=event.key,
        style=event.style,
        bars=event.bars,
        chords=event.chords,
        sections=event.sections,
        groove=event.groove,
        energy=event.energy,
        analysis_id=event.analysis_id,
    )


def inverse_of(state: SessionState, event: Event) -> Event:
    """The event that would bring back what `event` is about to change (it must have paths)."""
    match event:
        case ParameterSet():
            return ParameterSet(path=event.path, value=state.parameters.get(event.path))
        case TempoSet():
            return TempoSet(tempo_map=state.tempo_map)
        case KeySet():
            return KeySet(key=state.key)
        case StyleSet():
            return StyleSet(style=state.style)
        case MeterSet():
            return MeterSet(meter=state.meter)
        case ChordsSet():
            return ChordsSet(chords=state.chords)
        case FormSet():
            return FormSet(bars=state.bars, sections=state.sections)
        case FeelSet():
            return FeelSet(groove=state.groove, energy=state.energy)
        case ControlMapped():
            return _control_of(state, event)
        case ContextAdopted():
            return _context_of(state)
        case _:
            return _inverse_of_part(state, event)


def _inverse_of_part(state: SessionState, event: Event) -> Event:
    match event:
        case GenerationCompleted() | TakeSelected():
            part = _part(state, event.part, event.engine)
            return TakeSelected(part=event.part, engine=part.engine, take_id=part.selected)
        case NotesEdited():
            part = _part(state, event.part)
            return TakeSelected(part=event.part, engine=part.engine, take_id=part.selected)
        case TakeCommitted():
            return TakeCommitted(part=event.part, take_id=_part(state, event.part).committed)
        case LocksSet():
            part = _part(state, event.part)
            return LocksSet(part=event.part, bars=part.locked_bars, voices=part.locked_voices)
        case _:
            raise TypeError(f"{type(event).__name__} cannot be undone")


def _control_of(state: SessionState, event: ControlMapped) -> ControlMapped:
    known = state.controls.get(control_key(event.channel, event.number))
    return ControlMapped(
        channel=event.channel,
        number=event.number,
        path=known.path if known else None,
        minimum=known.minimum if known else None,
        maximum=known.maximum if known else None,
    )


def _context_of(state: SessionState) -> ContextAdopted:
    return ContextAdopted(
        analysis_id=state.analysis_id,  # type: ignore[arg-type]
        tempo_map=state.tempo_map,
        meter=state.meter,
        key=state.key,
        style=state.style,
        bars=state.bars,
        chords=state.chords,
        sections=state.sections,
        groove=state.groove,
        energy=state.energy,
    )


def _remembered(
    state: SessionState, sequenced: Sequenced, paths: tuple[str, ...]
) -> tuple[dict[str, int], dict[str, Steps]]:
    inverse = inverse_of(state, sequenced.event)
    step = _step(state, sequenced, paths, inverse)
    restored = step.before if sequenced.history == "undo" else dict.fromkeys(paths, step.version)
    versions = {**state.versions, **restored}
    if sequenced.user is None:
        return versions, state.steps
    steps = state.steps.get(sequenced.user, Steps())
    match sequenced.history:
        case "do":
            steps = Steps(_pushed(steps.done, step))
        case "undo":
            steps = Steps(steps.done[:-1], (*steps.undone, step))
        case "redo":
            steps = Steps((*steps.done, step), steps.undone[:-1])
    return versions, {**state.steps, sequenced.user: steps}


def _step(
    state: SessionState, sequenced: Sequenced, paths: tuple[str, ...], inverse: Event
) -> Step:
    steps = state.steps.get(sequenced.user or "", Steps())
    stack = {"do": (), "undo": steps.done, "redo": steps.undone}[sequenced.history]
    if stack:
        return replace(stack[-1], inverse=inverse)
    gesture = sequenced.event.gesture if isinstance(sequenced.event, ParameterSet) else None
    before = {path: state.versions.get(path, 0) for path in paths}
    return Step(sequenced.seq, before, inverse, gesture)


def _pushed(steps: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    latest = steps[-1] if steps else None
    if (
        latest is not None
        and step.gesture
        and latest.gesture == step.gesture
        and latest.before.keys() == step.before.keys()
    ):
        # One drag of a knob is one step: keep the value from before the drag.
        return (*steps[:-1], replace(step, inverse=latest.inverse, before=latest.before))
    steps = (*steps, step)[-MAXIMUM_STEPS:]
    if _spans(step):
        while len(steps) > 1 and sum(map(_spans, steps)) > MAXIMUM_SPANS:
            steps = steps[1:]
    return steps


def _spans(step: Step) -> int:
    """How much an inverse holds, where that is more than a value."""
    match step.inverse:
        case ChordsSet(chords=chords):
            return len(chords)
        case ContextAdopted(chords=chords, tempo_map=tempo_map):
            return len(chords) + len(tempo_map.changes)
        case _:
            return 0


def _without_latest(state: SessionState, sequenced: Sequenced) -> SessionState:
    steps = state.steps.get(sequenced.user or "", Steps())
    if sequenced.history == "undo":
        steps = Steps(steps.done[:-1], steps.undone)
    else:
        steps = Steps(steps.done, steps.undone[:-1])
    return replace(state, steps={**state.steps, sequenced.user or "": steps})
