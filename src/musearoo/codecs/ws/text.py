"""Text frames: JSON in, typed messages out, and the reverse."""

import re
from itertools import accumulate
from typing import Any, Final

import msgspec

from musearoo.codecs.ws.incoming import Incoming
from musearoo.codecs.ws.outgoing import Outgoing
from musearoo.codecs.ws.refusal import MAXIMUM_FRAME, FrameFault, FrameRefused
from musearoo.codecs.ws.table import SENT_BY_CLIENTS, SENT_BY_SERVER

MAXIMUM_DEPTH: Final = 32
# A string that is never closed runs to the end, so that no input is read twice.
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(octet for octet in range(256) if octet not in b"[]{}")
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # as signed bytes: in 1, out -1
_DECODER: Final[msgspec.json.Decoder[Incoming]] = msgspec.json.Decoder(Incoming)
_ENCODER: Final = msgspec.json.Encoder()


class _Head(msgspec.Struct, frozen=True):
    type: Any = None
    message_id: Any = None


_HEAD: Final = msgspec.json.Decoder(_Head)
# What msgspec raises on hostile bytes: its own errors, text that is no UTF-8 (a ValueError),
# nesting deeper than the interpreter allows.
UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def decode(frame: bytes | str, limit: int = MAXIMUM_FRAME) -> Incoming:
    """Read a client's message; raises `FrameRefused` and nothing else.

    `limit` is in bytes; before anybody has joined it is `MAXIMUM_FIRST_FRAME`.
    """
    if len(frame) > limit:
        raise FrameRefused(FrameFault.TOO_LARGE, f"A message may have {limit} bytes at most.")
    try:
        octets = frame.encode() if isinstance(frame, str) else frame
        if octets.count(b"[") + octets.count(b"{") > MAXIMUM_DEPTH and _is_too_deep(octets):
            raise FrameRefused(FrameFault.MALFORMED, "The brackets are too deep.")
        return _DECODER.decode(octets)
    except UNREADABLE as error:
        raise _refusal(frame, error) from None


def encode(message: Outgoing | Incoming) -> bytes:
    """The message as JSON; of session events `SharedEvent` keeps the one copy for all."""
    return _ENCODER.encode(message)


def _is_too_deep(frame: bytes) -> bool:
    """Whether brackets nest deeper than allowed; few brackets cannot, so that nobody asks."""
    brackets = _STRINGS.sub(b"", frame).translate(_STEPS, delete=_NOT_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0) > MAXIMUM_DEPTH


def _refusal(frame: bytes | str, error: Exception) -> FrameRefused:
    try:
        head = _HEAD.decode(frame)
    except UNREADABLE as unreadable:
        return FrameRefused(FrameFault.MALFORMED, f"This is not a message: {unreadable}.")
    reply_to = head.message_id if _is_id(head.message_id) else None
    if not isinstance(head.type, str):
        return FrameRefused(FrameFault.MALFORMED, "A message needs a `type`.", reply_to)
    if head.type in SENT_BY_CLIENTS:
        return FrameRefused(FrameFault.INVALID, f"{head.type}: {error}.", reply_to)
    if head.type in SENT_BY_SERVER:
        detail = f"{head.type} is sent by the server only."
    else:
        detail = f"There is no message type {head.type[:40]!r}."
    return FrameRefused(FrameFault.UNKNOWN_TYPE, detail, reply_to)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 128
