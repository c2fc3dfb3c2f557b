"""Songs as sound."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings

from musearoo.domain.music.tempo_map import TempoChange, TempoMap
from musearoo.domain.song import Song
from musearoo.ports.work import AudioFormat
from musearoo.render import mix
from musearoo.render.audio import render_audio, render_samples, seconds, warm_up
from musearoo.render.synth import SAMPLE_RATE, timed_notes
from tests.render.listening import onset, peak_db, rms_db
from tests.unit.codecs.songs import drums, funk, note, part, song, songs


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


class TestMix:
    def test_level_peak_and_length(self) -> None:
        samples = render_samples(funk())
        assert peak_db(samples) <= -1
        assert pytest.approx(mix.TARGET_LUFS, abs=1) == mix.loudness(samples)
        assert seconds(funk()) <= samples.shape[1] / SAMPLE_RATE <= seconds(funk()) + 3

    def test_the_band_starts_with_the_bar(self) -> None:
        assert onset(render_samples(funk())) < 0.02

    def test_a_part_of_gain_0_is_silent(self) -> None:
        silent = render_samples(song(part([note(0)], gain=0.0)))
        assert not silent.any()

    @settings(max_examples=8)
    @given(songs())
    def test_any_song_is_sound_under_the_ceiling(self, any_song: Song) -> None:
        samples = render_samples(any_song)
        assert np.abs(samples).max() <= np.float32(mix.CEILING)
        assert samples.shape[1] >= round(seconds(any_song) * SAMPLE_RATE)

    def test_a_song_of_no_bars_is_a_file_all_the_same(self) -> None:
        read, _ = soundfile.read(io.BytesIO(render_audio(song(bars=0), "flac")))
        assert not read.any()

    def test_empty_songs_are_silence_of_the_right_length(self) -> None:
        for empty in (song(), song(part([], 0), part([], None))):
            assert (2, 4 * SAMPLE_RATE) == render_samples(empty).shape


class TestTime:
    def test_microtiming_is_heard(self) -> None:
        for offset_us in (-40_000, 0, 40_000):
            late = note(960, 240, 38, 110, offset_us=offset_us)
            heard = onset(render_samples(song(part([late], None))))
            assert pytest.approx(0.5 + offset_us / 1e6, abs=0.004) == heard

    def test_tempo_changes_move_notes(self) -> None:
        tempo = TempoMap((TempoChange(0, 60.0), TempoChange(960, 120.0)), origin_seconds=7.0)
        later = song(part([note(1920, 240, 38)], None), tempo_map=tempo)
        assert [1.5] == [timed.start for timed in timed_notes(later, later.parts[0])]
        assert pytest.approx(1.0 + 7 * 0.5) == seconds(later)


class TestFiles:
    @pytest.mark.parametrize("kind", ["wav", "ogg", "flac", "mp3"])
    def test_same_song_same_bytes(self, kind: AudioFormat) -> None:
        riff = song(part([note(0, 900, 40), note(960, 900, 45)], 33), part(drums(1), None), bars=1)
        octets = render_audio(riff, kind)
        assert octets == render_audio(riff, kind)
        with soundfile.SoundFile(io.BytesIO(octets)) as file:
            assert "Song" == file.title
            assert 2 * SAMPLE_RATE <= file.frames <= 5 * SAMPLE_RATE

    def test_24_bits(self) -> None:
        wide = render_audio(song(part([note(0)])), "wav", bits=24)
        read, _ = soundfile.read(io.BytesIO(wide), dtype="float32")
        assert np.abs(read.T - render_samples(song(part([note(0)])))).max() < 2**-22

    def test_symusic_can_be_asked_for(self) -> None:
        samples = render_samples(funk(), synth="symusic")
        assert peak_db(samples) <= -1
        assert rms_db(samples) > -25
