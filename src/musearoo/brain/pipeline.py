"""The whole analysis: a decoded sound in, an `Analysis` out."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from musearoo.brain.decode import DecodeLimits, decode
from musearoo.brain.groove import accents
from musearoo.brain.onsets import find_onsets
from musearoo.brain.pitch import pitch_content
from musearoo.brain.report import Heard, nothing, only, report
from musearoo.brain.rhythm import find_rhythm
from musearoo.brain.signal import Sound, condition
from musearoo.brain.tonality import find_harmony
from musearoo.domain.analysis import Analysis, Depth

QUICK_SECONDS = 30.0
"""How much of a recording `quick` listens to."""

SHORTEST_SECONDS = 0.5

Progress = Callable[[float], None]


def analyze(
    samples: npt.ArrayLike,
    rate: int,
    *,
    depth: Depth = "comprehensive",
    features: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Analyse samples of shape (frames,) or (frames, channels) at `rate` Hz.

    `features` limits what is reported (names of `report.FEATURES`); `progress` is called
    with the share done, 0 to 1.
    """
    tell = progress or _quiet
    whole = np.asarray(samples)
    sound = condition(whole, rate, limit_seconds=QUICK_SECONDS if depth == "quick" else None)
    duration = len(whole) / rate
    tell(0.1)
    if sound.silent or sound.seconds < SHORTEST_SECONDS:
        return nothing(sound, depth, duration, shortest=SHORTEST_SECONDS)
    result = report(_listen(sound, tell), depth, duration)
    tell(1.0)
    return result if features is None else only(result, features)


def _quiet(_share: float) -> None:
    """Report progress to nobody."""


def _listen(sound: Sound, tell: Progress) -> Heard:
    onsets = find_onsets(sound.samples)
    tell(0.25)
    pitch = pitch_content(sound.samples)
    tell(0.5)
    rhythm = find_rhythm(onsets, pitch, sound.seconds)
    tell(0.75)
    grid = rhythm.beats if rhythm else np.arange(0, sound.seconds, 0.5, dtype=np.float32)
    harmony = find_harmony(pitch, grid, rhythm)
    tell(0.9)
    hits = None
    if rhythm is not None:
        hits = accents(onsets, rhythm.beats, rhythm.first, rhythm.per_bar, rhythm.steps)
    return Heard(sound, onsets, pitch, rhythm, harmony, grid, hits)


def analyze_file(
    path: str | Path,
    *,
    depth: Depth = "comprehensive",
    features: Iterable[str] | None = None,
    progress: Progress | None = None,
    limits: DecodeLimits | None = None,
) -> Analysis:
    """Decode and analyse a local file; raises `UnsupportedAudio` or `PayloadTooLarge`."""
    limits = limits or DecodeLimits()
    if depth == "quick":
        limits = replace(limits, read_seconds=QUICK_SECONDS)
    sound = decode(path, limits)
    result = analyze(sound.samples, sound.rate, depth=depth, features=features, progress=progress)
    return replace(
        result, duration=round(sound.seconds, 6), warnings=(*result.warnings, *sound.warnings)
    )
