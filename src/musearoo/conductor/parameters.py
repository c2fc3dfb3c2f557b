"""Commands on the settings of a session: parameters, tempo, key, style, meter, chords, form."""

from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from musearoo.conductor.leaders import leader_of, reported
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import Redo, SetChords, SetForm, SetParameter, Undo
from musearoo.domain.engine import MAXIMUM_BARS, EngineDescription, ParameterValue
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import (
    ChordsSet,
    ContextAdopted,
    Event,
    FormSet,
    History,
    KeySet,
    Landing,
    MeterSet,
    NothingToUndo,
    ParameterSet,
    Sequenced,
    StyleSet,
    TempoSet,
    TransportChanged,
    is_state_class,
)
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.style import STYLES, find_style
from musearoo.domain.music.tempo_map import TempoMap, checked_bpm
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import SessionState
from musearoo.domain.session.undo import undone
from musearoo.ports.work import EnginePool

MAXIMUM_CHORDS: Final = 4_096
SESSION_PATHS: Final = ("session/tempo", "session/key", "session/style", "session/meter")


class Settings:
    """Carries out changes of the session's settings, and undo of any change."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        desk.take_on(SetParameter, self.set_parameter)
        desk.take_on(SetChords, self.set_chords)
        desk.take_on(SetForm, self.set_form)
        desk.take_on(Undo, self.undo)
        desk.take_on(Redo, self.redo)

    async def set_parameter(self, deed: Deed, act: SetParameter) -> Ack:
        """Set one path; parameters are journalled, the session's own settings stored at once."""
        leader = leader_of(self._world, deed) if act.path == "session/tempo" else None
        if leader is not None:
            who = deed.command.actor.user
            bpm = _bpm(act.value)
            return await reported(
                deed,
                await leader.set_tempo(deed.session.session, bpm, user=who, cause=deed.command.id),
            )
        landing = land(deed.session.state, deed.at, self._world.clock.now())
        event = self._event(deed.session.state, act, landing)
        return await settle(deed, event, landing=landing)

    async def set_chords(self, deed: Deed, act: SetChords) -> Ack:
        """Replace the chord track."""
        return await settle(deed, ChordsSet(chords=_chords(act)))

    async def set_form(self, deed: Deed, act: SetForm) -> Ack:
        """Set the number of bars and the sections."""
        if not 1 <= act.bars <= MAXIMUM_BARS:
            raise InvalidValue("bars", act.bars, f"1 to {MAXIMUM_BARS}")
        for section in act.sections:
            if section.bars < 1 or not 0 <= section.first_bar <= act.bars - section.bars:
                raise InvalidValue("section", section.label, f"inside the {act.bars} bars")
        return await settle(deed, FormSet(bars=act.bars, sections=act.sections))

    async def undo(self, deed: Deed, _act: Undo) -> Ack:
        """Take back the actor's latest change."""
        return await self._step(deed, "undo")

    async def redo(self, deed: Deed, _act: Redo) -> Ack:
        """Do again what the actor last took back."""
        return await self._step(deed, "redo")

    async def _step(self, deed: Deed, direction: History) -> Ack:
        event = undone(deed.session.state, deed.command.actor.user, direction)
        if isinstance(event, TempoSet) and deed.session.state.clock_source != "session":
            event = NothingToUndo(conflicts=("session/tempo",))  # it is the leader's to change
        return await settle(deed, event, history=direction)

    def _event(self, state: SessionState, act: SetParameter, landing: Landing) -> Event:
        match act.path:
            case "session/tempo":
                return TempoSet(tempo_map=TempoMap.constant(_bpm(act.value)))
            case "session/key":
                return KeySet(key=Key.parse(_text(act)))
            case "session/style":
                return StyleSet(style=checked_style(_text(act)))
            case "session/meter":
                return MeterSet(meter=Meter.parse(_text(act)))
        part, _, name = act.path.partition("/")
        spec = engine_of(state, self._world.engines, part).parameter(name)
        value = spec.checked(act.value)
        return ParameterSet(path=act.path, value=value, gesture=act.gesture, lands_at=landing)


async def settle(
    deed: Deed, event: Event, *, landing: Landing | None = None, history: History = "do"
) -> Ack:
    """Sequence one event and answer it: state-class at once, event-class when durable."""
    command, before = deed.command, deed.session.state
    if isinstance(event, ContextAdopted) and before.clock_source != "session":
        event = replace(event, tempo_map=before.tempo_map)  # the leader keeps the tempo
    sequenced = deed.session.sequence(
        event, user=command.actor.user, cause=command.id, history=history
    )
    place = kept_place(before, sequenced)
    if place is not None:
        deed.session.sequence(place, user=command.actor.user, cause=command.id, history=history)
    conflicts = event.conflicts if isinstance(event, NothingToUndo) else ()
    ack = Ack(seq=sequenced.seq, epoch=sequenced.epoch, lands_at=landing, conflicts=conflicts)
    if is_state_class(event):
        deed.session.journal(None if command.id is None else lambda tx: deed.keep(tx, ack))
    else:
        await deed.session.commit(lambda tx: deed.keep(tx, ack))
    return ack


def kept_place(before: SessionState, sequenced: Sequenced) -> TransportChanged | None:
    """With another tempo, a transport that plays goes on from where it was then."""
    if not before.transport.playing or not isinstance(sequenced.event, TempoSet | ContextAdopted):
        return None
    return TransportChanged(
        playing=True,
        tick=before.tick_at(sequenced.at),
        since=sequenced.at,
        loop=before.transport.loop,
    )


def engine_of(state: SessionState, engines: EnginePool, part: str) -> EngineDescription:
    """The engine that plays a part: the one of its takes, else the one whose default part it is."""
    known = state.parts.get(part)
    if known is not None and known.engine:
        return engines.describe(known.engine)
    for description in engines.engines():
        if description.default_part == part:
            return description
    parts = ", ".join(f"{description.default_part}/..." for description in engines.engines())
    raise InvalidValue("path", f"{part}/...", f"{', '.join(SESSION_PATHS)} or {parts}")


def checked_style(text: str) -> str:
    """The style meant by a word or synonym, or `InvalidValue` that lists the styles."""
    style = find_style(text)
    if style is None:
        raise InvalidValue("style", text, "auto or one of " + ", ".join(STYLES))
    return style


def _bpm(value: ParameterValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue("session/tempo", value, "a number of quarter notes a minute, 20 to 400")
    return checked_bpm(float(value))


def _text(act: SetParameter) -> str:
    if not isinstance(act.value, str):
        raise InvalidValue(act.path, act.value, "text")
    return act.value


def _chords(act: SetChords) -> tuple[ChordSpan, ...]:
    if len(act.chords) > MAXIMUM_CHORDS:
        raise InvalidValue("chords", len(act.chords), f"at most {MAXIMUM_CHORDS}")
    spans = sorted(act.chords, key=lambda span: span.start)
    end = 0
    for span in spans:
        if span.length < 1 or span.start < end:
            raise InvalidValue("chords", span.start, "spans that do not overlap, 1 tick or longer")
        end = span.start + span.length
    return tuple(ChordSpan(span.start, span.length, _parsed(span.chord)) for span in spans)


@lru_cache(maxsize=4096)
def _parsed(symbol: str) -> Chord:
    """A song repeats its chords; reading thousands of symbols anew would hold up the loop."""
    return Chord.parse(symbol)
