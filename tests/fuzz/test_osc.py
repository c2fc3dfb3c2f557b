"""Any bytes are an OSC packet or an `OscRefused`, within 5 ms of the processor."""

import gc
import tracemalloc
from functools import partial
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.codecs.osc import (
    MAXIMUM_ARGUMENTS,
    MAXIMUM_ELEMENTS,
    FrameReader,
    OscRefused,
    compile_pattern,
    decode,
    encode,
    length_frame,
    slip_frame,
)
from tests.fuzz.spent import dice, looks_on, mutations, within
from tests.unit.codecs.osc.packets import ENCODED, by_hand, element

# Hypothesis finds the odd cases early; the volume is in the seeded tests.
few = settings(max_examples=min(settings().max_examples, 6_000))
WORST_SECONDS = 0.005
HEAD = b"#bundle\0" + bytes(8)
PIECES = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b",", b"[", b"]", b"#bundle\0", b"/", b"sb"]


def read(octets: bytes) -> None:
    """What is read can be written, and that is read as the same bytes."""
    try:
        packet = decode(octets)
    except OscRefused:
        return
    written = encode(packet)
    assert encode(decode(written)) == written


@few
@given(st.binary(max_size=300))
def test_noise(octets: bytes) -> None:
    read(octets)
    read(octets + bytes(-len(octets) % 4))


@few
@given(st.text("ifhdtcrmTFNIsSb[]x", max_size=20), st.binary(max_size=120))
def test_noise_behind_good_heads(tags: str, octets: bytes) -> None:
    octets += bytes(-len(octets) % 4)
    message = by_hand(b"/musearoo/x", tags.encode(), octets)
    read(message)
    read(HEAD + element(message) + octets)
    read(HEAD + octets)


@few
@given(
    st.sampled_from(ENCODED),
    st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 255)), max_size=6),
    st.integers(0, 300),
)
def test_damage(octets: bytes, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(octets)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    read(bytes(damaged))
    read(bytes(damaged[: end & ~3]))


def test_many_mutations() -> None:
    """Seeded damage, padded to whole words; whatever seemed slow is measured again."""
    slow = []
    for octets in mutations(ENCODED, PIECES):
        padded = octets + bytes(-len(octets) % 4)
        began = thread_time()
        read(padded)
        if thread_time() - began > WORST_SECONDS / 2:
            slow.append(padded)
    for octets in slow:
        assert within(WORST_SECONDS, partial(read, octets))


def test_random_datagrams() -> None:
    """Noise of up to 60 bytes, half of it behind a head; two million in the fuzz profile."""
    heads = (b"", b"", b"/a\0\0,", b"#bundle\0")
    chance = dice()
    for number in range(2_000_000 if looks_on() else 20_000):
        octets = heads[number % 4] + chance.randbytes(number % 61)
        try:
            decode(octets + bytes(-len(octets) % 4))
        except OscRefused:
            continue


MANY = MAXIMUM_ARGUMENTS
HEAVY = {
    "strings": by_hand(b"/a", b"s" * MANY, bytes(4 * MANY)),
    "symbols": by_hand(b"/a", b"S" * MANY, bytes(4 * MANY)),
    "long strings": by_hand(b"/a", b"s", b"x" * 65_000, bytes(4)),
    "strings without an end": by_hand(b"/a", b"s" * MANY, b"x" * 60_000),
    "blobs": by_hand(b"/a", b"b" * MANY, bytes(4 * MANY)),
    "constants": by_hand(b"/a", b"TFNI" * (MANY // 4)),
    "colours": by_hand(b"/a", b"r" * MANY, bytes(4 * MANY)),
    "mixed": by_hand(b"/a", b"ms" * (MANY // 2), bytes(4 * MANY)),
    "arrays": by_hand(b"/a", b"[]" * (MANY // 2)),
    "arrays within arrays": by_hand(b"/a", b"[[[[]]]]" * (MANY // 8)),
    "arrays all opened": by_hand(b"/a", b"[" * 60_000),
    "unknown types": by_hand(b"/a", b"x" * MANY),
    "a long address": by_hand(b"/" + b"a" * 65_000, b""),
    "zeros": bytes(65_536),
    "a bundle of zeros": HEAD + bytes(65_504),
    "bundle in bundle": HEAD + element(HEAD) * 3_000,
    "messages": HEAD + element(b"/a\0\0") * MAXIMUM_ELEMENTS,
    "messages of one kind each": HEAD
    + b"".join(
        element(by_hand(b"/a%d" % number, b"sTi", b"a\0\0\0", bytes(4)))
        for number in range(MAXIMUM_ELEMENTS)
    ),
    "messages and a fault": HEAD + element(by_hand(b"/a", b"i", bytes(4))) * 3_000 + b"\0\0\0\1",
}


def nested(depth: int) -> bytes:
    packet = b"/a\0\0"
    for _ in range(depth):
        packet = HEAD + element(packet)
    return packet


HEAVY["nested bundles"] = nested(3_200)


@pytest.mark.serial
@pytest.mark.parametrize("octets", HEAVY.values(), ids=HEAVY.keys())
def test_no_packet_is_slow(octets: bytes) -> None:
    """The heaviest packets that fit into a datagram, with nothing learned before."""
    numbers = iter(range(100))

    def fresh() -> None:
        try:  # an address not seen before, so that no cache helps
            decode(octets.replace(b"/a", b"/%c" % (97 + next(numbers)), 1))
        except OscRefused:
            return

    assert within(WORST_SECONDS, fresh)


def test_memory_is_flat_whatever_heads_are_sent() -> None:
    """What is remembered of addresses and type tags has a bound."""

    def send(start: int) -> None:
        for number in range(start, start + 700):
            tags = bytes(b"ifTs"[number >> 2 * place & 3] for place in range(7)) * 30
            length = sum(4 for tag in tags if tag != ord("T"))
            decode(by_hand(b"/%d" % number, tags, bytes(length)))

    tracemalloc.start()
    try:
        send(0)
        gc.collect()
        first, _ = tracemalloc.get_traced_memory()
        send(700)
        gc.collect()
        second, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert first < 12_000_000
    assert second < first + 1_000_000


@few
@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_noise_in_a_stream(pieces: list[bytes], slip: bool) -> None:
    """A stream of anything gives packets or is refused."""
    reader = FrameReader()
    try:
        reader.feed((slip_frame if slip else length_frame)(ENCODED[0]))
        for piece in pieces:
            for packet in reader.feed(piece):
                read(packet)
    except OscRefused:
        return


@few
@given(st.text("/ab?*[]!-{},", max_size=40), st.text("/ab-", max_size=40))
def test_noise_as_a_pattern(pattern: str, address: str) -> None:
    try:
        compiled = compile_pattern(f"/{pattern}")
    except OscRefused:
        return
    assert compiled.matches(f"/{address}") == bool(compiled.among([f"/{address}"]))
