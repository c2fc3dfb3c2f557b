"""Whatever comes in, a clean analysis or a typed refusal comes out."""

import json
import math

import msgspec
import numpy as np
import pytest
import soundfile

from musearoo.brain import DecodeLimits, analyze, analyze_file, decode
from musearoo.codecs.sound_head import agrees, sniff
from musearoo.domain.analysis import Analysis
from musearoo.domain.errors import PayloadTooLarge, UnsupportedAudio

NOISE = np.random.default_rng(0).normal(0, 0.1, 44100 * 3)
TONE = np.sin(np.arange(44100 * 3) * 2 * np.pi * 220 / 44100)
CLICK = np.zeros(44100 * 3)
CLICK[22050] = 1.0

HARD = {
    "empty": (np.zeros(0), 44100),
    "one sample": (np.array([0.5]), 8000),
    "a fifth of a second": (NOISE[:8820], 44100),
    "silence": (np.zeros(88200), 44100),
    "direct current": (np.ones(88200), 44100),
    "noise": (NOISE, 44100),
    "clipped": (np.clip(NOISE * 100, -1, 1), 44100),
    "one click": (CLICK, 44100),
    "a long tone": (TONE, 44100),
    "not numbers": (np.full((44100, 2), np.nan), 44100),
    "some infinite": (np.where(np.arange(len(TONE)) % 5000 == 0, np.inf, TONE), 44100),
    "eight channels": (np.stack([NOISE] * 8, axis=1), 48000),
    "channels that cancel": (np.stack([TONE, -TONE], axis=1), 44100),
    "low rate": (NOISE[:24000], 8000),
    "high rate": (TONE, 192000),
    "integers": ((TONE * 30000).astype(np.int16), 44100),
    "huge": (TONE * 1e30, 44100),
    "tiny": (TONE * 1e-30, 44100),
}


def assert_clean(found: Analysis) -> None:
    """Plain JSON, no NaN, probabilities within 0-1, nothing found means confidence 0."""
    numbers = [v for v in msgspec.to_builtins(found).values() if isinstance(v, float)]
    assert all(math.isfinite(n) for n in numbers)
    json.dumps(msgspec.to_builtins(found), allow_nan=False)
    assert all(0.0 <= p <= 1.0 for p in found.confidence.values())
    for field in ("tempo", "time_signature", "key"):
        if getattr(found, field) is None:
            assert found.confidence[field] == 0.0
    assert list(found.beats) == sorted(found.beats)
    assert all(
        a.end <= b.start + 1e-6 for a, b in zip(found.chords, found.chords[1:], strict=False)
    )


@pytest.mark.parametrize("name", HARD)
def test_hard_input_gives_a_clean_analysis(name):
    """No exception, no NaN, no warning from NumPy."""
    samples, rate = HARD[name]
    assert_clean(analyze(samples, rate, depth="deep"))


@pytest.mark.parametrize("name", ["silence", "direct current", "not numbers", "tiny", "empty"])
def test_nothing_heard_is_none(name):
    """Silence has no tempo, meter or key, and says so."""
    found = analyze(*HARD[name])
    assert (found.tempo, found.time_signature, found.key) == (None, None, None)
    assert found.warnings


def test_noise_has_neither_beat_nor_key():
    """Stationary noise is no music."""
    found = analyze(*HARD["noise"])
    assert (found.tempo, found.key) == (None, None)


def test_cancelling_channels_are_still_heard():
    """The loudest channel stands in for an empty mix."""
    found = analyze(*HARD["channels that cancel"])
    assert found.loudness_db is not None
    assert found.loudness_db > -10


@pytest.mark.parametrize("rate", [0, 4000, 400000])
def test_impossible_rate_is_refused(rate):
    """A rate outside 8-192 kHz is a caller's error."""
    with pytest.raises(ValueError, match="sample rate"):
        analyze(TONE, rate)


