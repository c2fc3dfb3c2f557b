"""Server frames as bytes (RFC 6455 §5.2). They are unmasked, so one copy serves every receiver."""

from collections.abc import Iterator
from struct import Struct
from typing import Final

import msgspec

from musearoo.codecs.events import encode_event
from musearoo.codecs.ws import key_of
from musearoo.codecs.ws.handles import HandleTable
from musearoo.codecs.ws.table import Key
from musearoo.domain.events import Sequenced

_TEXT: Final = 0x81  # FIN, opcode 1
_BINARY: Final = 0x82  # FIN, opcode 2
_head = Struct(">BBH").pack


def text_frame(payload: bytes) -> bytes:
    """A whole text message."""
    return _frame(_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """A whole binary message."""
    return _frame(_BINARY, payload)


def payloads_of(frames: bytes) -> Iterator[tuple[bool, bytes]]:
    """Of frames made here, one after the other: whether each is text, and its payload."""
    at = 0
    while at < len(frames):
        head = at + {126: 4, 127: 10}.get(frames[at + 1], 2)
        size = frames[at + 1] if head == at + 2 else int.from_bytes(frames[at + 2 : head], "big")
        yield frames[at] == _TEXT, frames[head : head + size]
        at = head + size


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return _head(first, 126, size) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class Post(msgspec.Struct, gc=False):
    """A session event on its way to everyone: framed once for each subprotocol.

    `sender` is the number of the connection that caused it, 0 if none did; `at` is monotonic.
    """

    sequenced: Sequenced
    sender: int
    at: float
    seq: int = 0
    key: Key | None = None
    text: bytes = b""
    _binary: bytes | None = None

    def __post_init__(self) -> None:
        sequenced = self.sequenced
        self.seq = sequenced.seq
        self.key = key_of(sequenced.event)
        self.text = _frame(_TEXT, encode_event(sequenced))  # the log counts its bytes

    def binary(self, handles: HandleTable) -> bytes:
        """The event as a binary frame, or as text where only text can say it."""
        if self._binary is None:
            record = handles.record_of(self.sequenced, self.sender)
            self._binary = self.text if record is None else binary_frame(record)
        return self._binary


class Word:
    """An unnumbered frame on its way to everyone; a later one of its key replaces it."""

    __slots__ = ("_record", "key", "text")
    seq: Final = 0

    def __init__(self, text: bytes, record: bytes, key: Key) -> None:
        self.text = text
        self.key = key
        self._record = record

    def binary(self, _handles: HandleTable) -> bytes:
        """The same for those who read records."""
        return self._record
