"""Short-time spectra, computed block by block so that memory stays flat."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from musearoo.brain.signal import RATE, Floats

HOP = 220
"""Hop of the rhythm frames in samples: 10 ms, 100.2 frames a second."""

FPS = RATE / HOP
RHYTHM_WINDOW = 1024
PITCH_WINDOW = 8192
PITCH_STRIDE = 4
"""Rhythm frames per pitch frame: 25.06 pitch frames a second."""

PITCH_FPS = FPS / PITCH_STRIDE
MEL_BANDS = 40
LOW_MIDI, HIGH_MIDI = 24, 96
"""Pitch range of the semitone spectrum: C1 (32.7 Hz) up to, not including, C7."""

STEPS = 3
"""Bins per semitone."""

_BLOCK = 512


def _blocks(samples: Floats, window: int, hop: int) -> Iterator[Floats]:
    """Yield magnitude spectra (frames, bins) with frame i centred at sample i*hop."""
    frames = 1 + len(samples) // hop
    padded = np.concatenate(
        [np.zeros(window // 2, np.float32), samples, np.zeros(window // 2 + hop, np.float32)]
    )
    taper = np.hanning(window + 1)[:-1].astype(np.float32)
    taper /= taper.sum() / 2
    views = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:frames]
    for start in range(0, frames, _BLOCK):
        yield np.abs(np.fft.rfft(views[start : start + _BLOCK] * taper, axis=1)).astype(np.float32)


@cache
def mel_matrix() -> Floats:
    """(bins, bands) triangles on the mel scale, 30 Hz to 10 kHz, each of unit area."""
    bins = RHYTHM_WINDOW // 2 + 1
    low, high = (2595 * np.log10(1 + f / 700) for f in (30.0, 10000.0))
    edges = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    hz = np.arange(bins) * RATE / RHYTHM_WINDOW
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    width = np.maximum(right - left, 2.2 * RATE / RHYTHM_WINDOW)
    rise = (hz - (centre - width / 2)) / (width / 2)
    fall = ((centre + width / 2) - hz) / (width / 2)
    weights = np.maximum(0.0, np.minimum(rise, fall))
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    return np.ascontiguousarray(weights.T, dtype=np.float32)


def mel_frames(samples: Floats) -> Floats:
    """Linear mel magnitudes, (frames, MEL_BANDS), one frame each `HOP` samples."""
    matrix = mel_matrix()
    return np.concatenate([block @ matrix for block in _blocks(samples, RHYTHM_WINDOW, HOP)])


@cache
def pitch_matrix() -> Floats:
    """(bins, 3 per semitone) log-frequency kernel, at least two FFT bins wide."""
    centres = LOW_MIDI + (np.arange((HIGH_MIDI - LOW_MIDI) * STEPS) - 1) / STEPS
    centre_hz = 440.0 * 2 ** ((centres - 69) / 12)
    resolution = RATE / PITCH_WINDOW
    bins = int(HIGH_MIDI_HZ / resolution) + 2
    hz = np.arange(bins) * resolution
    half = np.maximum(centre_hz * (2 ** (1 / (12 * STEPS)) - 1), 0.9 * resolution)
    weights = np.maximum(0.0, 1 - np.abs(hz[:, None] - centre_hz) / half)
    weights /= np.maximum(weights.sum(axis=0, keepdims=True), 1e-9)
    return weights.astype(np.float32)


HIGH_MIDI_HZ = 440.0 * 2 ** ((HIGH_MIDI + 1 - 69) / 12)


def log_frequency_frames(samples: Floats) -> Floats:
    """Magnitudes on a 36-bins-an-octave scale from C1, (frames, bins)."""
    matrix = pitch_matrix()
    bins = matrix.shape[0]
    hop = HOP * PITCH_STRIDE
    return np.concatenate(
        [block[:, :bins] @ matrix for block in _blocks(samples, PITCH_WINDOW, hop)]
    )