def test_progress_rises_to_one_and_features_limit_the_answer():
    """Only what was asked for is reported."""
    seen: list[float] = []
    found = analyze(TONE, 44100, features=("key",), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert (found.tempo, found.style, found.chords) == (None, None, ())
    assert set(found.confidence) <= {"key"}


class TestSniff:
    @pytest.mark.parametrize(
        ("header", "kind"),
        [
            (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"),
            (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
            (b"fLaC\x00\x00\x00\x22", "flac"),
            (b"FORM\x00\x00\x00\x00AIFFCOMM", "aiff"),
            (b"FORM\x00\x00\x00\x00AIFCCOMM", "aiff"),
            (b"OggS\x00\x02", "ogg"),
            (b"ID3\x04\x00\x00\x00\x00\x00\x00", "mp3"),
            (b"\xff\xfb\x90\x64", "mp3"),
            (b"RIFF\x00\x00\x00\x00AVI LIST", None),
            (b"ID3\x09\x00\x00\xff\x00\x00\x00", None),
            (b"\xff\xff\xff\xff", None),
            (b"<!doctype html>", None),
            (b"", None),
        ],
    )
    def test_container_is_told_by_its_first_bytes(self, header, kind):
        """Names play no part."""
        assert kind == sniff(header)

    def test_suffix_agrees_in_any_case(self):
        """An MP3 named .wav does not."""
        assert agrees("My Riff.WAV", "wav")
        assert not agrees("riff.wav", "mp3")
        assert not agrees("riff", "wav")


class TestDecode:
    @pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "mp3"])
    def test_every_promised_format_is_read(self, tmp_path, suffix):
        """Two channels come back with their rate and length."""
        path = tmp_path / f"riff.{suffix}"
        soundfile.write(path, np.stack([TONE, TONE], axis=1)[:44100] * 0.5, 44100)
        sound = decode(path, DecodeLimits(name=path.name))
        assert sound.rate == 44100
        assert sound.samples.shape[1] == 2
        assert sound.seconds == pytest.approx(1.0, abs=0.06)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html></html>",
            b"RIFF\x00\x00\x00\x00WAVE",
            b"fLaC" + bytes(64),
            b"OggS" + bytes(64),
            b"\xff\xfb\x90\x64" + bytes(200),
        ],
    )
    def test_what_is_not_sound_is_refused(self, tmp_path, content):
        """Empty, foreign and cut-off files name the way out."""
        path = tmp_path / "riff"
        path.write_bytes(content)
        with pytest.raises(UnsupportedAudio):
            decode(path)

    def test_name_that_belies_the_content_is_refused(self, tmp_path):
        """A FLAC called .wav."""
        path = tmp_path / "riff.flac"
        soundfile.write(path, TONE[:4410], 44100)
        with pytest.raises(UnsupportedAudio, match="flac"):
            decode(path, DecodeLimits(name="riff.wav"))

    def test_limits_on_length_and_channels(self, tmp_path):
        """Too long and too wide are told apart from unreadable."""
        path = tmp_path / "riff.wav"
        soundfile.write(path, np.zeros((44100, 9)), 44100)
        with pytest.raises(PayloadTooLarge, match="9 channels"):
            decode(path)
        soundfile.write(path, np.zeros(44100 * 3), 44100)
        with pytest.raises(PayloadTooLarge, match="longer than 2 s"):
            decode(path, DecodeLimits(maximum_seconds=2))

    def test_truncated_wave_is_read_as_far_as_it_goes(self, tmp_path):
        """Half a file is half the music."""
        path = tmp_path / "riff.wav"
        soundfile.write(path, TONE * 0.5, 44100)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert decode(path).seconds == pytest.approx(1.5, abs=0.05)

    def test_quick_reads_thirty_seconds_and_tells_the_whole_length(self, tmp_path):
        """The length comes from the file, the tempo from its beginning."""
        path = tmp_path / "song.wav"
        soundfile.write(path, np.tile(TONE * 0.3, 15), 44100)
        found = analyze_file(path, depth="quick")
        assert found.duration == pytest.approx(45.0, abs=0.01)
        assert found.chords == ()
