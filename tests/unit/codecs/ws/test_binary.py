"""Binary frames: fixed layouts, strict reading."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.ws import (
    MAXIMUM_FRAME,
    AckRecord,
    AudioRecord,
    BarRecord,
    ClockRecord,
    FrameFault,
    FrameRefused,
    Header,
    NoteAction,
    NoteRecord,
    ParameterRecord,
    ProgressRecord,
    Record,
    ValueKind,
    decode_records,
    encode_ack,
    encode_audio,
    encode_bar,
    encode_clock,
    encode_note,
    encode_parameter,
    encode_progress,
    restamp,
    spans,
)
from musearoo.codecs.ws.binary import MAXIMUM_RECORDS
from musearoo.codecs.ws.records import CODECS, STATUSES
from musearoo.domain.events import TakeBar
from musearoo.domain.ids import GenerationId, TakeId
from musearoo.domain.music.note import Note
from tools.ws_samples import GENERATION

u16, u32, u64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
headers = st.builds(Header, u32, u16, u16, u64, u16)
uuids = st.uuids().map(str)
short = st.text(max_size=20)
values = st.one_of(
    st.tuples(st.just(ValueKind.NUMBER), st.floats(-(2**53), 2**53)),
    st.tuples(st.just(ValueKind.INTEGER), st.integers(-(2**53), 2**53).map(float)),
    st.tuples(st.just(ValueKind.BOOLEAN), st.sampled_from([0.0, 1.0])),
    st.tuples(st.just(ValueKind.CHOICE), u16.map(float)),
    st.just((ValueKind.UNSET, 0.0)),
)
parameters = st.builds(
    lambda header, handle, value: ParameterRecord(
        header=header, handle=handle, kind=value[0], value=value[1]
    ),
    headers, u16, values,
)  # fmt: skip
live_notes = st.builds(
    NoteRecord, header=headers, action=st.sampled_from(NoteAction), pitch=st.integers(0, 127),
    velocity=st.integers(0, 127), channel=st.integers(0, 15), tick=u32, length=u32,
    offset_us=st.integers(-(2**31), 2**31 - 1),
)  # fmt: skip
clocks = st.builds(ClockRecord, header=headers, t0=u64, t1=u64, t2=u64)
progress = st.builds(
    ProgressRecord, header=headers, generation_id=uuids, permille=st.integers(0, 1000),
    status=st.sampled_from(STATUSES),
)  # fmt: skip
audio = st.builds(
    AudioRecord, header=headers, codec=st.sampled_from(sorted(CODECS)),
    position=st.integers(0, 2**53), audio=st.binary(min_size=1, max_size=40),
)  # fmt: skip
acks = st.builds(AckRecord, header=headers, counter=u32, event=u32)
notes = st.builds(
    Note, id=short, start=u32, length=u32, pitch=st.integers(0, 127),
    velocity=st.integers(1, 127), offset_us=st.integers(-(2**31), 2**31 - 1),
    voice=short, articulation=st.none() | short,
)  # fmt: skip
bars = st.builds(
    lambda header, generation, take, part, bar, notes: BarRecord(
        header=header,
        event=TakeBar(
            generation_id=GenerationId(generation), take_id=TakeId(take), part=part, bar=bar,
            notes=tuple(notes),
        ),
    ),
    headers, uuids, uuids, short, u16, st.lists(notes, max_size=6),
)  # fmt: skip
ENCODERS = {
    ParameterRecord: encode_parameter,
    NoteRecord: encode_note,
    ClockRecord: encode_clock,
    ProgressRecord: encode_progress,
    AudioRecord: encode_audio,
    AckRecord: encode_ack,
    BarRecord: encode_bar,
}


def encoded(record: Record) -> bytes:
    octets: bytes = ENCODERS[type(record)](record)  # type: ignore[operator]
    return octets


def refusal(frame: bytes, *, by_server: bool = False) -> FrameRefused:
    with pytest.raises(FrameRefused) as caught:
        decode_records(frame, by_server=by_server)
    return caught.value


@given(st.lists(parameters | live_notes | clocks | progress | audio | acks | bars, min_size=1))
def test_records_survive_the_wire(records: list[Record]) -> None:
    """Any records, back to back, are read as they were written; each in its own span."""
    frame = b"".join(map(encoded, records))
    assert records == decode_records(frame, by_server=True)
    assert [encoded(each) for each in records] == [frame[a:b] for a, b in spans(frame)]


def test_sizes_are_those_of_the_page() -> None:
    """36 bytes for a parameter, 40 for a note, 48 for a clock, 44 progress, 32 an ack."""
    header = Header()
    sizes = [
        len(encode_parameter(ParameterRecord(handle=0, kind=ValueKind.NUMBER, value=0.5))),
        len(encode_note(NoteRecord(action=NoteAction.ON, pitch=60, velocity=1))),
        len(encode_clock(ClockRecord(header=header, t0=1))),
        len(encode_progress(ProgressRecord(generation_id=GENERATION, permille=1, status="queued"))),
        len(encode_ack(AckRecord(counter=1, event=2))),
        len(encode_audio(AudioRecord(codec="opus", position=0, audio=b"x"))),
    ]
    assert [36, 40, 48, 44, 32, 37] == sizes


@given(audio, u32, u16, u64)
def test_restamping_leaves_the_payload(
    record: AudioRecord, number: int, sender: int, time_us: int
) -> None:
    """Number, sender and time change in place; stream, flags and audio stay."""
    frame = bytearray(encoded(record) * 2)
    at = len(frame) // 2
    restamp(frame, at, number=number, sender=sender, time_us=time_us)
    first, second = decode_records(bytes(frame))
    assert record == first
    header = Header(number, sender, record.header.stream, time_us, record.header.flags)
    assert header == second.header
    assert encoded(record)[24:] == bytes(frame[at + 24 :])


@given(st.data())
def test_a_length_that_lies_is_refused(data: st.DataObject) -> None:
    """Whatever length a header claims, only the true one is taken."""
    frame = bytearray(encoded(data.draw(parameters | live_notes | clocks)))
    true = len(frame) - 24
    claimed = data.draw(u32.filter(lambda length: length != true))
    struct.pack_into("<I", frame, 20, claimed)
    refusal(bytes(frame))


@given(parameters | clocks, st.binary(min_size=1, max_size=30))
def test_bytes_left_over_are_refused(record: Record, rest: bytes) -> None:
    """A frame is taken whole or not at all."""
    refusal(encoded(record) + rest)


@pytest.mark.parametrize(
    ("offset", "octets"),
    [
        (26, b"\x05"),  # kind of value
        (27, b"\x01"),  # reserved
        (28, struct.pack("<d", float("nan"))),
        (28, struct.pack("<d", float("inf"))),
        (28, struct.pack("<d", 2.0**54)),
        (26, b"\x01\x00" + struct.pack("<d", 0.5)),
        (26, b"\x02\x00" + struct.pack("<d", 2.0)),
        (26, b"\x03\x00" + struct.pack("<d", -1.0)),
        (26, b"\x04\x00" + struct.pack("<d", 1.0)),
    ],
)
def test_values_that_are_not_of_their_kind_are_refused(offset: int, octets: bytes) -> None:
    """With the counter of the record, so that the client knows which."""
    good = ParameterRecord(header=Header(7), handle=1, kind=ValueKind.NUMBER, value=0.5)
    frame = bytearray(encode_parameter(good))
    frame[offset : offset + len(octets)] = octets
    fault = refusal(bytes(frame))
    assert (FrameFault.INVALID, "7") == (fault.code, fault.reply_to)


def test_fields_out_of_range_are_refused() -> None:
    """MIDI's ranges, known statuses and codecs, reserved fields of 0, audio in audio."""
    note = bytearray(encode_note(NoteRecord(action=NoteAction.ON, pitch=60, velocity=1)))
    for offset, octet in ((32, 3), (33, 128), (34, 128), (35, 16)):
        refusal(bytes(note[:offset] + bytes((octet,)) + note[offset + 1 :]))
    done = ProgressRecord(generation_id=GENERATION, permille=1000, status="completed")
    frame = encode_progress(done)
    for octets in (b"\xe9\x03", b"\xe8\x03\x05", b"\xe8\x03\x00\x01"):
        refusal(frame[:40] + octets + frame[40 + len(octets) :], by_server=True)
    sound = encode_audio(AudioRecord(codec="opus", position=0, audio=b"x"))
    for octets in (b"\x00\x00", b"\x03\x00\x01", b"\x03\x00\x00\x00" + b"\xff" * 8):
        refusal(sound[:24] + octets + sound[24 + len(octets) :])
    refusal(sound[:20] + b"\x0c\x00\x00\x00" + sound[24:-1])


