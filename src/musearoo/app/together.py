"""The riff and the band in one sound file, bar 1 on bar 1."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from musearoo.render.mix import limited, loudness
from musearoo.render.sound_file import encode
from musearoo.render.synth import SAMPLE_RATE, Samples

RIFF_LUFS: Final = -17.0  # the band's mix has -15: the riff stays heard inside it
BAND_GAIN: Final = 0.8
_PAIR: Final = 2


def together(recording: Path, band: Path, *, bar_1: float, title: str) -> bytes:
    """Both as WAV; the band enters where bar 1 of the recording is, in seconds."""
    played = _samples(band, None)
    start = max(0, round(bar_1 * SAMPLE_RATE))
    riff = _samples(recording, (start + played.shape[1]) / SAMPLE_RATE)
    whole = np.zeros((_PAIR, max(riff.shape[1], start + played.shape[1])), np.float32)
    level = loudness(riff)
    if level != -np.inf:
        whole[:, : riff.shape[1]] += riff * np.float32(10 ** ((RIFF_LUFS - level) / 20))
    whole[:, start : start + played.shape[1]] += played * np.float32(BAND_GAIN)
    return encode(limited(whole), "wav", bits=16, title=title)


def _samples(path: Path, seconds: float | None) -> Samples:
    """The first `seconds` in stereo at our rate."""
    with soundfile.SoundFile(str(path)) as file:
        wanted = -1 if seconds is None else round(seconds * file.samplerate)
        frames = file.read(wanted, dtype="float32", always_2d=True)
        rate = file.samplerate
    if frames.shape[1] != _PAIR:
        frames = np.repeat(frames.mean(axis=1, keepdims=True), _PAIR, axis=1)
    if rate != SAMPLE_RATE:
        frames = soxr.resample(frames, rate, SAMPLE_RATE)
    return np.ascontiguousarray(frames.T, dtype=np.float32)
