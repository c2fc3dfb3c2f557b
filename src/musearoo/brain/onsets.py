"""Where notes begin: multi-band spectral flux that ignores vibrato.

After Böck & Widmer, "Maximum filter vibrato suppression for onset detection"
(SuperFlux), DAFx 2013, on log mel magnitudes.
"""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.signal import Floats, Ints
from musearoo.brain.spectrum import FPS, MEL_BANDS, mel_frames

GROUPS = ((0, 4), (4, 12), (12, 24), (24, MEL_BANDS))
"""Mel bands of the four registers: bass and kick, low mid, mid, high."""

_GAIN = 300.0
_LAG = 2
_LATENCY = 0.005
"""Seconds by which the flux peaks after a note begins, measured on rendered notes."""


@dataclass(frozen=True, slots=True)
class Onsets:
    """Frames at `FPS`: `log_mel` levels, their `rise` per band, flux per register and in total.

    `strength` is scaled so that the strong onsets of the recording lie near 1.
    """

    log_mel: Floats
    rise: Floats
    registers: Floats
    strength: Floats
    peaks: Floats

    @property
    def seconds(self) -> Floats:
        """Times of the onsets found."""
        seconds = self.peaks / np.float32(FPS) - np.float32(_LATENCY)
        return np.asarray(np.maximum(seconds, 0))


def find_onsets(samples: Floats) -> Onsets:
    """Analyse the levelled signal at 22,050 Hz."""
    log_mel = np.log1p(np.float32(_GAIN) * mel_frames(samples))
    rise = _rise(log_mel)
    registers = np.stack([rise[:, a:b].mean(axis=1) for a, b in GROUPS], axis=1)
    registers = registers / np.maximum(_strong(registers), 0.05)
    strength = rise.mean(axis=1) + 0.15 * registers.mean(axis=1)
    strength = strength / max(float(_strong(strength[:, None])[0]), 0.02)
    return Onsets(log_mel, rise, registers, strength, _peaks(strength))


def _rise(log_mel: Floats) -> Floats:
    """Increase against the loudest neighbouring band `_LAG` frames ago."""
    before = np.zeros_like(log_mel)
    before[_LAG:] = log_mel[:-_LAG]
    ceiling = before.copy()
    ceiling[:, 1:] = np.maximum(ceiling[:, 1:], before[:, :-1])
    ceiling[:, :-1] = np.maximum(ceiling[:, :-1], before[:, 1:])
    return np.maximum(0, log_mel - ceiling)


def _strong(frames: Floats) -> Floats:
    """Size of the strong onsets: mean of the highest local maxima, about two a second."""
    count = max(1, min(len(frames), int(2 * len(frames) / FPS) + 1))
    window = int(0.1 * FPS)
    width = len(frames) // window * window
    if not width:
        return np.asarray(frames.max(axis=0))
    tops = frames[:width].reshape(-1, window, frames.shape[1]).max(axis=1)
    count = min(count, len(tops))
    return np.asarray(np.sort(tops, axis=0)[-count:].mean(axis=0))


def _peaks(strength: Floats) -> Floats:
    """Frame positions (parabolic) of local maxima above a moving floor."""
    if len(strength) < 8:
        return np.zeros(0, np.float32)
    kernel = np.ones(41, np.float32) / 41
    floor = np.convolve(np.pad(strength, 20, mode="edge"), kernel, mode="valid")
    around = np.lib.stride_tricks.sliding_window_view(np.pad(strength, 3), 7).max(axis=1)
    found = np.flatnonzero((strength >= around) & (strength > floor + 0.08) & (strength > 0.1))
    return refine(strength, found)


def refine(curve: Floats, frames: Ints) -> Floats:
    """Parabolic interpolation of the maxima at integer `frames`."""
    inner = np.clip(frames, 1, len(curve) - 2)
    left, mid, right = curve[inner - 1], curve[inner], curve[inner + 1]
    bend = np.minimum(left - 2 * mid + right, -1e-6)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return np.asarray(np.where(inner == frames, inner + shift, frames), dtype=np.float32)
