"""Any text frame is a message or a `FrameRefused`, within 50 ms of the processor."""

import json

from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.ws import FrameRefused, acts_of, decode, decode_server, encode
from musearoo.codecs.ws.refusal import MAXIMUM_FRAME
from tests.fuzz.spent import mutations, within
from tools.ws_samples import client_messages, server_messages

FRAMES = [encode(message) for message in client_messages().values()]
TOLD = [encode(message) for message in server_messages().values()]
TYPES = [str(json.loads(frame)["type"]) for frame in FRAMES]
FIELDS = sorted({name for frame in FRAMES for name in json.loads(frame).get("data", {})})
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def is_read_or_refused(frame: bytes | str) -> None:
    assert within(0.05, lambda: read(frame))


def read(frame: bytes | str) -> None:
    try:
        message = decode(frame)
        assert encode(decode(encode(message))) == encode(message)
        acts_of(message)
    except FrameRefused:
        return


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_noise(frame: bytes | str) -> None:
    is_read_or_refused(frame)


@given(st.sampled_from(TYPES), nested, st.none() | nested)
def test_any_data_in_any_message(kind: str, data: object, message_id: object) -> None:
    frame = json.dumps({"type": kind, "data": data, "message_id": message_id})
    is_read_or_refused(frame.encode("utf-8", "surrogatepass"))


@given(
    st.sampled_from(FRAMES),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=4),
)
def test_damage(frame: bytes, changes: list[tuple[int, bytes]]) -> None:
    octets = bytearray(frame)
    for place, new in changes:
        octets[place % len(octets) : place % len(octets) + 1] = new or b" "
    is_read_or_refused(bytes(octets))


@given(
    st.lists(st.sampled_from([b"[", b"{", b'"', b"\\", b'\\"', b"]", b"}", b'{"a":', b"9", b","])),
    st.integers(1, 60_000),
)
def test_repetition(pieces: list[bytes], times: int) -> None:
    whole = (b"".join(pieces) * times)[:MAXIMUM_FRAME]
    is_read_or_refused(whole)
    is_read_or_refused((b'{"type":"command","data":{"name":"undo","args":' + whole)[:MAXIMUM_FRAME])


@given(st.binary(max_size=200) | st.sampled_from(TOLD), st.integers(0, 200), st.binary(max_size=3))
def test_a_client_stands_anything_too(frame: bytes, place: int, new: bytes) -> None:
    try:
        decode_server(frame[:place] + new + frame[place + 1 :])
    except FrameRefused:
        return


def test_many_mutations() -> None:
    pieces = [b"[", b"]", b"{", b"}", b'"', b"\\", b"null", b"1e400", b"-", b"\xff", b":", b","]
    for frame in mutations(FRAMES, pieces):
        read(frame)
