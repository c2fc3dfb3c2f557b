"""The script's own OSC: the same bytes as the server's, and one refusal for everything else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs import osc as server
from musearoo.live.remote_script.MuseAroo import osc as script

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(1 << 63), (1 << 63) - 1)
values = st.one_of(integers, numbers, texts, st.booleans(), st.none(), st.binary(max_size=40))
addresses = st.text("abcxyz/_09", min_size=1, max_size=60).map(lambda text: "/" + text)


@given(addresses, st.lists(values, max_size=20))
def test_what_the_script_says_the_server_understands(address: str, arguments: list):
    """Every value arrives in the server as it was, floats in 64 bits."""
    read = server.decode(script.encode(script.Message(address, tuple(arguments))))
    assert isinstance(read, server.Message)
    assert (read.address, read.arguments) == (address, tuple(arguments))


@given(addresses, st.lists(values, max_size=20))
def test_what_the_server_says_the_script_understands(address: str, arguments: list):
    """Every value arrives in the script as it was, in 64 bits where the server says so."""
    sent = tuple(server.Double(each) if type(each) is float else each for each in arguments)
    read = script.decode(server.encode(server.Message(address, sent)))
    assert read == (address, tuple(arguments))
    assert [type(each) for each in read.arguments] == [type(each) for each in arguments]


@given(st.binary(max_size=200))
def test_noise_is_refused(packet: bytes):
    """Random bytes are read or `Refused`; nothing else is raised."""
    try:
        script.decode(packet)
    except script.Refused:
        return


@given(addresses, st.lists(values, max_size=8), st.data())
def test_a_broken_packet_is_refused_or_another_message(address: str, arguments: list, data):
    """A packet with one changed, lost or added byte is read or `Refused`; nothing else happens."""
    packet = bytearray(script.encode(script.Message(address, tuple(arguments))))
    at = data.draw(st.integers(0, len(packet) - 1))
    match data.draw(st.sampled_from(["change", "lose", "add"])):
        case "change":
            packet[at] ^= data.draw(st.integers(1, 255))
        case "lose":
            del packet[at]
        case _:
            packet.insert(at, 7)
    try:
        read = script.decode(bytes(packet))
    except script.Refused:
        return
    assert all(math.isfinite(each) for each in read.arguments if isinstance(each, float))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"#bundle\0\0\0\0\0\0\0\0\1",
        b"/a\0\0",
        b"/a\0\0,i\0\0",
        b"/a\0\0,i\0\0\0\0\0\1\0\0\0\0",
        b"/a\0\0,f\0\0\x7f\xc0\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0,s\0\0\xff\0\0\0",
        b"/a\0\0,b\0\0\xff\xff\xff\xff",
        b"/a\0\0,b\0\0\0\0\0\x09abcd",
        b"/a\0\0,r\0\0\0\0\0\1",
        b"abc\0,\0\0\0",
        b"/a\0x,\0\0\0",
        b"/" + b"a" * 300 + b"\0\0\0,\0\0\0",
    ],
)
def test_what_is_not_as_it_should_be_is_refused(packet: bytes):
    """Bundles, cut and overlong packets, non-numbers, unknown types and dirty padding."""
    with pytest.raises(script.Refused):
        script.decode(packet)


def test_what_has_no_osc_type_is_refused():
    """A NUL in a string, an integer beyond 64 bits and an object cannot be written."""
    for value in ("a\0b", 1 << 63, object()):
        with pytest.raises(script.Refused):
            script.encode(script.Message("/a", (value,)))
