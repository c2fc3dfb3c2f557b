"""Parts to one stereo mix: balance, loudness and a limiter, in whole-array steps.

The loudness is that of ITU-R BS.1770-4 in a cheap form: K-weighting applied
to the power spectra of blocks of 4096 samples, gated at 10 LU below the mean.
"""

import math
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from musearoo.render.synth import SAMPLE_RATE, Samples, Sides

TARGET_LUFS: Final = -15.0
CEILING: Final = 10 ** (-1.1 / 20)  # -1 dBFS with a little room for rounding
MAXIMUM_BOOST_DB: Final = 24.0
TAIL_SECONDS: Final = 3.0
_SILENCE: Final = 10 ** (-60 / 20)
_FADE_SECONDS: Final = 0.05
_LOUDNESS_BLOCK: Final = 4096
_ENOUGH_BLOCKS: Final = 64
_GOLDEN_RATIO: Final = 0.6180339887498949
_LIMITER_BLOCK: Final = 64
_LOOK_AHEAD: Final = 6  # blocks: 9 ms on both sides


def bus(seconds: float) -> Samples:
    """Silence to mix parts into: `seconds` and the longest tail, in whole blocks."""
    frames = _frames(seconds) + round(TAIL_SECONDS * SAMPLE_RATE)
    return np.zeros((2, -(-frames // _LIMITER_BLOCK) * _LIMITER_BLOCK), np.float32)


def sides(gain: float, pan: float) -> Sides:
    """Gains of left and right: the far side fades by a quarter cosine, the near side stays."""
    pan = min(1.0, max(-1.0, pan))
    far = gain * math.cos(abs(pan) * math.pi / 2)
    return (far, gain) if pan > 0 else (gain, far)


def mastered(mix: Samples, seconds: float) -> Samples:
    """The sum on a `bus` with its tail trimmed, brought to level and limited, in place."""
    end = _trim(mix, _frames(seconds))
    mix = mix[:, : -(-end // _LIMITER_BLOCK) * _LIMITER_BLOCK]
    mix *= np.float32(_levelling_gain(mix))
    return limited(mix)[:, :end]


def _frames(seconds: float) -> int:
    return max(1, round(seconds * SAMPLE_RATE))


def _trim(mix: Samples, least: int) -> int:
    """Where the tail has died away; it is faded there, and silent beyond."""
    loudest = max(float(mix.max()), -float(mix.min()))
    tail = np.abs(mix[:, least:]).max(axis=0, initial=0.0)
    audible = np.flatnonzero(tail > loudest * _SILENCE)
    fade = round(_FADE_SECONDS * SAMPLE_RATE)
    longest = least + round(TAIL_SECONDS * SAMPLE_RATE)
    end = min(longest, mix.shape[1], least + (int(audible[-1]) + fade if audible.size else 0))
    length = min(fade, end - least)
    mix[:, end - length : end] *= np.linspace(1, 0, length, dtype=np.float32)
    mix[:, end:] = 0
    return int(end)


def _levelling_gain(mix: Samples) -> float:
    level = loudness(mix)
    if level == -np.inf:
        return 1.0
    return float(10 ** (min(TARGET_LUFS - level, MAXIMUM_BOOST_DB) / 20))


def loudness(mix: Samples) -> float:
    """Loudness in LUFS, near enough for levelling; minus infinity for silence."""
    blocks = mix.shape[1] // _LOUDNESS_BLOCK
    if not blocks:
        mix = np.pad(mix, ((0, 0), (0, _LOUDNESS_BLOCK - mix.shape[1])))
        blocks = 1
    heard = _heard(blocks)
    power = np.zeros(len(heard))
    weights = _k_weights()
    for channel in mix:
        framed = channel[: blocks * _LOUDNESS_BLOCK].reshape(blocks, _LOUDNESS_BLOCK)
        spectrum = np.fft.rfft(framed[heard])
        power += (spectrum.real**2 + spectrum.imag**2) @ weights
    audible = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not audible.size:
        return -np.inf
    gated = audible[audible > audible.mean() / 10]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def _heard(blocks: int) -> NDArray[np.int64]:
    """The blocks that are measured: all of a few, else a share spread so that no beat hides."""
    numbers = np.arange(blocks)
    return np.flatnonzero((numbers * _GOLDEN_RATIO) % 1 < _ENOUGH_BLOCKS / blocks)


@cache
def _k_weights() -> NDArray[np.float32]:
    """|K(f)|^2 per bin, scaled so that the weighted sum over a block is its mean square."""
    frequency = np.fft.rfftfreq(_LOUDNESS_BLOCK, 1 / SAMPLE_RATE)
    high_pass = (frequency / 38.0) ** 4 / (1 + (frequency / 38.0) ** 4)
    shelf = (1 + 1.585**2 * (frequency / 1500.0) ** 4) / (1 + (frequency / 1500.0) ** 4)
    sides = np.where((frequency == 0) | (frequency == SAMPLE_RATE / 2), 1.0, 2.0)
    return (high_pass * shelf * sides / _LOUDNESS_BLOCK**2).astype(np.float32)


def limited(mix: Samples) -> Samples:
    """Hold every sample under `CEILING`, with a gain that moves over 9 ms either way.

    The gain runs straight from block edge to block edge. At an edge it is the mean
    of minima that all see both blocks beside it, so that it cannot overshoot.
    """
    frames = mix.shape[1]
    blocks = -(-frames // _LIMITER_BLOCK)
    if frames % _LIMITER_BLOCK:
        mix = np.pad(mix, ((0, 0), (0, blocks * _LIMITER_BLOCK - frames)))
    framed = mix.reshape(2, blocks, _LIMITER_BLOCK)  # a view: what follows changes `mix`
    peaks = np.maximum(framed.max(axis=2), -framed.min(axis=2)).max(axis=0)
    if float(peaks.max(initial=0.0)) > CEILING:
        edges = _edge_gains(np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9)))
        turned = np.flatnonzero(np.minimum(edges[:-1], edges[1:]) < 1)
        ramp = np.arange(_LIMITER_BLOCK, dtype=np.float32) / np.float32(_LIMITER_BLOCK)
        gain = edges[turned, None] + (edges[turned + 1] - edges[turned])[:, None] * ramp
        limit = np.float32(CEILING)
        framed[:, turned] = np.clip(framed[:, turned] * gain, -limit, limit)
    return mix[:, :frames]


def _edge_gains(wanted: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """One gain more than blocks, each no higher than those near it want."""
    window = 2 * _LOOK_AHEAD + 1
    padded = np.pad(wanted, (2 * _LOOK_AHEAD - 1, 2 * _LOOK_AHEAD), mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, window).min(axis=1)
    return np.convolve(lowest, np.ones(window - 2) / (window - 2), "valid").astype(np.float32)
