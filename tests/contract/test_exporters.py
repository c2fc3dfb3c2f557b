"""What every `Exporter` promises, and what readers that are not ours make of the files."""

import io
import warnings
from pathlib import Path
from typing import Any

import mido
import msgspec
import pytest
import symusic
from hypothesis import given

from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.song import Song
from musearoo.exports import EXPORTERS
from musearoo.ports.work import Exporter
from tests.unit.codecs.songs import funk, note, part, song, songs

BY_FORMAT = {exporter.format: exporter for exporter in EXPORTERS}


@pytest.fixture(params=EXPORTERS, ids=lambda exporter: exporter.format)
def exporter(request: pytest.FixtureRequest) -> Exporter:
    found: Exporter = request.param
    return found


class TestEveryFormat:
    def test_has_a_name_a_type_and_a_suffix(self, exporter: Exporter) -> None:
        assert exporter.format.replace("_", "").isalnum()
        assert 1 == exporter.media_type.count("/")
        assert exporter.suffix.startswith(".")

    def test_is_a_pure_function(self, exporter: Exporter) -> None:
        assert exporter.export(funk()) == exporter.export(funk())

    def test_names_what_made_it_and_the_song(self, exporter: Exporter) -> None:
        octets = exporter.export(funk())
        assert b"MuseAroo" in octets
        assert b"Greasy Spoon" in octets

    def test_tells_nothing_of_this_machine(self, exporter: Exporter) -> None:
        assert str(Path.cwd()).encode() not in exporter.export(funk())

    def test_takes_empty_songs(self, exporter: Exporter) -> None:
        for empty in (song(), song(part([], 0)), song(part([], None)), song(bars=0)):
            assert exporter.export(empty)

    @given(any_song=songs())
    def test_takes_any_song(self, any_song: Song) -> None:
        for known in EXPORTERS:
            assert known.export(any_song)


def test_formats_are_distinct() -> None:
    assert len(EXPORTERS) == len(BY_FORMAT)
    assert {"midi", "musicxml"} <= set(BY_FORMAT)


class TestMidi:
    def test_mido_and_symusic_read_the_same_notes(self) -> None:
        octets = BY_FORMAT["midi"].export(funk())
        file = mido.MidiFile(file=io.BytesIO(octets))
        score = symusic.Score.from_midi(octets)
        for track, own, given_part in zip(file.tracks[1:], score.tracks, funk().parts, strict=True):
            theirs = sorted((n.time, n.pitch, n.velocity) for n in own.notes)
            assert theirs == sorted(started(track))
            assert len(given_part.notes) == len(theirs)


def started(track: mido.MidiTrack) -> list[tuple[int, int, int]]:
    found, now = [], 0
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append((now, message.note, message.velocity))
    return found


@pytest.mark.filterwarnings("ignore")
class TestMusicXml:
    """An independent reader; it cannot read chords of unpitched notes, so drums stay out."""

    def read(self, given_song: Song, folder: Path) -> Any:
        import partitura  # noqa: PLC0415

        pitched = tuple(p for p in given_song.parts if p.program is not None)
        path = folder / "score.musicxml"
        path.write_bytes(
            BY_FORMAT["musicxml"].export(msgspec.structs.replace(given_song, parts=pitched))
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return partitura.load_musicxml(str(path))

    def test_reads_the_same_pitches_and_onsets(self, tmp_path: Path) -> None:
        given_song = funk()
        score = self.read(given_song, tmp_path)
        assert ["Melody", "Harmony", "Bass"] == [p.part_name for p in score.parts]
        for given_part, read in zip(given_song.parts, score.parts, strict=False):
            found = sorted(
                (round(n["onset_quarter"] * 960), int(n["pitch"])) for n in read.note_array()
            )
            assert sorted((n.start, n.pitch) for n in given_part.notes) == found

    @pytest.mark.parametrize("meter", ["6/8", "7/8 2+2+3", "5/4", "3/2"])
    def test_reads_other_meters(self, meter: str, tmp_path: Path) -> None:
        value = Meter.parse(meter)
        figures: tuple[tuple[int, ...], ...] = (
            (480, 240, 240),
            (320, 320, 320),
            (720, 240),
            (960,),
        )
        if value.denominator == 8:
            figures = ((240, 240), (480,))
        notes: list[Note] = []
        now = 0
        while now < 3 * value.bar_ticks:
            for length in figures[len(notes) % len(figures)]:
                notes.append(note(now, length, 60 + len(notes) % 12))
                now += length
        given_song = song(part(notes, 73), bars=3, meter=value)
        (read,) = self.read(given_song, tmp_path).parts
        found = [(round(n["onset_quarter"] * 960), int(n["pitch"])) for n in read.note_array()]
        assert sorted((n.start, n.pitch) for n in notes) == sorted(found)
        assert 3 == len(read.measures)
