"""OSC packets are the bytes that the specification says, and every value comes back as it was."""

import math
from enum import StrEnum

import pytest
from hypothesis import given

from musearoo.codecs.osc import (
    IMMEDIATELY,
    IMPULSE,
    MAXIMUM_ARGUMENTS,
    Argument,
    Bundle,
    Char,
    Double,
    Long,
    Message,
    Midi,
    Packet,
    Rgba,
    Symbol,
    TimeTag,
    decode,
    encode,
)
from tests.unit.codecs.osc.packets import EXAMPLES, by_hand, packet

# OSC 1.0, "OSC Message Examples".
FIRST = bytes.fromhex("2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000")
SECOND = bytes.fromhex(
    "2f666f6f000000002c696973666600000000 03e8ffffffff68656c6c6f0000003f9df3b640b5b22d"
)

TYPES: list[tuple[Argument, bytes, bytes]] = [
    (1000, b"i", b"\x00\x00\x03\xe8"),
    (-1, b"i", b"\xff\xff\xff\xff"),
    (0.5, b"f", b"\x3f\x00\x00\x00"),
    ("hello", b"s", b"hello\0\0\0"),
    ("four", b"s", b"four\0\0\0\0"),
    ("", b"s", b"\0\0\0\0"),
    ("é", b"s", b"\xc3\xa9\0\0"),
    (b"", b"b", b"\0\0\0\0"),
    (b"abc", b"b", b"\0\0\0\3abc\0"),
    (b"abcd", b"b", b"\0\0\0\4abcd"),
    (2**31, b"h", b"\0\0\0\0\x80\0\0\0"),
    (-(2**63), b"h", b"\x80" + bytes(7)),
    (Long(5), b"h", b"\0\0\0\0\0\0\0\5"),
    (TimeTag(1), b"t", b"\0\0\0\0\0\0\0\1"),
    (Double(0.1), b"d", b"\x3f\xb9\x99\x99\x99\x99\x99\x9a"),
    (Symbol("hi"), b"S", b"hi\0\0"),
    (Char("A"), b"c", b"\0\0\0A"),
    (Rgba(1, 2, 3, 4), b"r", b"\1\2\3\4"),
    (Midi(0, 0x90, 60, 100), b"m", b"\x00\x90\x3c\x64"),
    (True, b"T", b""),
    (False, b"F", b""),
    (None, b"N", b""),
    (IMPULSE, b"I", b""),
    ((), b"[]", b""),
    ((1, ("x", True)), b"[i[sT]]", b"\0\0\0\1x\0\0\0"),
]


def test_the_examples_of_the_specification() -> None:
    assert decode(FIRST) == Message("/oscillator/4/frequency", (440.0,))
    assert encode(Message("/oscillator/4/frequency", (440.0,))) == FIRST
    second = decode(SECOND)
    assert isinstance(second, Message)
    assert second.arguments[:3] == (1000, -1, "hello")
    assert second.arguments[3:] == pytest.approx((1.234, 5.678))
    assert encode(second) == SECOND


@pytest.mark.parametrize(("value", "tag", "octets"), TYPES)
def test_each_type(value: Argument, tag: bytes, octets: bytes) -> None:
    """A type has its tag and its bytes, and gives the value back in its own class."""
    alone = by_hand(b"/x", tag, octets)
    assert encode(Message("/x", (value,))) == alone
    assert decode(alone) == Message("/x", (value,))
    among = by_hand(b"/x", b"i" + tag + b"f", b"\0\0\0\7", octets, b"\x3f\0\0\0")
    read = decode(among)
    assert isinstance(read, Message)
    assert read.arguments == (7, value, 0.5)
    assert encode(read) == among  # Long(5) has not become 5


def test_a_wrapped_value_is_a_plain_one_too() -> None:
    """What reads numbers and text generously need not know the wrappers."""
    read = decode(encode(Message("/x", (Double(0.25), Long(3), Symbol("y")))))
    assert isinstance(read, Message)
    assert read.arguments == (0.25, 3, "y")
    double, long, symbol = read.arguments
    assert type(double) is Double
    assert type(double.value) is float
    assert type(long) is Long
    assert type(long.value) is int
    assert type(symbol) is Symbol
    assert type(symbol.value) is str


def test_a_word_of_a_closed_list_goes_as_a_string() -> None:
    class Word(StrEnum):
        FUNK = "funk"

    assert encode(Message("/x", (Word.FUNK,))) == encode(Message("/x", ("funk",)))


def test_not_a_number_and_infinity_are_read() -> None:
    """They are OSC; whether they are wanted is decided behind the codec."""
    read = decode(encode(Message("/x", (math.nan, math.inf, -math.inf))))
    assert isinstance(read, Message)
    assert repr(read.arguments) == "(nan, inf, -inf)"


def test_a_message_of_an_old_sender_without_tags_has_no_arguments() -> None:
    assert decode(b"/xinfo\0\0") == Message("/xinfo")
    assert encode(Message("/xinfo")) == b"/xinfo\0\0,\0\0\0"


def test_a_bundle_of_the_specification() -> None:
    octets = (
        b"#bundle\0" + bytes(7) + b"\1" + b"\0\0\0\x0c" + by_hand(b"/a", b"i", b"\0\0\0\1")
        + b"\0\0\0\x08" + by_hand(b"/b", b"")
    )  # fmt: skip
    bundle = Bundle(IMMEDIATELY, (Message("/a", (1,)), Message("/b")))
    assert decode(octets) == bundle
    assert encode(bundle) == octets
    assert decode(b"#bundle\0" + bytes(8)) == Bundle(0)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_second_time_is_as_the_first(example: Packet) -> None:
    """What the first reading learned about a head does not change the second."""
    octets = encode(example)
    for _ in range(3):
        assert decode(octets) == example
        assert encode(example) == octets


def test_four_hundred_notes_and_the_longest_message() -> None:
    notes = tuple(value for step in range(400) for value in (60, step / 4, 0.25, 100, step % 2))
    for arguments in (notes, (0.5,) * MAXIMUM_ARGUMENTS, (True,) * MAXIMUM_ARGUMENTS):
        message = Message("/notes", arguments)
        assert decode(encode(message)) == message


@given(packet)
def test_round_trip(packet: Packet) -> None:
    """What is encoded is read as it was, and encodes to the same bytes again."""
    octets = encode(packet)
    assert len(octets) % 4 == 0
    read = decode(octets)
    assert read == packet
    assert encode(read) == octets
