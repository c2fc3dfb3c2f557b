"""Evidence for the beat sampled on the grid of one pulse."""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.beats import BEAT_FPS, Pulse
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent, pool
from musearoo.brain.signal import Floats
from musearoo.brain.spectrum import FPS

CURVES = ("low", "change", "bass_change", "strength", "learned")
"""Columns of `Grid.curves`: what may mark a downbeat."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Curves that the readings are judged by."""

    onsets: Onsets
    pitch: PitchContent
    beat: Floats
    """P(beat) at `BEAT_FPS`."""

    downbeat: Floats | None
    """P(downbeat) at `BEAT_FPS` from the learned model, or None."""

    first_onset: float
    last_onset: float


@dataclass(frozen=True, slots=True)
class Grid:
    """One row per cell: `rhythm` and `pitch` to compare bars by, `curves` as in `CURVES`."""

    times: Floats
    rhythm: Floats
    pitch: Floats
    curves: Floats

    def bpm(self, division: int) -> float:
        """Beats a minute of the pulse."""
        return 60.0 * (len(self.times) - 1) / division / float(self.times[-1] - self.times[0])


def sample_max(curve: Floats, times: Floats, *, fps: float, reach: float) -> Floats:
    """Largest value of `curve` within `reach` seconds of each time."""
    width = max(1, round(reach * fps))
    index = np.round(times * fps).astype(int)[:, None] + np.arange(-width, width + 1)
    return np.asarray(curve[np.clip(index, 0, len(curve) - 1)].max(axis=1), dtype=np.float32)


def subdivide(seconds: Floats, division: int) -> Floats:
    """The beats and `division` - 1 evenly spaced times between each two."""
    steps = np.arange(len(seconds) * division - division + 1) / division
    return np.interp(steps, np.arange(len(seconds)), seconds).astype(np.float32)


def grid_of(pulse: Pulse, division: int, evidence: Evidence) -> Grid:
    """Sample the evidence on the grid of one pulse."""
    times = subdivide(pulse.seconds, division)
    reach = min(0.04, 0.2 * 60 / pulse.bpm / division)
    registers = sample_max(evidence.onsets.registers, times, fps=FPS, reach=reach)
    strength = sample_max(evidence.onsets.strength, times, fps=FPS, reach=reach)
    treble = _unit(_spans(evidence.pitch.treble, evidence.pitch.fps, times))
    bass = _unit(_spans(evidence.pitch.bass, evidence.pitch.fps, times))
    learned = np.zeros(len(times), np.float32)
    if evidence.downbeat is not None:
        learned = log_odds(evidence.downbeat, times, reach)
    curves = [registers[:, 0], _novelty(treble, division), _novelty(bass, division)]
    return Grid(
        times,
        np.concatenate([registers, strength[:, None]], axis=1),
        np.concatenate([treble, bass], axis=1),
        np.stack([*curves, strength, learned], axis=1),
    )


def log_odds(curve: Floats, times: Floats, reach: float) -> Floats:
    """Log odds of the probability curve near each time, within +-4."""
    chance = np.clip(sample_max(curve, times, fps=BEAT_FPS, reach=reach), 0.018, 0.982)
    return np.asarray(np.log(chance / (1 - chance)))


def _spans(chroma: Floats, fps: float, times: Floats) -> Floats:
    step = times[-1] - times[-2] if len(times) > 1 else 0.5
    return pool(chroma, fps, np.append(times, times[-1] + step))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3))


def _novelty(rows: Floats, division: int) -> Floats:
    """Distance between the pitches of the pulse before and the pulse after each time."""
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    index = np.arange(len(rows))
    before = total[index] - total[np.maximum(index - division, 0)]
    after = total[np.minimum(index + division, len(rows))] - total[index]
    novelty = 1 - (_unit(before) * _unit(after)).sum(axis=1)
    novelty[0] = 0.5
    return np.asarray(novelty, dtype=np.float32)


def repeat(rows: Floats, lag: int) -> float:
    """Mean cosine similarity of grid cells `lag` apart."""
    if lag >= len(rows) - 1:
        return 0.0
    centred = rows - rows.mean(axis=0)
    a, b = centred[lag:], centred[:-lag]
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))
