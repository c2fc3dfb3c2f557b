"""Session events and states as every door writes them: the envelope of the wire, in JSON values.

Types of the founding document where it has one, else `event` with its name in `data`. Keys
read "A minor", chords are Harte symbols, meters "6/8"; places are ticks of 1/960 quarter note.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from musearoo.domain.events import (
    AnalysisCompleted,
    AudioStreamEnded,
    AudioStreamStarted,
    ChatSent,
    ChordsSet,
    ClipLaunched,
    ClockSourceSet,
    ContextAdopted,
    ControlMapped,
    Event,
    FeelSet,
    FormSet,
    GenerationAccepted,
    GenerationCompleted,
    GenerationFailed,
    History,
    KeySet,
    LocksSet,
    MeterSet,
    NotesEdited,
    NothingToUndo,
    ParameterSet,
    Sequenced,
    StyleSet,
    TakeBar,
    TakeCommitted,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter, default_grouping
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.state import SessionState, Steps, Transport

Data = dict[str, Any]

_ENCODER: Final = msgspec.json.Encoder()
_OWN_TYPES: Final[dict[type[Event], str]] = {
    ParameterSet: "parameter_change",
    TempoSet: "tempo_change",
    GenerationAccepted: "generation_request",
    TakeBar: "take_bar",
    GenerationCompleted: "generation_complete",
    GenerationFailed: "generation_error",
    ChatSent: "chat_message",
    AudioStreamStarted: "audio_stream_start",
    AudioStreamEnded: "audio_stream_end",
}
EVENT_TYPES: Final = (*_OWN_TYPES.values(), "event")


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message to a client.

    `timestamp` is UNIX seconds, `cause` the id of the command that led to it; `history` tells
    an undo or redo from a change that was made for its own sake.
    """

    type: str
    session_id: str
    user_id: str | None
    timestamp: float
    data: Data
    seq: int
    epoch: str
    cause: str | None = None
    message_id: str | None = None
    history: History = "do"


def envelope(sequenced: Sequenced) -> Envelope:
    """The message that tells of an event."""
    event = sequenced.event
    type_ = wire_type(event)
    data = event_data(event)
    if type_ == "event":
        data = {"name": name_of(event), **data}
    return Envelope(
        type=type_,
        session_id=sequenced.session,
        user_id=sequenced.user,
        timestamp=sequenced.at,
        data=data,
        seq=sequenced.seq,
        epoch=sequenced.epoch,
        cause=sequenced.cause,
        history=sequenced.history,
    )


def encode_event(sequenced: Sequenced) -> bytes:
    """The message as JSON bytes."""
    event = sequenced.event
    if type(event) is ParameterSet:
        return _ENCODER.encode(_turned(sequenced, event))
    return _ENCODER.encode(envelope(sequenced))


def _turned(sequenced: Sequenced, event: ParameterSet) -> Envelope:
    """What `envelope` says of a parameter, in one step: it is nearly every event."""
    return Envelope(
        "parameter_change",
        sequenced.session,
        sequenced.user,
        sequenced.at,
        {
            "path": event.path,
            "value": event.value,
            "gesture": event.gesture,
            "lands_at": event.lands_at,
        },
        sequenced.seq,
        sequenced.epoch,
        sequenced.cause,
        history=sequenced.history,
    )


def wire_type(event: Event) -> str:
    """The message type that tells of an event: its own, or "event"."""
    return wire_type_of(type(event))


def wire_type_of(kind: type[Event]) -> str:
    """The message type that tells of this kind of event."""
    return _OWN_TYPES.get(kind, "event")


def name_of(event: Event) -> str:
    """The event's own name, such as "key_set"."""
    return str(type(event).__struct_config__.tag)


def event_data(event: Event) -> Data:
    """What an event says, in JSON values."""
    writer = _WRITERS.get(type(event))
    return writer(event) if writer is not None else _fields(event)


def snapshot(state: SessionState, now: float) -> Data:
    """A whole session state for somebody who starts here; `now` places the transport."""
    return {
        "parameters": dict(state.parameters),
        **_tempo(state.tempo_map),
        **_meter(state.meter),
        "key": state.key.name,
        "style": state.style,
        "clock_source": state.clock_source,
        "bars": state.bars,
        "chords": chords(state.chords, state.key),
        "sections": state.sections,
        "groove": state.groove,
        "energy": state.energy,
        "parts": state.parts,
        "controls": state.controls,
        "transport": transport(state.transport) | {"position": state.tick_at(now)},
        "analysis_id": state.analysis_id,
        "undo": {user: _undo(steps) for user, steps in state.steps.items()},
    }


def musical_context(state: SessionState) -> Data | None:
    """The musical context of a project in a few words, or None while nothing has been set."""
    if not any(path.startswith("session/") for path in state.versions):
        return None
    return {
        "tempo": round(state.tempo_map.bpm, 3),
        "key": state.key.name,
        "time_signature": state.meter.name,
        "style": state.style,
        "bars": state.bars,
        "chords": chords(state.chords[:64], state.key),
        "sections": [section.label for section in state.sections],
        "analysis_id": state.analysis_id,
    }


def chords(spans: tuple[ChordSpan, ...], key: Key) -> list[Data]:
    """A chord track: Harte symbols, spelled as the key likes, over ticks."""
    flats = key.prefers_flats
    return [
        {"start": span.start, "length": span.length, "chord": _symbol(span.chord, flats)}
        for span in spans
    ]


@lru_cache(maxsize=4096)
def _symbol(chord: Chord, flats: bool) -> str:
    return chord.symbol(flats=flats)


def transport(value: Transport) -> Data:
    """Whether the transport plays, and from where since when."""
    return {
        "playing": value.playing,
        "tick": value.tick,
        "since": value.since,
        "loop": value.loop,
    }


def _fields(event: Event) -> Data:
    return msgspec.structs.asdict(event)


def _undo(steps: Steps) -> Data:
    return {"undo": len(steps.done), "redo": len(steps.undone)}


def _tempo(tempo_map: TempoMap) -> Data:
    return {"tempo": tempo_map.bpm, "tempo_map": tempo_map}


def _meter(meter: Meter) -> Data:
    written: Data = {"time_signature": meter.name}
    if meter.grouping != default_grouping(meter.numerator, meter.denominator):
        written["grouping"] = meter.grouping
    return written


def _context(event: ContextAdopted) -> Data:
    return {
        "analysis_id": event.analysis_id,
        **_tempo(event.tempo_map),
        **_meter(event.meter),
        "key": event.key.name,
        "style": event.style,
        "bars": event.bars,
        "chords": chords(event.chords, event.key),
        "sections": event.sections,
        "groove": event.groove,
        "energy": event.energy,
    }


_WRITERS: Final[Mapping[type[Event], Callable[[Any], Data]]] = {
    TempoSet: lambda event: _tempo(event.tempo_map),
    KeySet: lambda event: {"key": event.key.name},
    MeterSet: lambda event: _meter(event.meter),
    ChordsSet: lambda event: {"chords": chords(event.chords, Key(0))},
    ContextAdopted: _context,
}
# Written field by field as they are.
PLAIN: Final = (
    ParameterSet, StyleSet, FormSet, FeelSet, TransportChanged, AnalysisCompleted,
    GenerationAccepted, TakeBar, GenerationCompleted, GenerationFailed, TakeSelected,
    TakeCommitted, NotesEdited, LocksSet, ClockSourceSet, ClipLaunched, ControlMapped,
    NothingToUndo, ChatSent,
    AudioStreamStarted, AudioStreamEnded,
)  # fmt: skip