def test_only_the_server_sends_some_records() -> None:
    """A client cannot tell others of bars, progress or acks."""
    ack = encode_ack(AckRecord(counter=1, event=2))
    assert FrameFault.UNKNOWN_TYPE is refusal(ack).code
    assert FrameFault.UNKNOWN_TYPE is refusal(b"\x03\xff" + ack[2:], by_server=True).code


def test_frames_are_bounded() -> None:
    """64 KiB, 256 records, never none."""
    one = encode_parameter(ParameterRecord(handle=0, kind=ValueKind.NUMBER, value=0.5))
    assert MAXIMUM_RECORDS == len(decode_records(one * MAXIMUM_RECORDS))
    assert refusal(one * (MAXIMUM_RECORDS + 1)).code is FrameFault.TOO_LARGE
    assert refusal(bytes(MAXIMUM_FRAME + 1)).code is FrameFault.TOO_LARGE
    assert refusal(b"").code is FrameFault.MALFORMED


def bar_of(*notes: Note, part: str = "drums", bar: int = 1) -> TakeBar:
    take = TakeId(GENERATION)
    return TakeBar(generation_id=GENERATION, take_id=take, part=part, bar=bar, notes=notes)


KICK = Note(id="k", start=0, length=240, pitch=36, velocity=110, voice="kick", articulation="x")


