"""Songs as MIDI files, read back by three readers, two of them not ours."""

import io
import warnings
from itertools import pairwise

import mido
import pytest
import symusic
from hypothesis import given

from musearoo.codecs.midi import decode, encode
from musearoo.domain.context import Section
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.tempo_map import TempoChange, TempoMap
from musearoo.domain.song import Song
from tests.unit.codecs.songs import BAR, funk, note, part, song, songs


def through_mido(octets: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(octets))


def events(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    found, now = [], 0
    for message in track:
        now += message.time
        found.append((now, message))
    return found


def mido_notes(track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    """(start, end, pitch, velocity); fails on a stuck or doubled note."""
    sounding: dict[int, tuple[int, int]] = {}
    found = []
    for tick, message in events(track):
        if message.type == "note_on" and message.velocity:
            assert message.note not in sounding
            sounding[message.note] = (tick, message.velocity)
        elif message.type in ("note_on", "note_off"):
            start, velocity = sounding.pop(message.note)
            found.append((start, tick, message.note, velocity))
    assert not sounding
    return sorted(found)


def expected_notes(of: Song, index: int) -> list[tuple[int, int, int, int]]:
    return sorted((n.start, n.end, n.pitch, n.velocity) for n in of.parts[index].notes)


class TestReadBack:
    def test_mido_reads_notes_names_programs_and_channels(self) -> None:
        given_song = funk()
        file = through_mido(encode(given_song))
        assert (1, 960, 5) == (file.type, file.ticks_per_beat, len(file.tracks))
        assert ["Greasy Spoon", "Melody", "Harmony", "Bass", "Drums"] == [
            t.name for t in file.tracks
        ]
        for index in range(3):
            assert expected_notes(given_song, index) == mido_notes(file.tracks[index + 1])
        programs = [m for t in file.tracks[1:] for m in t if m.type == "program_change"]
        assert [(0, 65), (1, 4), (2, 33), (9, 0)] == [(m.channel, m.program) for m in programs]

    def test_symusic_reads_the_same(self) -> None:
        given_song = funk()
        score = symusic.Score.from_midi(encode(given_song))
        assert [False, False, False, True] == [track.is_drum for track in score.tracks]
        for index in range(3):
            read = sorted((n.time, n.end, n.pitch, n.velocity) for n in score.tracks[index].notes)
            assert expected_notes(given_song, index) == read
        assert pytest.approx(110.0, abs=1e-3) == score.tempos[0].qpm
        assert ["A", "B"] == [marker.text for marker in score.markers]
        assert [(0, -0, "1")] != [(k.time, k.key, k.tonality) for k in score.key_signatures]
        assert [1] == [k.key for k in score.key_signatures]

    def test_our_reader_agrees(self) -> None:
        given_song = funk()
        file = decode(encode(given_song))
        for index in range(3):
            read = sorted(
                (n.start, n.end, n.pitch, n.velocity) for n in file.tracks[index + 1].notes
            )
            assert expected_notes(given_song, index) == read
        assert ((0, "A"), (4 * BAR, "B")) == file.markers
        assert "E:min7" in {text for _, text in file.texts}

    @given(songs())
    def test_any_song_is_read_without_stuck_notes(self, any_song: Song) -> None:
        octets = encode(any_song)
        assert octets == encode(any_song)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = through_mido(octets)
        ours = decode(octets)
        lengths = {events(track)[-1][0] for track in file.tracks}
        assert 1 == len(lengths)
        assert 0 == lengths.pop() % any_song.meter.bar_ticks
        for track, own in zip(file.tracks[1:], ours.tracks[1:], strict=True):
            read = sorted((n.start, n.end, n.pitch, n.velocity) for n in own.notes)
            assert mido_notes(track) == read


class TestTime:
    def test_microtiming_goes_through_the_tempo_map(self) -> None:
        """10 ms are 9.6 ticks at 60 and 19.2 at 120; across the change they are in between."""
        tempo = TempoMap((TempoChange(0, 60.0), TempoChange(1920, 120.0)))
        notes = [
            note(960, 480, 60, offset_us=10_000),
            note(1915, 480, 61, offset_us=10_000),
            note(1920, 480, 62, offset_us=10_000),
            note(0, 480, 63, offset_us=-50_000),
        ]
        file = decode(encode(song(part(notes), tempo_map=tempo)))
        starts = {read.pitch: read.start for read in file.tracks[1].notes}
        assert {60: 970, 61: 1929, 62: 1939, 63: 0} == starts

    def test_microtiming_does_not_lengthen_the_loop(self) -> None:
        late = note(2 * BAR - 240, 240, 60, offset_us=30_000)
        assert 2 * BAR == decode(encode(song(part([late])))).tracks[1].length

    def test_a_note_beyond_the_end_lengthens_to_a_bar_line(self) -> None:
        assert 3 * BAR == decode(encode(song(part([note(2 * BAR - 240, 480)])))).tracks[1].length

    def test_every_tempo_change_is_written(self) -> None:
        tempo = TempoMap.from_beats([0.0, 0.5, 1.01, 1.49, 2.0])
        read = through_mido(encode(song(tempo_map=tempo))).tracks[0]
        found = [(t, m.tempo) for t, m in events(read) if m.type == "set_tempo"]
        assert [(0, 500_000), (960, 510_000), (1920, 480_000), (2880, 510_000)] == found

    @pytest.mark.parametrize(
        ("meter", "clocks"),
        [("4/4", 24), ("6/8", 36), ("7/8", 12), ("2/2", 48), ("12/8", 36), ("5/16 5", 30)],
    )
    def test_metronome_clicks_the_beats_of_the_meter(self, meter: str, clocks: int) -> None:
        read = through_mido(encode(song(meter=Meter.parse(meter)))).tracks[0]
        message = next(m for m in read if m.type == "time_signature")
        assert clocks == message.clocks_per_click
        assert Meter.parse(meter).name == f"{message.numerator}/{message.denominator}"

    @pytest.mark.parametrize(
        ("key", "name"),
        [(Key(0), "C"), (Key(9, "minor"), "Am"), (Key(2, "dorian"), "Am"), (Key(10), "Bb")],
    )
    def test_key_signature(self, key: Key, name: str) -> None:
        read = through_mido(encode(song(key=key))).tracks[0]
        assert name == next(m.key for m in read if m.type == "key_signature")


class TestNotes:
    def test_one_key_never_sounds_twice(self) -> None:
        """An overlapped note ends where the next begins; doubles become the louder one."""
        notes = [note(0, 960, 60, 50), note(480, 960, 60, 70), note(480, 240, 60, 90)]
        read = mido_notes(through_mido(encode(song(part(notes)))).tracks[1])
        assert [(0, 480, 60, 50), (480, 1440, 60, 90)] == read

    def test_off_comes_before_on_at_one_tick(self) -> None:
        repeated = encode(song(part([note(0, 480, 60), note(480, 480, 60)])))
        kinds = [m.type for t, m in events(through_mido(repeated).tracks[1]) if t == 480]
        assert ["note_off", "note_on"] == kinds

    def test_twenty_parts_have_distinct_places(self) -> None:
        crowd = song(*(part([note(0)], program) for program in range(20)), part([note(0)], None))
        tracks = through_mido(encode(crowd)).tracks[1:]
        places = [
            (next((m.port for m in t if m.type == "midi_port"), 0), m.channel)
            for t in tracks
            for m in t
            if m.type == "program_change"
        ]
        assert len(set(places)) == 21
        assert [9] == [channel for _, channel in places if channel == 9]

    def test_gain_and_pan_become_controllers(self) -> None:
        quiet = song(part([note(0)], gain=0.25, pan=-1.0), part([note(0)], gain=9.0, pan=1.0))
        tracks = through_mido(encode(quiet)).tracks[1:]
        found = [
            [(m.control, m.value) for m in track if m.type == "control_change"] for track in tracks
        ]
        assert [[(7, 50), (10, 1)], [(7, 127), (10, 127)]] == found


class TestText:
    def test_text_is_ascii(self) -> None:
        named = song(
            part([], title="Épée ♯♭\n🎸"), title="A" * 500, sections=(Section("Größe", 0, 1),)
        )
        file = decode(encode(named))
        assert "Epee #b ?" == file.tracks[1].name
        assert 120 == len(file.tracks[0].name)
        assert "Gro?e" == file.markers[0][1]

    def test_repeated_chords_are_written_once(self) -> None:
        texts = [
            text for _, text in decode(encode(funk())).texts if ":" in text and "key" not in text
        ]
        assert ["E:min7", "A:9", "E:min7", "C:maj7", "B:7"] == texts


def test_empty_song_has_its_length() -> None:
    assert 2 * BAR == decode(encode(song())).tracks[0].length


def test_far_apart_notes_need_no_longer_delta_than_allowed() -> None:
    """SMF deltas hold 28 bits; a longer wait is bridged."""
    far = (1 << 28) + 960
    read = decode(encode(song(part([note(0), note(far)]), bars=1)))
    assert [0, far] == [n.start for n in read.tracks[1].notes]


def test_tracks_rise() -> None:
    for track in through_mido(encode(funk())).tracks:
        ticks = [tick for tick, _ in events(track)]
        assert all(a <= b for a, b in pairwise(ticks))
