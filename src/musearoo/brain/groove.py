"""The rhythm of the riff itself: accents on the grid of each bar, and its swing."""

import numpy as np

from musearoo.brain.grid import sample_max
from musearoo.brain.onsets import Onsets
from musearoo.brain.signal import Floats
from musearoo.brain.spectrum import FPS
from musearoo.domain.analysis import Accents

_STRAIGHT, _TRIPLET = 0.5, 2 / 3


def accents(onsets: Onsets, beats: Floats, first: int, pulses: int, steps: int) -> Accents | None:
    """Accents per step of each whole or begun bar from the first downbeat.

    `first` is the beat index of the first downbeat, `pulses` the beats and `steps` the
    grid steps of one bar.  Off-beats late by swing count for their written step.
    """
    per_beat = steps // pulses
    if len(beats) - first < 2 or per_beat < 1:
        return None
    swing = swing_ratio(onsets, beats) if per_beat in (2, 4) else _STRAIGHT
    rows = _bar_rows(beats, first, pulses)
    offsets = _places(per_beat, swing)
    levels = np.array([_levels(onsets, row, offsets) for row in rows]).reshape(len(rows), -1)
    top = max(float(np.quantile(levels, 0.95)), 0.25)
    scaled = np.clip(1000 * levels / top, 0, 1000).round().astype(int)
    scaled[scaled < 60] = 0
    return Accents(
        steps_per_bar=steps,
        per_bar=tuple(tuple(int(v) for v in row) for row in scaled),
        swing=round(1000 * swing),
    )


def _bar_rows(beats: Floats, first: int, pulses: int) -> list[Floats]:
    """Beat times of each bar with the beat that follows it, extended at the end."""
    step = float(np.median(np.diff(beats)))
    count = max(1, round((len(beats) - first) / pulses))
    tail = beats[-1] + step * np.arange(1, pulses + 2)
    times = np.concatenate([beats, tail]).astype(np.float32)
    return [times[first + b * pulses : first + (b + 1) * pulses + 1] for b in range(count)]


def _places(per_beat: int, swing: float) -> Floats:
    """Place of each step inside its beat, 0-1; the pair of eighths follows the swing."""
    straight = np.arange(per_beat) / per_beat
    return np.asarray(np.interp(straight, [0, 0.5, 1], [0, swing, 1]), dtype=np.float32)


def _levels(onsets: Onsets, row: Floats, places: Floats) -> Floats:
    spans = np.diff(row)[:, None]
    times = (row[:-1, None] + spans * places).ravel()
    reach = float(min(0.045, 0.4 * spans.mean() / len(places)))
    return sample_max(onsets.strength, times, fps=FPS, reach=reach)


def swing_ratio(onsets: Onsets, beats: Floats) -> float:
    """Place of the off-beat inside its beat: 0.5 straight, 0.67 triplet."""
    if len(beats) < 3 or not len(onsets.peaks):
        return _STRAIGHT
    seconds = onsets.seconds
    inside = (seconds >= beats[0]) & (seconds < beats[-1])
    place = np.interp(seconds[inside], beats, np.arange(len(beats))) % 1
    index = np.clip(onsets.peaks[inside].astype(int), 0, len(onsets.strength) - 1)
    weight = onsets.strength[index]
    late = (place > 0.42) & (place < 0.74)
    quarter = ((place > 0.17) & (place < 0.33)) | (place > 0.74) & (place < 0.83)
    if weight[late].sum() < 0.8 or weight[quarter].sum() > 0.6 * weight[late].sum():
        return _STRAIGHT
    centre = float(np.average(place[late], weights=weight[late]))
    return centre if centre > 0.54 else _STRAIGHT


def energy(samples: Floats, rate: int, beats: Floats) -> Floats:
    """Loudness of each beat, 0-1: 1 is the loudest beat, 0 is 30 dB below it."""
    step = float(np.median(np.diff(beats))) if len(beats) > 1 else 0.5
    edges = np.clip(np.append(beats, beats[-1] + step) * rate, 0, len(samples)).astype(int)
    total = np.concatenate([[0.0], np.cumsum(np.square(samples), dtype=np.float64)])
    power = np.diff(total[edges]) / np.maximum(np.diff(edges), 1)
    decibel = 10 * np.log10(power + 1e-9)
    return np.asarray(np.clip(1 + (decibel - decibel.max()) / 30, 0, 1), dtype=np.float32)
