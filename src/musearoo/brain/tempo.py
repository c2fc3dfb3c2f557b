"""Pulse rates that the onsets repeat at: autocorrelation with a log-normal prior.

The prior is centred as in Parncutt 1994 and used as in Ellis 2007 (0.9 octaves there).
"""

import numpy as np

from musearoo.brain.signal import Floats
from musearoo.brain.spectrum import FPS

SLOWEST, FASTEST = 40.0, 250.0
"""Range of the pulse in beats a minute."""

PREFERRED, SPREAD_OCTAVES = 105.0, 0.55


def log_prior(bpm: Floats | float) -> Floats:
    """Log of the (unnormalised) log-normal prior over pulse rates."""
    return np.asarray(-0.5 * (np.log2(np.asarray(bpm) / PREFERRED) / SPREAD_OCTAVES) ** 2)


def autocorrelation(curve: Floats) -> Floats:
    """Normalised, bias-free autocorrelation up to 8 s, of a smoothed and centred curve."""
    smooth = np.convolve(curve, np.hanning(9)[1:-1] / np.hanning(9).sum(), mode="same")
    centred = smooth - smooth.mean()
    size = 1 << int(np.ceil(np.log2(2 * len(centred) + 1)))
    spectrum = np.fft.rfft(centred, size)
    raw = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(centred)]
    lags = min(len(centred), int(8 * FPS))
    fade = len(centred) - np.arange(lags)
    corrected = raw[:lags] / np.maximum(fade, len(centred) * 0.35)
    return np.asarray(corrected / max(corrected[0], 1e-9), dtype=np.float32)


def pulse_rates(correlation: Floats, *, count: int = 6) -> list[tuple[float, float]]:
    """The most likely pulse rates (beats a minute, salience), best first."""
    grid = SLOWEST * 2 ** np.arange(0, np.log2(FASTEST / SLOWEST), 1 / 96)
    salience = comb(correlation, grid)
    weighted = salience + 0.12 * log_prior(grid)
    inner = np.flatnonzero((weighted[1:-1] >= weighted[:-2]) & (weighted[1:-1] > weighted[2:])) + 1
    order = inner[np.argsort(-weighted[inner])]
    chosen: list[tuple[float, float]] = []
    for index in order:
        bpm = float(grid[index])
        if all(abs(np.log2(bpm / other)) > 0.08 for other, _ in chosen):
            chosen.append((bpm, float(salience[index])))
        if len(chosen) == count:
            break
    return _with_octaves(chosen, correlation)


def comb(correlation: Floats, bpm: Floats) -> Floats:
    """Mean correlation at one to four periods of each rate."""
    total = np.zeros(len(bpm))
    weight = np.zeros(len(bpm))
    for multiple, share in ((1, 1.0), (2, 0.7), (3, 0.4), (4, 0.5)):
        lags = multiple * 60 * FPS / bpm
        inside = lags < len(correlation) - 1
        value = np.interp(lags, np.arange(len(correlation)), correlation)
        total += np.where(inside, share * value, 0)
        weight += np.where(inside, share, 0)
    return np.asarray(np.where(weight > 0, total / np.maximum(weight, 1e-9), 0.0))


def _with_octaves(
    chosen: list[tuple[float, float]], correlation: Floats
) -> list[tuple[float, float]]:
    """Add half, double, two thirds and three halves of the best two rates."""
    result = list(chosen)
    for bpm, _ in chosen[:2]:
        for ratio in (0.5, 2.0, 2 / 3, 1.5):
            other = bpm * ratio
            known = any(abs(np.log2(other / known)) < 0.08 for known, _ in result)
            if SLOWEST <= other <= FASTEST and not known:
                result.append((other, float(comb(correlation, np.array([other]))[0])))
    return result
