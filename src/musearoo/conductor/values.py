"""Stored values as bytes: one place that says how they are encoded."""

import hashlib
from typing import Any, Final, TypeVar

import msgspec

from musearoo.domain.errors import InvalidValue

T = TypeVar("T")

# Mappings are sorted, so that equal values have equal bytes and equal hashes.
_PACK: Final = msgspec.msgpack.Encoder(order="deterministic")


def pack(value: Any) -> bytes:
    """Canonical MessagePack of a domain value."""
    return _PACK.encode(value)


def unpack(content: bytes, type_: type[T]) -> T:
    """The value that `pack` wrote."""
    return msgspec.msgpack.decode(content, type=type_)


def fingerprint(value: Any) -> str:
    """SHA-256 (hex) of the canonical bytes of a value; refuses numbers that cannot be stored."""
    try:
        return hashlib.sha256(pack(value)).hexdigest()
    except OverflowError:
        raise InvalidValue("a number", "too large", "below 2**63") from None


def hash_secret(secret: str) -> str:
    """How single-use secrets are kept: SHA-256 (hex), enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
