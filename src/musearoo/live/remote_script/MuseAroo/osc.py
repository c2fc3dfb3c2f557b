"""The part of OSC 1.1 that goes between this script and the server: messages, no bundles.

A packet is refused as a whole (`Refused`) when one byte of it is not as it should be.
"""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

MAX_ADDRESS = 255
MAX_ARGUMENTS = 2048
_INT32 = 1 << 31
_INT64 = 1 << 63
_SIMPLE = {"i": "i", "f": "f", "d": "d", "h": "q"}
_CONSTANT = {"T": True, "F": False, "N": None}


class Refused(ValueError):
    """The bytes are no OSC message that is understood here, or a value has no OSC type."""


class Message(NamedTuple):
    """An address and its arguments: int, float, str, bytes, bool or None."""

    address: str
    arguments: tuple[Any, ...] = ()


def encode(message: Message) -> bytes:
    """Write a message; ints become `i` (`h` beyond 32 bits), floats `d`."""
    tags = [","]
    parts = []
    for value in message.arguments:
        tag, part = _encode_one(value)
        tags.append(tag)
        parts.append(part)
    return _text(message.address) + _text("".join(tags)) + b"".join(parts)


def decode(packet: bytes) -> Message:
    """Read one message; raises `Refused`."""
    address, position = _string(packet, 0)
    if not address.startswith("/") or len(address) > MAX_ADDRESS:
        raise Refused("not an address")
    tags, position = _string(packet, position)
    if not tags.startswith(",") or len(tags) > MAX_ARGUMENTS + 1:
        raise Refused("no type tags, or too many")
    if tags[1:].strip("ifdh"):
        arguments, position = _mixed(packet, position, tags)
    else:
        arguments, position = _numbers(packet, position, tags)
    if position != len(packet):
        raise Refused("bytes after the last argument")
    return Message(address, arguments)


def _encode_one(value: Any) -> tuple[str, bytes]:
    if value is None:
        return "N", b""
    if isinstance(value, bool):
        return ("T" if value else "F"), b""
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return "d", struct.pack(">d", value)
    if isinstance(value, str):
        return "s", _text(value)
    if isinstance(value, bytes):
        return "b", struct.pack(">i", len(value)) + _padded(value)
    msg = f"no OSC type for {type(value).__name__}"
    raise Refused(msg)


def _integer(value: int) -> tuple[str, bytes]:
    if -_INT32 <= value < _INT32:
        return "i", struct.pack(">i", value)
    if -_INT64 <= value < _INT64:
        return "h", struct.pack(">q", value)
    raise Refused("beyond 64 bits")


def _numbers(packet: bytes, position: int, tags: str) -> tuple[tuple[Any, ...], int]:
    """All arguments at once, which for the notes of a clip is many times faster."""
    form = struct.Struct(">" + tags[1:].replace("h", "q"))
    if position + form.size != len(packet):
        raise Refused("not as long as its type tags say")
    values = form.unpack_from(packet, position)
    if not all(map(math.isfinite, values)):
        raise Refused("not a finite number")
    return values, len(packet)


def _mixed(packet: bytes, position: int, tags: str) -> tuple[tuple[Any, ...], int]:
    arguments = []
    for tag in tags[1:]:
        value, position = _decode_one(packet, position, tag)
        arguments.append(value)
    return tuple(arguments), position


def _decode_one(packet: bytes, position: int, tag: str) -> tuple[Any, int]:
    if tag in _CONSTANT:
        return _CONSTANT[tag], position
    if tag in _SIMPLE:
        return _number(packet, position, ">" + _SIMPLE[tag])
    if tag == "s":
        return _string(packet, position)
    if tag == "b":
        return _blob(packet, position)
    raise Refused("unknown type tag")


def _number(packet: bytes, position: int, form: str) -> tuple[Any, int]:
    end = position + struct.calcsize(form)
    if end > len(packet):
        raise Refused("cut off in a number")
    value = struct.unpack_from(form, packet, position)[0]
    if not math.isfinite(value):
        raise Refused("not a finite number")
    return value, end


def _string(packet: bytes, position: int) -> tuple[str, int]:
    end = packet.find(b"\0", position)
    after = (end | 3) + 1
    if end < 0 or after > len(packet) or packet[end:after].strip(b"\0"):
        raise Refused("a string without its end")
    try:
        return packet[position:end].decode("utf-8"), after
    except UnicodeDecodeError:
        raise Refused("a string that is not UTF-8") from None


def _blob(packet: bytes, position: int) -> tuple[bytes, int]:
    size, position = _number(packet, position, ">i")
    after = position + (size + 3) // 4 * 4
    if size < 0 or after > len(packet) or packet[position + size : after].strip(b"\0"):
        raise Refused("a blob without its end")
    return packet[position : position + size], after


def _text(text: str) -> bytes:
    if "\0" in text:
        raise Refused("a string with NUL in it")
    raw = text.encode("utf-8", "replace")
    return raw + b"\0" * (4 - len(raw) % 4)


def _padded(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % 4)
