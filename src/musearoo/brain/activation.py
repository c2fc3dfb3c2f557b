"""P(beat) and P(downbeat) per decoder frame, from a small convolutional network.

Ten dilated layers see about 20 s to each side, after Davies & Böck, "Temporal
convolutional networks for musical audio beat tracking", EUSIPCO 2019; trained by us on
pieces we composed and rendered (training/train_beats.py).
"""

import numpy as np

from musearoo.brain.beats import STRIDE
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent
from musearoo.brain.signal import Floats
from musearoo.brain.spectrum import PITCH_STRIDE
from musearoo.brain.weights import load

INPUTS = 45
"""20 levels, 20 rises, 4 pitch novelties and the onset strength."""

_LOOKS = (10, 24)
"""Pitch frames (40 ms each) on either side that a novelty compares."""


def activations(onsets: Onsets, pitch: PitchContent) -> tuple[Floats, Floats | None]:
    """P(beat) and P(downbeat) per decoder frame; no downbeats without weights."""
    weights = load("beats")
    if weights is None:
        return _from_onsets(onsets), None
    chance = forward(weights, inputs(onsets, pitch))
    return chance[:, 0], chance[:, 1]


def inputs(onsets: Onsets, pitch: PitchContent) -> Floats:
    """Network inputs, (decoder frames, INPUTS)."""
    frames = len(onsets.strength) // STRIDE
    level = _pairs(onsets.log_mel, frames).mean(axis=1)
    level = level.reshape(frames, -1, 2).mean(axis=2) / 4
    rise = _pairs(onsets.rise, frames).max(axis=1)
    rise = rise.reshape(frames, -1, 2).mean(axis=2)
    novelty = [_novelty(chroma, look) for chroma in (pitch.treble, pitch.bass) for look in _LOOKS]
    repeat = PITCH_STRIDE // STRIDE
    slow = np.repeat(np.stack(novelty, axis=1), repeat, axis=0)
    slow = np.pad(slow, ((0, max(0, frames - len(slow))), (0, 0)))[:frames]
    strength = _pairs(onsets.strength[:, None], frames).max(axis=1)
    return np.concatenate([level, rise, slow, strength], axis=1).astype(np.float32)


def _pairs(rows: Floats, frames: int) -> Floats:
    return np.asarray(rows[: frames * STRIDE].reshape(frames, STRIDE, -1))


def _novelty(chroma: Floats, look: int) -> Floats:
    """Cosine distance between the pitches of the frames before and after."""
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0, dtype=np.float64)])
    index = np.arange(len(chroma))
    before = total[index] - total[np.maximum(index - look, 0)]
    after = total[np.minimum(index + look, len(chroma))] - total[index]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.asarray(1 - (before * after).sum(axis=1) / np.maximum(size, 1e-3), np.float32)


def forward(weights: dict[str, Floats], rows: Floats) -> Floats:
    """Run the network: a dense layer, residual dilated convolutions, two logistic outputs."""
    state = np.maximum(rows @ weights["in_w"] + weights["in_b"], 0)
    taps = weights["conv_w"].shape[1]
    for layer, (kernel, bias) in enumerate(zip(weights["conv_w"], weights["conv_b"], strict=True)):
        reach = taps // 2 * 2**layer
        padded = np.pad(state, ((reach, reach), (0, 0)))
        total = bias + sum(
            padded[tap * 2**layer : tap * 2**layer + len(state)] @ kernel[tap]
            for tap in range(taps)
        )
        state = state + np.maximum(total, 0)
    logits = state @ weights["out_w"] + weights["out_b"]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


def _from_onsets(onsets: Onsets) -> Floats:
    """Squashed onset strength, for want of weights."""
    frames = len(onsets.strength) // STRIDE
    pairs = _pairs(onsets.strength[:, None], frames).max(axis=1)[:, 0]
    near = np.maximum(pairs[1:-1], 0.6 * np.maximum(pairs[:-2], pairs[2:]))
    smooth = np.concatenate([pairs[:1], near, pairs[-1:]])
    return np.asarray(np.clip(0.85 * smooth, 0.02, 0.9), dtype=np.float32)
