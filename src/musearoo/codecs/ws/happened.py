"""The client's side: what the server sent, back as typed messages, domain events and states."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from musearoo.codecs.events import EVENT_TYPES, wire_type_of
from musearoo.codecs.ws.outgoing import Outgoing
from musearoo.codecs.ws.refusal import FrameFault, FrameRefused
from musearoo.codecs.ws.shown import SHOWN, StateShown
from musearoo.codecs.ws.text import UNREADABLE
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import Event, History, Sequenced
from musearoo.domain.ids import SessionId, UserId
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


_HEAD: Final = msgspec.json.Decoder(_Head)
_EVENT: Final = msgspec.json.Decoder(_EventFrame)
_OUTGOING: Final[msgspec.json.Decoder[Outgoing]] = msgspec.json.Decoder(Outgoing)
_KINDS: Final[Mapping[str, type[Event]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Event)
}
_BY_TYPE: Final = {wire_type_of(kind): kind for kind in _KINDS.values()}
_OUTGOING_TYPES: Final = {str(kind.__struct_config__.tag) for kind in get_args(Outgoing)}


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


def state_of(snapshot: object) -> SessionState:
    """The state that a snapshot shows; nothing is known of the steps that could be undone.

    Raises `FrameRefused`.
    """
    try:
        return msgspec.convert(snapshot, StateShown).state()
    except (*UNREADABLE, MuseArooError) as error:
        raise FrameRefused(FrameFault.INVALID, f"This is not a state: {error}.") from None


def _sequenced(frame: _EventFrame) -> Sequenced:
    return Sequenced(
        session=SessionId(frame.session_id),
        seq=frame.seq,
        epoch=frame.epoch,
        at=frame.timestamp,
        user=UserId(frame.user_id) if frame.user_id is not None else None,
        cause=frame.cause,
        event=_event(_kind(frame), frame.data),
        history=frame.history,
    )


def _kind(frame: _EventFrame) -> type[Event]:
    if frame.type != "event":
        return _BY_TYPE[frame.type]
    name = str(frame.data.get("name"))
    kind = _KINDS.get(name)
    if kind is None:
        raise FrameRefused(FrameFault.UNKNOWN_TYPE, f"There is no event {name[:40]!r}.")
    return kind


def _event(kind: type[Event], data: dict[str, Any]) -> Event:
    shown = SHOWN.get(kind)
    return msgspec.convert(data, kind) if shown is None else msgspec.convert(data, shown).event()


def _refusal(frame: bytes | str, error: Exception) -> FrameRefused:
    try:
        kind = _HEAD.decode(frame).type
    except UNREADABLE:
        return FrameRefused(FrameFault.MALFORMED, f"This is not a message: {error}.")
    known = kind in EVENT_TYPES or kind in _OUTGOING_TYPES
    fault = FrameFault.INVALID if known else FrameFault.UNKNOWN_TYPE
    return FrameRefused(fault, f"{kind[:40]}: {error}.")
