"""The client's side: what the server sent, back as typed messages, domain events and states."""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

import msgspec

from musearoo.codecs.events import EVENT_TYPES
from musearoo.codecs.ws.outgoing import Outgoing
from musearoo.codecs.ws.refusal import FrameFault, FrameRefused
from musearoo.codecs.ws.text import UNREADABLE
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import (
    ChordsSet,
    ContextAdopted,
    Event,
    History,
    KeySet,
    MeterSet,
    Sequenced,
)
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.session.state import SessionState

MAXIMUM_SERVER_FRAME: Final = 8 * 1024 * 1024  # a snapshot may be large
ServerFrame = Outgoing | Sequenced


class _Head(msgspec.Struct, frozen=True):
    type: str


class _EventFrame(msgspec.Struct, frozen=True):
    type: str
    session_id: str
    user_id: str | None
    timestamp: float
    data: dict[str, Any]
    seq: int
    epoch: str
    cause: str | None = None
    history: History = "do"


_EVENTS: Final[Mapping[str, type[Event]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Event)
}
_HEAD: Final = msgspec.json.Decoder(_Head)
_EVENT: Final = msgspec.json.Decoder(_EventFrame)
_OUTGOING: Final[msgspec.json.Decoder[Outgoing]] = msgspec.json.Decoder(Outgoing)
_TAGS: Final = {
    "parameter_change": "parameter_set",
    "tempo_change": "tempo_set",
    "generation_request": "generation_accepted",
    "take_bar": "take_bar",
    "generation_complete": "generation_completed",
    "generation_error": "generation_failed",
    "chat_message": "chat_sent",
    "audio_stream_start": "audio_stream_started",
    "audio_stream_end": "audio_stream_ended",
}


def decode_server(frame: bytes | str, limit: int = MAXIMUM_SERVER_FRAME) -> ServerFrame:
    """Read a server's text frame; raises `FrameRefused`.

    An unknown type is refused as such: a client passes over it, since servers may be newer.
    """
    if len(frame) > limit:
        raise FrameRefused(FrameFault.TOO_LARGE, f"A message may have {limit} bytes at most.")
    try:
        kind = _HEAD.decode(frame).type
        if kind in EVENT_TYPES:
            return _sequenced(_EVENT.decode(frame))
        return _OUTGOING.decode(frame)
    except (*UNREADABLE, MuseArooError) as error:
        raise _refusal(frame, error) from None


def event_of(name: str, data: Mapping[str, Any]) -> Event:
    """The event of that name ("key_set") whose `data` this is.

    Raises `FrameRefused` for an unknown name, else what msgspec raises, or `InvalidValue`.
    """
    reader = _READERS.get(name)
    if reader is not None:
        return reader(data)
    kind = _EVENTS.get(name)
    if kind is None:
        raise FrameRefused(FrameFault.UNKNOWN_TYPE, f"There is no event {name[:40]!r}.")
    return msgspec.convert(data, kind)


def state_of(snapshot: Mapping[str, Any]) -> SessionState:
    """The state that a snapshot shows; nothing is known of the steps that could be undone.

    Raises what msgspec raises, or `InvalidValue`.
    """
    plain = {
        name: value
        for name, value in snapshot.items()
        if name not in {"key", "chords", "undo", "tempo", "time_signature", "grouping"}
    }
    state = msgspec.convert(plain, SessionState)
    return msgspec.structs.replace(
        state,
        key=_key(snapshot),
        meter=_meter(snapshot),
        chords=_chords(snapshot),
    )


def _sequenced(frame: _EventFrame) -> Sequenced:
    name = str(frame.data.get("name")) if frame.type == "event" else _TAGS[frame.type]
    return Sequenced(
        session=SessionId(frame.session_id),
        seq=frame.seq,
        epoch=frame.epoch,
        at=frame.timestamp,
        user=UserId(frame.user_id) if frame.user_id is not None else None,
        cause=frame.cause,
        event=event_of(name, frame.data),
        history=frame.history,
    )


def _refusal(frame: bytes | str, error: Exception) -> FrameRefused:
    try:
        kind = _HEAD.decode(frame).type
    except UNREADABLE:
        return FrameRefused(FrameFault.MALFORMED, f"This is not a message: {error}.")
    known = kind in EVENT_TYPES or kind in _OUTGOING_TYPES
    fault = FrameFault.INVALID if known else FrameFault.UNKNOWN_TYPE
    return FrameRefused(fault, f"{kind[:40]}: {error}.")


class _Span(msgspec.Struct, frozen=True):
    start: int
    length: int
    chord: str


class _KeyText(msgspec.Struct, frozen=True):
    key: str


class _MeterText(msgspec.Struct, frozen=True):
    time_signature: str
    grouping: tuple[int, ...] = ()


class _ChordTexts(msgspec.Struct, frozen=True):
    chords: tuple[_Span, ...]


def _key(data: Mapping[str, Any]) -> Key:
    return Key.parse(msgspec.convert(data, _KeyText).key)


def _meter(data: Mapping[str, Any]) -> Meter:
    text = msgspec.convert(data, _MeterText)
    plain = Meter.parse(text.time_signature)
    return Meter(plain.numerator, plain.denominator, text.grouping)


def _chords(data: Mapping[str, Any]) -> tuple[ChordSpan, ...]:
    spans = msgspec.convert(data, _ChordTexts).chords
    return tuple(ChordSpan(span.start, span.length, Chord.parse(span.chord)) for span in spans)


def _context(data: Mapping[str, Any]) -> ContextAdopted:
    read = {"key": _key(data), "meter": _meter(data), "chords": _chords(data)}
    return msgspec.convert({**data, **read}, ContextAdopted)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Event]]] = {
    "key_set": lambda data: KeySet(key=_key(data)),
    "meter_set": lambda data: MeterSet(meter=_meter(data)),
    "chords_set": lambda data: ChordsSet(chords=_chords(data)),
    "context_adopted": _context,
}
_OUTGOING_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Outgoing))
