"""Audio files as another library reads them."""

import io
import struct

import numpy as np
import pytest
import soundfile

from musearoo.ports.work import AudioFormat
from musearoo.render.sound_file import Bits, encode
from musearoo.render.synth import SAMPLE_RATE, Samples


def noise(seconds: float = 1.0) -> Samples:
    shape = (2, round(seconds * SAMPLE_RATE))
    return (np.random.default_rng(1).normal(size=shape) * 0.1).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "bits", "subtype", "error"),
    [
        ("wav", 16, "PCM_16", 2**-15),
        ("wav", 24, "PCM_24", 2**-22),
        ("flac", 16, "PCM_16", 2**-15),
        ("flac", 24, "PCM_24", 2**-22),
        ("ogg", 16, "VORBIS", 0.5),
        ("mp3", 16, "MPEG_LAYER_III", 0.5),
    ],
)
def test_round_trip(kind: AudioFormat, bits: Bits, subtype: str, error: float) -> None:
    samples = noise()
    octets = encode(samples, kind, bits=bits, title="Überfunk  <&>\n")
    with soundfile.SoundFile(io.BytesIO(octets)) as file:
        assert (subtype, SAMPLE_RATE, 2) == (file.subtype, file.samplerate, file.channels)
        assert "Überfunk <&>" == file.title
        if kind != "mp3":  # libsndfile does not read this tag of ID3
            assert "MuseAroo" == file.software.partition(" (")[0]
        read = file.read(dtype="float32").T
    assert samples.shape == read.shape
    assert np.abs(read - samples).max() <= error


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_same_samples_same_bytes(kind: AudioFormat) -> None:
    """libsndfile numbers its Ogg streams at random."""
    samples = noise(0.2)
    assert encode(samples, kind, bits=16, title="A") == encode(samples, kind, bits=16, title="A")


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_no_title_and_a_single_sample(kind: AudioFormat) -> None:
    octets = encode(np.zeros((2, 1), np.float32), kind, bits=16, title="")
    with soundfile.SoundFile(io.BytesIO(octets)) as file:
        assert 1 == file.frames


def test_vorbis_of_a_minute() -> None:
    """libsndfile 1.2.2 crashes when a minute of Vorbis is written at once."""
    octets = encode(np.zeros((2, 61 * SAMPLE_RATE), np.float32), "ogg", bits=16, title="")
    with soundfile.SoundFile(io.BytesIO(octets)) as file:
        assert 61 * SAMPLE_RATE == file.frames


def test_full_scale_does_not_wrap() -> None:
    square = np.array([[1.0, -1.0], [-1.0, 1.0]], np.float32)
    octets = encode(square, "wav", bits=16, title="")
    assert (32767, -32767, -32767, 32767) == struct.unpack("<4h", octets[-8:])
