"""Files of strangers: read strictly, or refused with one word for it."""

import io

import mido
import pytest

from musearoo.codecs.midi import decode
from musearoo.codecs.midi import reader as reading
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import Meter


def chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "big") + content


def file(*tracks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    number = len(tracks) if count is None else count
    fields = b"".join(value.to_bytes(2, "big") for value in (kind, number, division))
    return chunk(b"MThd", fields) + b"".join(chunk(b"MTrk", track) for track in tracks)


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40"  # middle C for 480 ticks


class TestReads:
    def test_ticks_are_rescaled(self) -> None:
        read = decode(file(NOTE + END)).tracks[0]
        assert [(0, 960, 60, 64)] == [(n.start, n.length, n.pitch, n.velocity) for n in read.notes]
        assert (960, 0) == (read.length, read.channel)

    def test_running_status_and_silent_note_on(self) -> None:
        octets = file(b"\x00\x91\x3c\x40\x60\x3c\x00\x00\x40\x50\x60\x40\x00" + END)
        assert [(0, 60), (192, 64)] == [(n.start, n.pitch) for n in decode(octets).tracks[0].notes]

    def test_a_note_without_end_lasts_to_the_end_of_the_track(self) -> None:
        read = decode(file(b"\x00\x90\x3c\x40\x83\x60\xff\x2f\x00")).tracks[0]
        assert [960] == [n.length for n in read.notes]

    def test_a_note_off_without_note_is_ignored(self) -> None:
        assert () == decode(file(b"\x00\x80\x3c\x40" + END)).tracks[0].notes

    def test_equal_notes_end_in_the_order_they_began(self) -> None:
        twice = b"\x00\x90\x3c\x40\x60\x3c\x50\x60\x80\x3c\x40\x60\x3c\x40"
        read = decode(file(twice + END)).tracks[0].notes
        assert [(0, 384, 64), (192, 384, 80)] == [(n.start, n.length, n.velocity) for n in read]

    def test_foreign_chunks_and_exclusive_messages_are_skipped(self) -> None:
        octets = file(b"\x00\xf0\x03\x01\x02\xf7" + NOTE + END)
        octets = octets[:14] + chunk(b"XFIH", b"abc") + octets[14:]
        assert 1 == len(decode(octets).tracks[0].notes)

    def test_what_mido_writes(self) -> None:
        foreign = mido.MidiFile(ticks_per_beat=96)
        track = foreign.add_track("Lead")
        track.append(mido.MetaMessage("set_tempo", tempo=500_000))
        track.append(mido.MetaMessage("time_signature", numerator=6, denominator=8))
        track.append(mido.MetaMessage("key_signature", key="Ebm"))
        track.append(mido.MetaMessage("marker", text="Verse"))
        track.append(mido.Message("program_change", channel=3, program=17))
        track.append(mido.Message("pitchwheel", channel=3, pitch=100))
        track.append(mido.Message("note_on", channel=3, note=64, velocity=80, time=96))
        track.append(mido.Message("note_off", channel=3, note=64, time=48))
        target = io.BytesIO()
        foreign.save(file=target)
        read = decode(target.getvalue())
        own = read.tracks[0]
        assert ("Lead", 3, 17) == (own.name, own.channel, own.program)
        assert [(960, 480)] == [(n.start, n.length) for n in own.notes]
        assert [(0, 120.0)] == [(change.tick, change.bpm) for change in read.tempos]
        assert ((0, Meter(6, 8)),) == read.meters
        assert ((0, -6, True),) == read.keys
        assert ((0, "Verse"),) == read.markers


REFUSED = {
    "empty": b"",
    "another kind of file": b"RIFF" + bytes(20),
    "header cut short": chunk(b"MThd", b"\0\1\0\1\1\xe0")[:12],
    "header too small": b"MThd\0\0\0\4\0\1\0\1\1\xe0" + bytes(8),
    "format 2": file(END, kind=2),
    "format 0 with two tracks": file(END, END, kind=0),
    "no tracks": file(),
    "SMPTE division": file(END, division=0xE728),
    "division 0": file(END, division=0),
    "fewer tracks than said": file(END, count=2),
    "track longer than the file": file(END)[:-2],
    "no end of track": file(NOTE),
    "event beyond its track": file(b"\x00\xff\x01\x20ab"),
    "endless number": file(b"\xff\xff\xff\xff\xff\x00" + END),
    "data without status": file(b"\x00\x3c\x40" + END),
    "data byte above 127": file(b"\x00\x90\x3c\x80" + END),
    "system message": file(b"\x00\xf8" + END),
    "running status over a meta event": file(b"\x00\x90\x3c\x40\x00\xff\x01\x00\x00\x3c\x00" + END),
    "tempo of 0": file(b"\x00\xff\x51\x03\x00\x00\x00" + END),
    "tempo of two bytes": file(b"\x00\xff\x51\x02\x01\x00" + END),
    "meter of 64ths": file(b"\x00\xff\x58\x04\x04\x06\x18\x08" + END),
    "meter of no beats": file(b"\x00\xff\x58\x04\x00\x02\x18\x08" + END),
    "meter of three bytes": file(b"\x00\xff\x58\x03\x04\x02\x18" + END),
    "key of eight sharps": file(b"\x00\xff\x59\x02\x08\x00" + END),
    "key of no bytes": file(b"\x00\xff\x59\x00" + END),
    "key of strange mode": file(b"\x00\xff\x59\x02\x00\x02" + END),
}


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_refused(octets: bytes) -> None:
    with pytest.raises(InvalidValue, match="MIDI file is"):
        decode(octets)


class TestBounds:
    def test_size(self) -> None:
        with pytest.raises(InvalidValue, match="at most"):
            decode(b"MThd" + bytes(reading.MAXIMUM_BYTES))

    def test_tracks(self) -> None:
        with pytest.raises(InvalidValue, match="tracks"):
            decode(file(*[END] * (reading.MAXIMUM_TRACKS + 1)))

    def test_events(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "MAXIMUM_EVENTS", 4)
        assert 2 == len(decode(file(NOTE + END, END)).tracks)
        with pytest.raises(InvalidValue, match="events"):
            decode(file(NOTE + END, NOTE + END))

    def test_ticks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "MAXIMUM_TICK", 900)
        with pytest.raises(InvalidValue, match="ticks"):
            decode(file(NOTE + END))

    def test_tempos_are_held_to_ours(self) -> None:
        slow = decode(file(b"\x00\xff\x51\x03\xff\xff\xff" + END))
        assert 20.0 == slow.tempos[0].bpm
