"""OSC packets to bytes; what this writes, `decode` reads."""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from musearoo.codecs.osc.decoding import BUNDLE_HEAD
from musearoo.codecs.osc.values import (
    MAXIMUM_ARGUMENTS,
    MAXIMUM_DEPTH,
    MAXIMUM_ELEMENTS,
    MAXIMUM_PACKET,
    Bundle,
    Char,
    Double,
    Impulse,
    Long,
    Message,
    Midi,
    OscRefused,
    Packet,
    Rgba,
    Symbol,
    TimeTag,
    checked_address,
)

_SMALL: Final = 32  # arguments; longer messages have a cache of their own
_INT32: Final = struct.Struct(">i")
_INT64: Final = struct.Struct(">q")
_FLOAT: Final = struct.Struct(">f")
_DOUBLE: Final = struct.Struct(">d")
_TIME_TAG: Final = struct.Struct(">Q")
_CHARACTER: Final = struct.Struct(">I")
_PLAIN: Final[dict[type, str]] = {int: "i", float: "f"}

_Write: TypeAlias = Callable[[Any], tuple[str, bytes]]


def encode(packet: Packet) -> bytes:
    """The packet's bytes; raises `OscRefused` for what OSC, or our limits, cannot hold.

    An int goes in 32 bits where it fits, else in 64; a float in 32 bits, rounded.
    """
    try:
        octets = _packet(packet, 0, [MAXIMUM_ELEMENTS])
    except (struct.error, OverflowError):
        raise OscRefused("A number does not fit into its OSC type.") from None
    except UnicodeEncodeError:
        raise OscRefused("A string holds what UTF-8 cannot: half of a surrogate pair.") from None
    if len(octets) > MAXIMUM_PACKET:
        raise OscRefused(f"A packet has at most {MAXIMUM_PACKET} bytes.")
    return octets


def _packet(packet: Packet, depth: int, left: list[int]) -> bytes:
    return _message(packet) if isinstance(packet, Message) else _bundle(packet, depth, left)


def _message(message: Message) -> bytes:
    arguments = message.arguments
    kinds = tuple(map(type, arguments))
    if len(kinds) <= _SMALL and len(message.address) <= _SMALL * 4:
        head, pack = _head(message.address, kinds)
    else:
        head, pack = b"", _packer(kinds)[1]
    if pack is not None:
        try:
            return (head or _written_head(message.address, kinds)) + pack(*arguments)
        except struct.error:  # an int beyond 32 bits
            pass
    return _general(message)


@lru_cache(512)
def _head(address: str, kinds: tuple[type, ...]) -> tuple[bytes, Callable[..., bytes] | None]:
    tags, pack = _packer(kinds)
    return (_address(address) + tags if pack else b""), pack


def _written_head(address: str, kinds: tuple[type, ...]) -> bytes:
    return _address(address) + _packer(kinds)[0]


@lru_cache(32)
def _packer(kinds: tuple[type, ...]) -> tuple[bytes, Callable[..., bytes] | None]:
    """The type tags as written and the packer, where all arguments are plain numbers."""
    if len(kinds) > MAXIMUM_ARGUMENTS or not all(kind in _PLAIN for kind in kinds):
        return b"", None
    tags = "".join(_PLAIN[kind] for kind in kinds)
    return _terminated(b"," + tags.encode()), struct.Struct(f">{tags}").pack


def _address(address: str) -> bytes:
    octets = address.encode()
    checked_address(octets)
    return _terminated(octets)


def _general(message: Message) -> bytes:
    tags: list[str] = [","]
    pieces: list[bytes] = []
    _write_all(message.arguments, tags, pieces, 0)
    written = "".join(tags)
    if len(written) - 1 > MAXIMUM_ARGUMENTS:
        raise OscRefused(f"A message has at most {MAXIMUM_ARGUMENTS} arguments.")
    return _address(message.address) + _terminated(written.encode()) + b"".join(pieces)


def _write_all(
    arguments: tuple[Any, ...], tags: list[str], pieces: list[bytes], depth: int
) -> None:
    if depth > MAXIMUM_DEPTH:
        raise OscRefused(f"Arrays lie at most {MAXIMUM_DEPTH} deep in arrays.")
    for argument in arguments:
        if isinstance(argument, tuple):
            tags.append("[")
            _write_all(argument, tags, pieces, depth + 1)
            tags.append("]")
            continue
        tag, octets = _writer(type(argument))(argument)
        tags.append(tag)
        pieces.append(octets)


def _writer(kind: type) -> _Write:
    for base in kind.__mro__:
        if base in _WRITERS:
            return _WRITERS[base]
    raise OscRefused(f"OSC has no type for {kind.__name__}.")


def _terminated(octets: bytes) -> bytes:
    return octets + bytes(4 - len(octets) % 4)


def _integer(value: int) -> tuple[str, bytes]:
    if -(1 << 31) <= value < 1 << 31:
        return "i", _INT32.pack(value)
    return "h", _INT64.pack(value)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise OscRefused("An OSC string cannot hold a zero byte.")
    return _terminated(value.encode())


def _blob(value: bytes) -> tuple[str, bytes]:
    return "b", _INT32.pack(len(value)) + value + bytes(-len(value) % 4)


def _char(value: str) -> tuple[str, bytes]:
    if len(value) != 1 or not value.isascii():
        raise OscRefused("A character is one of ASCII.")
    return "c", _CHARACTER.pack(ord(value))


def _four(tag: str, *parts: int) -> tuple[str, bytes]:
    return tag, struct.pack(">4B", *parts)


def _bundle(bundle: Bundle, depth: int, left: list[int]) -> bytes:
    if depth >= MAXIMUM_DEPTH:
        raise OscRefused(f"Bundles lie at most {MAXIMUM_DEPTH} deep in bundles.")
    left[0] -= len(bundle.elements)
    if left[0] < 0:
        raise OscRefused(f"A packet has at most {MAXIMUM_ELEMENTS} messages and bundles.")
    pieces = [BUNDLE_HEAD, _TIME_TAG.pack(bundle.time_tag)]
    for element in bundle.elements:
        octets = _packet(element, depth + 1, left)
        pieces += (_INT32.pack(len(octets)), octets)
    return b"".join(pieces)


# None and bool are looked for by their exact type before int, which bool also is.
_WRITERS: Final[dict[type, _Write]] = {
    bool: lambda value: ("T" if value else "F", b""),
    type(None): lambda _: ("N", b""),
    Impulse: lambda _: ("I", b""),
    int: _integer,
    Long: lambda value: ("h", _INT64.pack(value)),
    TimeTag: lambda value: ("t", _TIME_TAG.pack(value)),
    float: lambda value: ("f", _FLOAT.pack(value)),
    Double: lambda value: ("d", _DOUBLE.pack(value)),
    str: lambda value: ("s", _text(value)),
    Symbol: lambda value: ("S", _text(value)),
    Char: _char,
    bytes: _blob,
    Rgba: lambda value: _four("r", value.red, value.green, value.blue, value.alpha),
    Midi: lambda value: _four("m", value.port, value.status, value.data1, value.data2),
}
