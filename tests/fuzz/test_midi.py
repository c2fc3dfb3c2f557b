"""Any bytes at all are a MIDI file or an `InvalidValue`, quickly."""

from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.midi import decode, encode
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.note import checked
from tests.unit.codecs.songs import funk

WHOLE = encode(funk())
HEAD = WHOLE[:22]


def is_read_or_refused(octets: bytes) -> None:
    try:
        file = decode(octets)
    except InvalidValue:
        return
    for track in file.tracks:
        for note in track.notes:
            checked(note)


@given(st.binary(max_size=400))
def test_noise(octets: bytes) -> None:
    is_read_or_refused(octets)


@given(st.binary(max_size=400))
def test_noise_behind_a_good_header(octets: bytes) -> None:
    is_read_or_refused(HEAD[:14] + b"MTrk" + len(octets).to_bytes(4, "big") + octets)


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(WHOLE)),
)
def test_damage(changes: list[tuple[int, int]], end: int) -> None:
    octets = bytearray(WHOLE)
    for place, value in changes:
        octets[place] = value
    is_read_or_refused(bytes(octets[:end]))
    is_read_or_refused(bytes(octets))