@pytest.mark.parametrize(
    "event",
    [
        bar_of(KICK, part="é" * 128),
        bar_of(bar=70_000),
        bar_of(Note(id="k", start=-1, length=1, pitch=1, velocity=1)),
        TakeBar(
            generation_id=GenerationId("g"), take_id=TakeId(GENERATION), part="d", bar=1, notes=()
        ),
        TakeBar(
            generation_id=GenerationId(GENERATION.upper().replace("-", "")),
            take_id=TakeId(GENERATION), part="d", bar=1, notes=(),
        ),
    ],
)  # fmt: skip
def test_bars_that_do_not_fit_go_as_text(event: TakeBar) -> None:
    """A record is exact or it is not made."""
    assert encode_bar(BarRecord(event=event)) is None


def test_every_cut_of_a_bar_is_refused() -> None:
    """Whichever byte it ends at, and whichever index points nowhere."""
    frame = encode_bar(BarRecord(event=bar_of(KICK)))
    assert frame is not None
    for end in range(24, len(frame)):
        cut = frame[:20] + (end - 24).to_bytes(4, "little") + frame[24:end]
        assert "bar" in refusal(cut, by_server=True).detail
    longer = frame[:20] + (len(frame) - 23).to_bytes(4, "little") + frame[24:] + b"\x00"
    assert "left over" in refusal(longer, by_server=True).detail


@pytest.mark.parametrize(
    ("offset", "octet"),
    [(62, 1), (65, 0xFF), (85, 128), (86, 0), (86, 200), (87, 1), (88, 2)],
)
def test_faults_inside_a_bar_are_refused(offset: int, octet: int) -> None:
    """Reserved bytes, text that is no UTF-8, notes outside MIDI, indices that point nowhere."""
    frame = bytearray(encode_bar(BarRecord(event=bar_of(KICK))) or b"")
    assert octet != frame[offset]
    frame[offset] = octet
    assert FrameFault.INVALID is refusal(bytes(frame), by_server=True).code
