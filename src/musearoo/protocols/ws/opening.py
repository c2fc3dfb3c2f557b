"""Opening handshakes as nearly all clients send them, answered in one step (RFC 6455 §4.2).

A thousand who come back at once are let in here. Every other head, and every fault, is left to
`websockets`, which then reads the request from its first byte.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha1
from typing import Final

from musearoo.codecs.ws import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON

_KEY_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
_KEY_BYTES: Final = 16
_BODY: Final = frozenset(("content-length", "transfer-encoding"))
_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TOKENS: Final = re.compile(rf"{_NAME}(?:[ \t]*,[ \t]*{_NAME})*")
_MOST_FIELDS: Final = 64
_LONGEST: Final = 4_096


class Head(dict[str, str]):
    """The fields of a request of which none comes twice; names in small letters."""

    def get_all(self, name: str) -> list[str]:
        """The one value of a field, as a list."""
        value = self.get(name.lower())
        return [] if value is None else [value]


def plain_head(fields: Iterable[tuple[bytes, bytes]]) -> Head | None:
    """The fields of an opening handshake without anything unusual; None for any other."""
    head, count = Head(), 0
    for name, value in fields:
        count += 1
        if count > _MOST_FIELDS or len(value) > _LONGEST or not value.isascii():
            return None
        head[name.decode("ascii").lower()] = value.decode("ascii").strip(" \t")
    if len(head) != count or not _BODY.isdisjoint(head):
        return None
    if head.get("upgrade", "").lower() != "websocket" or head.get("sec-websocket-version") != "13":
        return None
    if "upgrade" not in _tokens(head.get("connection", "").lower()):
        return None
    if "sec-websocket-protocol" in head and not _tokens(head["sec-websocket-protocol"]):
        return None
    return head if _is_key(head.get("sec-websocket-key", "")) else None


def chosen(offered: Iterable[str]) -> str | None:
    """The first of our subprotocols that a client offers; none offered means JSON."""
    return next((each for each in (SUBPROTOCOL_JSON, SUBPROTOCOL_BINARY) if each in offered), None)


def acceptance(head: Head, now: float) -> tuple[bytes, str | None]:
    """The answer to a plain head at a time in seconds, and the subprotocol that is spoken."""
    key = head["sec-websocket-key"].encode()
    proof = b64encode(sha1(key + _KEY_SUFFIX, usedforsecurity=False).digest())
    spoken = chosen(_tokens(head.get("sec-websocket-protocol", "")))
    told = f"Sec-WebSocket-Protocol: {spoken}\r\n".encode() if spoken is not None else b""
    return b"".join((_switching(int(now)), proof, b"\r\n", told, b"\r\n")), spoken


def _tokens(value: str) -> list[str]:
    """The tokens of a list (RFC 9110 §5.6.1); none if it is not well formed."""
    if _TOKENS.fullmatch(value) is None:
        return []
    return [each.strip(" \t") for each in value.split(",")]


def _is_key(key: str) -> bool:
    try:
        return len(b64decode(key, validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False


@lru_cache(maxsize=2)
def _switching(second: int) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        f"Date: {formatdate(second, usegmt=True)}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    ).encode()
