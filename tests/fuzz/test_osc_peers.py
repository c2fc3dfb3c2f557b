"""python-osc and liblo read the same in the same bytes, wherever they and we read them."""

import struct
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from musearoo.codecs.osc import (
    IMPULSE,
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
    compile_pattern,
    decode,
    encode,
)
from tests.fuzz import liblo
from tests.fuzz.spent import looks_on, mutations
from tests.unit.codecs.osc.packets import ENCODED, address, simple, text

# The peers are slow, and a million tells no more.
MOST = 200_000 if looks_on() else 8_000
PIECES = [b"\0" * 4, b"\0\0\0\1", b"\xff" * 4, b"i", b"s", b"T", b"/x\0\0,i\0\0"]
few = settings(max_examples=min(settings().max_examples, 4_000))
needs_liblo = pytest.mark.skipif(liblo.LIBRARY is None, reason="system library missing: liblo")
common = (
    simple.filter(lambda value: value != b"")  # python-osc cannot send an empty blob
    | st.none()
    | st.floats(allow_nan=False).map(Double)
    | st.integers(-(2**63), 2**63 - 1).map(Long)
)


def as_python_osc(value: Any) -> Any:
    """Our values as python-osc gives them."""
    match value:
        case Rgba():
            return int.from_bytes((value.red, value.green, value.blue, value.alpha), "big")
        case Midi():
            return (value.port, value.status, value.data1, value.data2)
        case tuple():
            return [as_python_osc(inner) for inner in value]
    return value


def same(ours: Packet, theirs: OscMessage | OscBundle) -> bool:
    if isinstance(ours, Bundle):
        assert isinstance(theirs, OscBundle)
        assert theirs.num_contents == len(ours.elements)
        return all(map(same, ours.elements, theirs))
    assert isinstance(theirs, OscMessage)
    assert theirs.address == ours.address
    # By their text, in which not-a-number is equal to itself and 1 is not 1.0.
    read = [as_python_osc(value) for value in ours.arguments]
    return repr(read) == repr(theirs.params)


def tags_of(value: Packet) -> set[type]:
    if isinstance(value, Bundle):
        return set().union(*map(tags_of, value.elements))
    return set(map(type, flat(value.arguments)))


def flat(values: tuple[Any, ...]) -> list[Any]:
    return [v for value in values for v in (flat(value) if isinstance(value, tuple) else [value])]


@few
@given(address, st.lists(common, max_size=6).map(tuple))
def test_what_python_osc_writes_is_read(address: str, arguments: tuple[Any, ...]) -> None:
    builder = OscMessageBuilder(address)
    for value in arguments:
        kind = {Double: "d", Long: "h", int: "i"}.get(type(value))
        builder.add_arg(value, kind)
    datagram = builder.build().dgram
    assert decode(datagram) == Message(address, arguments)
    assert encode(Message(address, arguments)) == datagram


@few
@given(address, st.lists(common, max_size=6).map(tuple))
def test_python_osc_reads_what_is_written(address: str, arguments: tuple[Any, ...]) -> None:
    message = Message(address, arguments)
    datagram = encode(Bundle(1, (message, Bundle(2**40, (message,)))))
    assert same(decode(datagram), OscBundle(datagram))


UNKNOWN_TO_PYTHON_OSC = {TimeTag, Char, Symbol, type(IMPULSE)}  # t it reads as a calendar date


def test_python_osc_reads_the_same_in_damaged_packets() -> None:
    """Seeded damage: whatever we accept, python-osc reads as the same values."""
    compared = 0
    for octets in islice(mutations(ENCODED, PIECES), MOST):
        padded = octets + bytes(-len(octets) % 4)
        try:
            ours = decode(padded)
        except OscRefused:
            continue
        if tags_of(ours) & UNKNOWN_TO_PYTHON_OSC:
            continue
        theirs = OscBundle(padded) if isinstance(ours, Bundle) else OscMessage(padded)
        assert same(ours, theirs)
        compared += 1
    assert compared > 500


LIBLO_TAGS: dict[type, str] = {
    int: "i", float: "f", str: "s", bytes: "b", Long: "h", Double: "d", TimeTag: "t",
    Symbol: "S", Char: "c", Midi: "m", type(None): "N", type(IMPULSE): "I",
}  # fmt: skip


def as_liblo(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return ("T" if value else "F"), None
    tag = LIBLO_TAGS[type(value)]
    match value:
        case Midi():
            return tag, (value.port, value.status, value.data1, value.data2)
        case TimeTag():
            return tag, struct.unpack(">II", struct.pack(">Q", value))
        case Char():
            return tag, ord(value)
        case str():
            return tag, value.encode()
    return tag, (None if tag in "NI" else value)


OURS_ALONE = ("ASCII", "slash", "UTF-8", "address", "arguments", "no OSC type", "array")


@needs_liblo
@few
@given(address, st.lists(common | text.map(Symbol) | st.just(IMPULSE), max_size=6).map(tuple))
def test_liblo_reads_what_is_written(address: str, arguments: tuple[Any, ...]) -> None:
    assert liblo.read(encode(Message(address, arguments))) == list(map(as_liblo, arguments))


@needs_liblo
def test_liblo_reads_the_same_in_damaged_packets() -> None:
    """Seeded damage: both refuse, or both read the same types and values.

    We alone refuse addresses that are not of ASCII, strings that are not UTF-8 and the like,
    each by name; liblo alone refuses colours, arrays and messages without type tags.
    """
    compared, disputed = 0, set[str]()
    messages = [octets for octets in ENCODED if octets.startswith(b"/")]
    for octets in islice(mutations(messages, PIECES), MOST):
        padded = octets + bytes(-len(octets) % 4)
        theirs = liblo.read(padded)
        try:
            ours = decode(padded)
        except OscRefused as refused:
            if theirs is not None:
                disputed.add(refused.detail)
            continue
        if isinstance(ours, Bundle) or set(map(type, ours.arguments)) & {Rgba, tuple}:
            continue
        if theirs is None:
            assert b"," not in padded or not ours.arguments, padded
            continue
        assert repr(theirs) == repr(list(map(as_liblo, ours.arguments))), padded
        compared += 1
    assert compared > 500
    assert not [detail for detail in disputed if not any(word in detail for word in OURS_ALONE)]


names = st.text("abc-", max_size=6)
# No braces: liblo 0.31 finds that "{ab,c}*" does not stand for "c".
pieces = st.sampled_from(["a", "b", "?", "*", "[ab]", "[!a]", "[a-c]"])


@needs_liblo
@few
@given(st.lists(pieces, max_size=5).map("".join), names)
def test_liblo_matches_the_same_names(pattern: str, name: str) -> None:
    if pattern:
        ours = compile_pattern(f"/{pattern}").matches(f"/{name}")
        assert ours == liblo.matches(f"/{name}", f"/{pattern}"), (pattern, name)
