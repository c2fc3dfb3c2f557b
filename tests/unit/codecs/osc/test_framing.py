"""Packets come out of a stream as they went in, however it is cut, and a bad stream is refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.osc import (
    MAXIMUM_PACKET,
    FrameReader,
    Framing,
    OscRefused,
    encode,
    length_frame,
    slip_frame,
)
from tests.fuzz.spent import within
from tests.unit.codecs.osc.packets import ENCODED, packet

FRAMES = {Framing.LENGTH: length_frame, Framing.SLIP: slip_frame}


def fed(stream: bytes, step: int, maximum: int = MAXIMUM_PACKET) -> tuple[list[bytes], FrameReader]:
    reader, packets = FrameReader(maximum), []
    for at in range(0, len(stream), step):
        packets += reader.feed(stream[at : at + step])
    return packets, reader


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 100_000])
def test_both_framings_are_told_apart(framing: Framing, step: int) -> None:
    """A stream gives its packets in any pieces, and its first byte says how it is framed."""
    packets, reader = fed(b"".join(map(FRAMES[framing], ENCODED)), step)
    assert packets == ENCODED
    assert reader.framing is framing


@given(st.lists(packet, max_size=4), st.sampled_from(Framing), st.integers(1, 40))
def test_any_packets(packets: list, framing: Framing, step: int) -> None:
    octets = [encode(packet) for packet in packets]
    assert fed(b"".join(map(FRAMES[framing], octets)), step)[0] == octets


def test_slip_escapes() -> None:
    """END and ESC within a packet, side by side and with the bytes that stand for them."""
    odd = b"\xc0\xdb\xdc\xdd\xdb\xdc\xc0\xc0\xdb\xdb\xdd\xc0"
    frame = slip_frame(odd)
    assert frame.count(b"\xc0") == 2
    for step in (1, 2, 5, 100):
        assert fed(frame * 2, step)[0] == [odd, odd]


def test_slip_of_senders_with_one_end_or_many() -> None:
    """SLIP with an END after each packet alone, between packets, and stray ones."""
    assert fed(b"/a\0\0\xc0/b\0\0\xc0", 3)[0] == [b"/a\0\0", b"/b\0\0"]
    assert fed(b"\xc0/a\0\0\xc0/b\0\0\xc0", 3)[0] == [b"/a\0\0", b"/b\0\0"]
    assert fed(b"\xc0\xc0\xc0/a\0\0\xc0\xc0\xc0", 1)[0] == [b"/a\0\0"]


def test_nothing_is_known_of_an_empty_stream() -> None:
    reader = FrameReader()
    assert reader.feed(b"") == []
    assert reader.framing is None


def test_the_longest_packet() -> None:
    longest = b"\xdb" * MAXIMUM_PACKET
    for frame in FRAMES.values():
        assert fed(frame(longest), 10_000)[0] == [longest]


BAD = {
    "neither framing": b"GET / HTTP/1.1\r\n",
    "a length above the limit": struct.pack(">I", MAXIMUM_PACKET + 4),
    "a length of nothing": bytes(4),
    "a length that is no multiple of 4": b"\0\0\0\5",
    "an escape of another byte": b"\xc0/a\xdb\x00\xc0",
    "two escapes": b"\xc0/a\xdb\xdb\xdc\xc0",
    "an escape at the end": b"\xc0/a\0\xdb\xc0",
    "a frame above the limit": b"\xc0" + bytes(MAXIMUM_PACKET + 1) + b"\xc0",
    "a frame without an end": b"\xc0" + b"x" * (2 * MAXIMUM_PACKET + 1),
}


@pytest.mark.parametrize("stream", BAD.values(), ids=BAD.keys())
def test_a_stream_that_cannot_be_read_on(stream: bytes) -> None:
    for step in (len(stream), 5_000):
        with pytest.raises(OscRefused, match=r"\.$"):
            fed(stream, step)


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("step", [1, 5, 1_000])
def test_packets_before_the_fault_are_given(framing: Framing, step: int) -> None:
    """However the stream is cut; then it is refused, for good."""
    good = b"".join(map(FRAMES[framing], ENCODED))
    stream = good + {Framing.LENGTH: bytes(4), Framing.SLIP: b"\xdb\x00\xc0"}[framing]
    reader, packets = FrameReader(), []
    for at in range(0, len(stream), step):
        with contextlib.suppress(OscRefused):
            packets += reader.feed(stream[at : at + step])
    assert packets == ENCODED
    assert reader.refusal is not None
    with pytest.raises(OscRefused):
        reader.feed(length_frame(ENCODED[0]))


@pytest.mark.serial
@pytest.mark.parametrize("framing", Framing)
def test_the_longest_packet_byte_by_byte_is_not_slow(framing: Framing) -> None:
    """The bytes that are held are not looked through again for each that comes."""
    stream = FRAMES[framing](bytes(MAXIMUM_PACKET))
    assert within(0.3, lambda: fed(stream, 1))
