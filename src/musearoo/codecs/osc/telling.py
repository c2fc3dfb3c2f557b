"""What the server tells OSC devices: values in force, and what has just happened."""

from typing import Final, TypeAlias

from musearoo.codecs.osc.addresses import ECHO, Address
from musearoo.codecs.osc.table import AddressTable
from musearoo.codecs.osc.values import Message
from musearoo.domain.engine import ParameterValue
from musearoo.domain.events import (
    ClipLaunched,
    ClockSourceSet,
    ContextAdopted,
    ControlMapped,
    Event,
    GenerationCompleted,
    KeySet,
    MeterSet,
    NotesEdited,
    ParameterSet,
    StyleSet,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.session.state import SessionState

Written: TypeAlias = tuple[float | int | str, ...]

PLAYING: Final = "transport/playing"
POSITION: Final = "transport/position"
_SESSION: Final = ("session/tempo", "session/key", "session/style", "session/meter")
_SET: Final[dict[type[Event], tuple[str, ...]]] = {
    TempoSet: ("session/tempo",),
    KeySet: ("session/key",),
    StyleSet: ("session/style",),
    MeterSet: ("session/meter",),
    ContextAdopted: _SESSION,
    TransportChanged: (PLAYING, POSITION),
    ClockSourceSet: ("session/clock_source",),
}


def changed(event: Event) -> tuple[str, ...]:
    """The paths whose values in force an event may have changed."""
    match event:
        case ParameterSet():
            return (event.path,)
        case TakeSelected() | GenerationCompleted() | NotesEdited():
            return (f"{event.part}/take",)
        case _:
            return _SET.get(type(event), ())


def all_paths(table: AddressTable, state: SessionState) -> tuple[str, ...]:
    """Every path that has a value in force."""
    parameters = [each.parameter for each in table.incoming if each.parameter is not None]
    takes = [f"{part}/take" for part in state.parts]
    return tuple(dict.fromkeys((*parameters, *state.parameters, *takes, PLAYING, POSITION)))


def value_in_force(path: str, state: SessionState) -> ParameterValue | None:
    """The value of a parameter or session setting; None where the engine's default counts."""
    match path:
        case "session/tempo":
            return state.tempo_map.bpm
        case "session/key":
            return state.key.name
        case "session/style":
            return state.style
        case "session/meter":
            return state.meter.name
        case "session/clock_source":
            return state.clock_source
        case _:
            return state.parameters.get(path)


def value_of(address: Address, state: SessionState) -> float | int | str | None:
    """What an address with one settable value has in force; None where it has none."""
    if address.parameter is None or not address.arguments:
        if address.path == f"/musearoo/{PLAYING}":
            return int(state.transport.playing)
        return None
    return address.arguments[0].written(value_in_force(address.parameter, state))


def told(path: str, state: SessionState, table: AddressTable, now: float) -> Message | None:
    """The message that tells of a path's value in force; None for a path that has none."""
    if path == PLAYING:
        return Message(f"/musearoo/{path}{ECHO}", (int(state.transport.playing),))
    if path == POSITION:
        return Message(f"/musearoo/{path}", place_of(state, now))
    part, _, name = path.partition("/")
    if name == "take":
        known = state.parts.get(part)
        return Message(f"/musearoo/{path}", ((known.selected or "") if known else "",))
    address = table.find(f"/musearoo/{path}") or table.find_in(f"/musearoo/{path}", state.parts)
    value = value_of(address, state) if address is not None else None
    return Message(f"/musearoo/{path}{ECHO}", (value,)) if value is not None else None


def place_of(state: SessionState, now: float) -> tuple[int, float]:
    """Where the transport is: bar from 1, quarter notes into it from 0."""
    bar, tick = divmod(state.tick_at(now), state.meter.bar_ticks)
    return bar + 1, round(tick / TICKS_PER_QUARTER, 3)


def generated(event: GenerationCompleted) -> Message:
    """A take is stored and selected."""
    return Message(
        f"/musearoo/{event.part}/generated",
        (float(event.confidence), int(event.generation_time_ms), event.take_id),
    )


def launched(event: ClipLaunched) -> Message:
    """A clip was launched, or stopped: then the take is empty."""
    return Message(f"/musearoo/{event.part}/launched", (event.take_id or "",))


def mapped(event: ControlMapped) -> Message:
    """A MIDI controller sets another parameter."""
    return Message("/musearoo/control/mapped", (event.channel, event.number, event.path or ""))


def error(code: str, text: str, *request: str) -> Message:
    """A refusal, of a request with its id; codes are written with underscores."""
    return Message("/musearoo/error", (code.replace("-", "_"), text[:200], *request))
