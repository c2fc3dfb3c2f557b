"""Measure the traits of a recording that style, emotion and complexity are guessed from."""

import numpy as np

from musearoo.brain.harmony import NO_CHORD, Harmony
from musearoo.brain.mood import Traits
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent
from musearoo.brain.signal import Floats
from musearoo.domain.analysis import Accents


def measure(
    onsets: Onsets,
    pitch: PitchContent,
    harmony: Harmony | None,
    accents: Accents | None,
    *,
    bpm: float,
    seconds: float,
    signature: str,
    sevenths: float,
) -> Traits:
    """Collect the traits; `seconds` is the length of the analysed part."""
    grid = np.array(accents.per_bar, dtype=np.float64) / 1000 if accents else np.zeros((1, 16))
    rate, variety, minor = _harmonic(harmony, grid.shape[0])
    levels = onsets.log_mel.mean(axis=1) if len(onsets.log_mel) else np.zeros(1)
    return Traits(
        bpm=bpm,
        onset_rate=len(onsets.peaks) / max(seconds, 0.5),
        swing=accents.swing / 1000 if accents else 0.5,
        compound=signature in ("6/8", "9/8", "12/8"),
        triple_meter=signature in ("3/4", "6/8", "9/8"),
        brightness=_brightness(onsets),
        percussive=float(np.clip(1.6 - 2.2 * _weighted_tonality(pitch), 0, 1)),
        sustained=float(np.clip(np.median(levels) / max(float(levels.max()), 1e-6), 0, 1)),
        low_pulse=_share(onsets.registers[:, 0], onsets.registers.sum(axis=1)),
        backbeat=_backbeat(grid),
        syncopation=_syncopation(grid),
        minor=minor,
        chord_rate=rate,
        chord_variety=variety,
        sevenths=sevenths,
        pitch_entropy=_entropy(pitch.treble.sum(axis=0) + pitch.bass.sum(axis=0)),
        dynamics=float(np.std(levels) / max(float(levels.mean()), 1e-6)),
    )


def _harmonic(harmony: Harmony | None, bars: int) -> tuple[float, float, float]:
    """Chord changes a bar, chord vocabulary 0-1, share of minor chords and keys."""
    if harmony is None:
        return 0.0, 0.0, 0.5
    path = harmony.path[harmony.path != NO_CHORD]
    if not len(path):
        return 0.0, 0.0, 0.5
    changes = int((np.diff(path) != 0).sum())
    minor_key = float(harmony.keys[12:].sum())
    variety = min((len(set(path.tolist())) - 1) / 6, 1.0)
    return changes / max(bars, 1), variety, 0.6 * minor_key + 0.4 * float((path >= 12).mean())


def _brightness(onsets: Onsets) -> float:
    """Level of the upper mel bands against all bands."""
    total = onsets.log_mel.mean(axis=0)
    return float(np.clip(total[20:].mean() / max(float(total.mean()), 1e-6), 0, 1))


def _weighted_tonality(pitch: PitchContent) -> float:
    weight = pitch.salience.sum(axis=1) + 1e-6
    return float(np.average(pitch.tonality, weights=weight))


def _share(part: Floats, whole: Floats) -> float:
    return float(np.clip(2 * part.sum() / max(float(whole.sum()), 1e-6), 0, 1))


def _backbeat(grid: Floats) -> float:
    """How much the second and fourth quarter outweigh the first and third."""
    if grid.shape[1] != 16:
        return 0.0
    mean = grid.mean(axis=0)
    return float(np.clip(0.5 + (mean[4] + mean[12] - mean[0] - mean[8]), 0, 1))


def _syncopation(grid: Floats) -> float:
    """Accents on weak steps that no accent follows on the next stronger step, 0-1."""
    steps = grid.shape[1]
    strong = np.roll(grid, -1, axis=1)
    weak = np.arange(steps) % 2 == 1
    eighth = (np.arange(steps) % 4 == 2) if steps % 4 == 0 else weak
    tied = np.maximum(0, grid - strong)[:, weak].sum()
    ahead = np.maximum(0, grid - np.roll(grid, -2, axis=1))[:, eighth].sum()
    return float(np.clip(1.5 * (tied + ahead) / max(grid.sum(), 1e-6), 0, 1))


def _entropy(weights: Floats) -> float:
    share = weights / max(float(weights.sum()), 1e-9)
    share = share[share > 1e-4]
    return float(-(share * np.log2(share)).sum()) if len(share) else 0.0
