"""OSC packets of every kind, for Hypothesis and for whoever needs good bytes to damage."""

import struct

from hypothesis import strategies as st

from musearoo.codecs.osc import (
    IMPULSE,
    Bundle,
    Char,
    Double,
    Long,
    Message,
    Midi,
    Rgba,
    Symbol,
    TimeTag,
    encode,
)

octet = st.integers(0, 255)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
simple = (
    st.integers(-(2**31), 2**31 - 1)
    | st.floats(width=32, allow_nan=False)
    | st.booleans()
    | text
    | st.binary(max_size=12)
)
scalar = (
    simple
    | st.none()
    | st.just(IMPULSE)
    | st.integers(2**31, 2**63 - 1).map(Long)
    | st.integers(-(2**63), 2**63 - 1).map(Long)
    | st.floats(allow_nan=False).map(Double)
    | st.integers(0, 2**64 - 1).map(TimeTag)
    | st.characters(max_codepoint=127).map(Char)
    | text.map(Symbol)
    | st.builds(Rgba, octet, octet, octet, octet)
    | st.builds(Midi, octet, octet, octet, octet)
)
argument = st.recursive(scalar, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8)
part = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8)
address = st.lists(part, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
message = st.builds(Message, address, st.lists(argument, max_size=6).map(tuple))
bundle = st.recursive(
    st.builds(Bundle, st.integers(0, 2**64 - 1), st.lists(message, max_size=3).map(tuple)),
    lambda inner: st.builds(
        Bundle, st.integers(0, 2**64 - 1), st.lists(inner | message, max_size=3).map(tuple)
    ),
    max_leaves=4,
)
packet = message | bundle

NOTES = tuple(value for step in range(60) for value in (36 + step, step / 4, 0.25, 100, step % 2))
EXAMPLES: tuple[Message | Bundle, ...] = (
    Message("/musearoo/drums/complexity", (0.75,)),
    Message("/musearoo/generate/drums", (8, "funk", True, None, IMPULSE)),
    Message("/notes", NOTES),
    Message("/wide", (Double(0.1), Long(7), TimeTag(1), Char("x"), Symbol("y"), Rgba(1, 2, 3))),
    Message("/more", (Midi(0, 0x90, 60, 100), b"abcde", ("x", (1, 2.5, ()), True), "é")),
    Bundle(1, (Message("/a"), Bundle(2**63, (Message("/b", (1,)), Message("/c", ("x",)))))),
)
ENCODED = [encode(example) for example in EXAMPLES]


def by_hand(address: bytes, tags: bytes, *parts: bytes) -> bytes:
    """A message from its parts, whatever they say."""
    return terminated(address) + terminated(b"," + tags) + b"".join(parts)


def terminated(octets: bytes) -> bytes:
    return octets + bytes(4 - len(octets) % 4)


def element(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet
