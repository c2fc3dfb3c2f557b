"""Any binary frame is a list of records or a `FrameRefused`, within 50 ms of the processor."""

from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.ws import FrameRefused, HandleTable, ParameterRecord, decode_records, spans
from musearoo.codecs.ws.binary import MAXIMUM_RECORDS
from musearoo.codecs.ws.records import HEADER, VERSION
from musearoo.codecs.ws.refusal import MAXIMUM_FRAME
from tests.fuzz.spent import mutations, within
from tools.ws_samples import HANDLES
from tools.ws_vectors import frames

WHOLE = frames()
TABLE = HandleTable(HANDLES)
headers = st.builds(
    lambda kind, flags, length: HEADER.pack(VERSION, kind, flags, 1, 2, 3, 4, length),
    st.integers(0, 9),
    st.integers(0, 3),
    st.integers(0, 70) | st.integers(0, 2**32 - 1),
)


def is_read_or_refused(frame: bytes, *, by_server: bool) -> None:
    assert within(0.05, lambda: read(frame, by_server=by_server))


def read(frame: bytes, *, by_server: bool) -> None:
    try:
        records = decode_records(frame, by_server=by_server)
    except FrameRefused:
        return
    assert len(records) == len(spans(frame))
    for record in records:
        understood(record)


def understood(record: object) -> None:
    if isinstance(record, ParameterRecord):
        for read in (lambda: TABLE.act_of(record, "i"), lambda: TABLE.event_of(record)):
            try:
                read()
            except FrameRefused:
                continue


@given(st.binary(max_size=300), st.booleans())
def test_noise(frame: bytes, by_server: bool) -> None:
    is_read_or_refused(frame, by_server=by_server)


@given(st.lists(st.tuples(headers, st.binary(max_size=60)), max_size=4), st.booleans())
def test_noise_behind_good_headers(parts: list[tuple[bytes, bytes]], by_server: bool) -> None:
    is_read_or_refused(b"".join(head + rest for head, rest in parts), by_server=by_server)


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=6),
    st.integers(0, 300),
    st.booleans(),
)
def test_damage(frame: bytes, changes: list[tuple[int, int]], end: int, by_server: bool) -> None:
    octets = bytearray(frame)
    for place, value in changes:
        octets[place % len(octets)] = value
    is_read_or_refused(bytes(octets), by_server=by_server)
    is_read_or_refused(bytes(octets[:end]), by_server=by_server)


@given(st.sampled_from(WHOLE), st.integers(0, 255), st.integers(0, 200))
def test_repetition(frame: bytes, octet: int, place: int) -> None:
    octets = bytearray(frame)
    octets[place % len(octets)] = octet
    repeated = bytes(octets) * min(MAXIMUM_RECORDS, MAXIMUM_FRAME // len(octets))
    is_read_or_refused(repeated, by_server=True)


def test_many_mutations() -> None:
    pieces = [b"\x00" * 4, b"\xff" * 8, b"\x03\x01\x00\x00", b"\x7f\xf0", b"\xc0\x80"]
    for number, frame in enumerate(mutations(WHOLE, pieces)):
        read(frame, by_server=bool(number & 1))
