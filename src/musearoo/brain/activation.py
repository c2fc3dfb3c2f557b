"""P(beat) and P(downbeat) per decoder frame, from the onsets alone."""

import numpy as np

from musearoo.brain.beats import STRIDE
from musearoo.brain.onsets import Onsets
from musearoo.brain.signal import Floats


def activations(onsets: Onsets) -> tuple[Floats, Floats | None]:
    """Squash the onset strength; no learned downbeats."""
    strength = onsets.strength
    frames = len(strength) // STRIDE
    pairs = strength[: frames * STRIDE].reshape(frames, STRIDE).max(axis=1)
    near = np.maximum(pairs[1:-1], 0.6 * np.maximum(pairs[:-2], pairs[2:]))
    smooth = np.concatenate([pairs[:1], near, pairs[-1:]])
    return np.asarray(np.clip(0.85 * smooth, 0.02, 0.9), dtype=np.float32), None
