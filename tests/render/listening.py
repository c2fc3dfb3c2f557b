"""Ears for tests: level and pitch of samples."""

import numpy as np
from numpy.typing import NDArray

from musearoo.render.programs import Preset
from musearoo.render.synth import SAMPLE_RATE, Samples, Synth, TimedNote

Mono = NDArray[np.float64]
_RING = 8.0  # seconds


def played(synth: Synth, preset: Preset, *notes: tuple[float, float, int, int]) -> Samples:
    """The notes (start, length, pitch, velocity) alone, up to their last sample."""
    timed = [TimedNote(*note) for note in notes]
    ends = [note.start + note.length for note in timed]
    bus = np.zeros((2, round((max(ends, default=0.0) + _RING) * SAMPLE_RATE)), np.float32)
    synth.add(bus, preset, timed)
    sounding = np.flatnonzero(bus.any(axis=0))
    return bus[:, : int(sounding[-1]) + 1 if sounding.size else 0]


def mono(samples: Samples) -> Mono:
    return np.asarray(samples.mean(axis=0), np.float64)


def rms_db(samples: Samples) -> float:
    """RMS level in dBFS."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return 10 * float(np.log10(max(power, 1e-20)))


def peak_db(samples: Samples) -> float:
    return 20 * float(np.log10(max(float(np.abs(samples).max(initial=0.0)), 1e-10)))


def cents_off(samples: Samples, pitch: int) -> float:
    """How far the sound is from a MIDI pitch: the peak of a harmonic comb within a semitone."""
    signal = mono(samples)
    size = 1 << 16
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), size))
    wanted = 440 * 2 ** ((pitch - 69) / 12)
    candidates = np.arange(-100, 101)
    frequencies = wanted * 2 ** (candidates / 1200)
    score = np.zeros(len(candidates))
    for harmonic in range(1, 9):
        bins = frequencies * harmonic * size / SAMPLE_RATE
        inside = bins < len(spectrum) - 1
        score[inside] += np.interp(bins[inside], np.arange(len(spectrum)), spectrum) / harmonic
    return float(candidates[np.argmax(score)])


def harmonic_share(samples: Samples, pitch: int) -> float:
    """The share of energy at whole multiples of the pitch: little where it is another pitch."""
    signal = mono(samples)
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    ratio = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE) / (440 * 2 ** ((pitch - 69) / 12))
    near = np.abs(ratio - np.round(ratio)) < 0.06 * np.sqrt(np.maximum(1, np.round(ratio)))
    return float(power[near & (ratio > 0.5)].sum() / power.sum())


def brightness(samples: Samples) -> float:
    """The spectral centroid in hertz."""
    power = np.abs(np.fft.rfft(mono(samples))) ** 2
    frequency = np.fft.rfftfreq(samples.shape[1], 1 / SAMPLE_RATE)
    return float((power * frequency).sum() / power.sum())


def onset(samples: Samples, threshold_db: float = -40.0) -> float:
    """Seconds to the first sample above the threshold."""
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > 10 ** (threshold_db / 20))
    return float(loud[0] / SAMPLE_RATE) if loud.size else float("inf")
