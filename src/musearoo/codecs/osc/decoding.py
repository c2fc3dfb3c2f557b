"""Bytes to OSC packets, strictly and in time linear in their length."""

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from musearoo.codecs.osc.values import (
    IMPULSE,
    MAXIMUM_ARGUMENTS,
    MAXIMUM_DEPTH,
    MAXIMUM_ELEMENTS,
    MAXIMUM_PACKET,
    Argument,
    Bundle,
    Char,
    Double,
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

BUNDLE_HEAD: Final = b"#bundle\0"
_ZEROS: Final = (b"", b"\0", b"\0\0", b"\0\0\0", b"\0\0\0\0")

_PADDING: Final = "Padding is of zero bytes."

# What the caches below hold at most is some 10 MiB, whatever is sent.
_CACHED_HEAD: Final = 256
_CACHED_HEADS: Final = 512
_CACHED_LAYOUTS: Final = 32

_Unpack: TypeAlias = Callable[[bytes, int], tuple[Any, ...]]
_Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
_Make: TypeAlias = Callable[[Iterator[Any]], Argument]
_Arguments: TypeAlias = Callable[[bytes, int], tuple[Argument, ...]]
# The bytes of the arguments where all are plain numbers, else -1; how to read them.
_Layout: TypeAlias = tuple[int, _Unpack | _Arguments]

_INT32: Final = struct.Struct(">i")
_TIME_TAG: Final = struct.Struct(">Q")


def decode(packet: bytes) -> Packet:
    """A whole packet, nothing before or after it; raises `OscRefused` and nothing else."""
    try:
        return _packet(packet, 0, [MAXIMUM_ELEMENTS])
    except struct.error:
        raise OscRefused("The arguments end before their type tags do.") from None
    except UnicodeDecodeError:
        raise OscRefused("A string is not UTF-8.") from None


def _packet(packet: bytes, depth: int, left: list[int]) -> Packet:
    size = len(packet)
    if size & 3 or not 0 < size <= MAXIMUM_PACKET:
        raise OscRefused(
            f"A packet has a multiple of 4 bytes, 4 to {MAXIMUM_PACKET}; this one has {size}."
        )
    if packet.startswith(BUNDLE_HEAD):
        return _bundle(packet, depth, left)
    return _message(packet, size)


def _message(packet: bytes, size: int) -> Message:
    tags_at = (packet.find(0) | 3) + 1
    body = (packet.find(0, tags_at) | 3) + 1
    if not body:  # find gave -1
        return _without_tags(packet)
    head = packet[:body]
    address, length, read = _cached_head(head) if body <= _CACHED_HEAD else _head(head)
    if length < 0:
        return Message(address, read(packet, body))
    if body + length != size:
        raise OscRefused(f"The type tags ask for {length} bytes; there are {size - body}.")
    return Message(address, read(packet, body))


def _without_tags(packet: bytes) -> Message:
    """Old senders leave the type tags out; that can be read where there are no arguments."""
    end = packet.find(0)
    if end < 0 or (end | 3) + 1 != len(packet):
        raise OscRefused("The address or the type tags are not ended by a zero byte.")
    _check_zeros(packet, end, len(packet))
    return Message(checked_address(packet[:end]))


def _head(head: bytes) -> tuple[str, int, _Unpack | _Arguments]:
    end = head.index(0)
    tags_at = (end | 3) + 1
    tags_end = head.index(0, tags_at)
    address = checked_address(head[:end])
    _check_zeros(head, end, tags_at)
    _check_zeros(head, tags_end, len(head))
    if head[tags_at : tags_at + 1] != b",":
        raise OscRefused("The type tags begin with a comma.")
    if tags_end - tags_at - 1 > MAXIMUM_ARGUMENTS:
        raise OscRefused(f"A message has at most {MAXIMUM_ARGUMENTS} arguments.")
    return address, *_layout(head[tags_at + 1 : tags_end])


_cached_head = lru_cache(_CACHED_HEADS)(_head)


@lru_cache(_CACHED_LAYOUTS)
def _layout(tags: bytes) -> _Layout:
    if not tags.translate(None, b"if"):
        plain = struct.Struct(b">" + tags)
        return plain.size, plain.unpack_from
    unknown = tags.translate(None, _KNOWN)
    if unknown:
        raise OscRefused(f"There is no OSC type {chr(unknown[0])!r}.")
    if not tags.translate(None, _FIXED):
        return -1, _fixed(tags)
    readers, rest = _readers(tags, 0, 0)
    if rest < len(tags):
        raise OscRefused("The type tags close an array that was not opened.")
    return -1, _sequence(readers)


def _fixed(tags: bytes) -> _Arguments:
    """Arguments whose length the tags tell, in one step."""
    whole = struct.Struct(b">" + tags.translate(_FORMATS, b"TFNI"))
    makers = tuple(_MAKERS[tag] for tag in tags)

    def read(packet: bytes, at: int) -> tuple[Argument, ...]:
        if at + whole.size != len(packet):
            raise OscRefused(f"The type tags ask for {whole.size} bytes of arguments.")
        numbers = iter(whole.unpack_from(packet, at))
        return tuple([make(numbers) for make in makers])

    return read


def _sequence(readers: tuple[_Read, ...]) -> _Arguments:
    def read(packet: bytes, at: int) -> tuple[Argument, ...]:
        values, end = _walk(readers, packet, at)
        if end != len(packet):
            raise OscRefused(f"There are {len(packet) - end} bytes after the last argument.")
        return values

    return read


def _walk(readers: tuple[_Read, ...], packet: bytes, at: int) -> tuple[tuple[Argument, ...], int]:
    values = []
    for read in readers:
        value, at = read(packet, at)
        values.append(value)
    return tuple(values), at


def _readers(tags: bytes, at: int, depth: int) -> tuple[tuple[_Read, ...], int]:
    """One reader for each argument from tag `at` to the end of this level, and that end."""
    if depth > MAXIMUM_DEPTH:
        raise OscRefused(f"Arrays lie at most {MAXIMUM_DEPTH} deep in arrays.")
    readers: list[_Read] = []
    while at < len(tags) and tags[at] != _CLOSE:
        if tags[at] == _OPEN:
            inner, at = _readers(tags, at + 1, depth + 1)
            if at == len(tags):
                raise OscRefused("The type tags open an array and do not close it.")
            readers.append(_array(inner))
        else:
            readers.append(_READERS[tags[at]])
        at += 1
    return tuple(readers), at


def _array(readers: tuple[_Read, ...]) -> _Read:
    return lambda packet, at: _walk(readers, packet, at)


def _string(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.find(0, at)
    if end < 0:
        raise OscRefused("A string is not ended by a zero byte.")
    after = (end | 3) + 1
    if packet[end:after] != _ZEROS[after - end]:
        raise OscRefused(_PADDING)
    return packet[at:end].decode(), after


def _symbol(packet: bytes, at: int) -> tuple[Symbol, int]:
    text, after = _string(packet, at)
    return Symbol(text), after


def _blob(packet: bytes, at: int) -> tuple[bytes, int]:
    (length,) = _INT32.unpack_from(packet, at)
    end = at + 4 + length
    after = (end + 3) & ~3
    if length < 0 or after > len(packet):
        raise OscRefused(f"A blob says that it has {length} bytes; the packet does not.")
    _check_zeros(packet, end, after)
    return packet[at + 4 : end], after


def _check_zeros(packet: bytes, start: int, end: int) -> None:
    if packet[start:end] != _ZEROS[end - start]:
        raise OscRefused(_PADDING)


def _single(tag: int) -> _Read:
    """A reader for one argument of a type of fixed length."""
    one = struct.Struct(b">" + bytes((tag,)).translate(_FORMATS, b"TFNI"))
    make = _MAKERS[tag]

    def read(packet: bytes, at: int) -> tuple[Argument, int]:
        return make(iter(one.unpack_from(packet, at))), at + one.size

    return read


def _char(numbers: Iterator[int]) -> Char:
    code = next(numbers)
    if code > 127:
        raise OscRefused("A character is of ASCII.")
    return Char(chr(code))


def _bundle(packet: bytes, depth: int, left: list[int]) -> Bundle:
    if depth >= MAXIMUM_DEPTH:
        raise OscRefused(f"Bundles lie at most {MAXIMUM_DEPTH} deep in bundles.")
    size = len(packet)
    if size < 16:
        raise OscRefused("A bundle has a time tag.")
    at, elements = 16, []
    while at < size:
        (length,) = _INT32.unpack_from(packet, at)
        if length <= 0 or length > size - at - 4:
            raise OscRefused(f"An element says that it has {length} bytes; the bundle does not.")
        left[0] -= 1
        if left[0] < 0:
            raise OscRefused(f"A packet has at most {MAXIMUM_ELEMENTS} messages and bundles.")
        elements.append(_packet(packet[at + 4 : at + 4 + length], depth + 1, left))
        at += 4 + length
    return Bundle(_TIME_TAG.unpack_from(packet, 8)[0], tuple(elements))


_OPEN, _CLOSE = b"[]"
_FIXED: Final = b"ifhdtcrmTFNI"
_KNOWN: Final = _FIXED + b"sSb[]"
_FORMATS: Final = bytes.maketrans(b"ifhdtcrm", b"ifqdQIII")
_MAKERS: Final[dict[int, _Make]] = {
    ord("i"): next,
    ord("f"): next,
    ord("h"): lambda numbers: Long(next(numbers)),
    ord("d"): lambda numbers: Double(next(numbers)),
    ord("t"): lambda numbers: TimeTag(next(numbers)),
    ord("c"): _char,
    ord("r"): lambda numbers: Rgba(*next(numbers).to_bytes(4, "big")),
    ord("m"): lambda numbers: Midi(*next(numbers).to_bytes(4, "big")),
    ord("T"): lambda _: True,
    ord("F"): lambda _: False,
    ord("N"): lambda _: None,
    ord("I"): lambda _: IMPULSE,
}
_READERS: Final[dict[int, _Read]] = {
    ord("s"): _string,
    ord("S"): _symbol,
    ord("b"): _blob,
    **{tag: _single(tag) for tag in _FIXED},
}
