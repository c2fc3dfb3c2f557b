"""Trained weights, all our own; the README beside them says how they were made."""

from functools import cache
from pathlib import Path

import numpy as np

from musearoo.brain.signal import Floats

_FOLDER = Path(__file__).parent


@cache
def load(name: str) -> dict[str, Floats] | None:
    """The arrays of one model in float32, or None where it was not trained."""
    path = _FOLDER / f"{name}.npz"
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}
