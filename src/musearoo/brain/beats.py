"""Beat tracking: the best path of beats for each pulse rate, found together.

A semi-Markov model with explicit beat intervals: a path is scored by the beat
activation at its beats, by the activation it leaves out between them, and by how much
its interval changes.  All pulse rates are decoded in one pass over the frames.
"""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.signal import Floats, Ints
from musearoo.brain.spectrum import FPS

STRIDE = 2
"""Rhythm frames per decoder frame."""

BEAT_FPS = FPS / STRIDE
_STRETCH = 0.14
"""Largest deviation from the pulse rate in either direction."""

_CHANGE_COST = 9.0
_MISS_WEIGHT = 0.35


@dataclass(frozen=True, slots=True)
class Pulse:
    """One reading of the beat: `seconds` of the beats and how well they fit."""

    bpm: float
    seconds: Floats
    fit: float
    """Mean log odds of the beats, less what they leave out, per beat."""

    salience: float


def decode(activation: Floats, rates: list[tuple[float, float]]) -> list[Pulse]:
    """Track the beats at each pulse rate; `activation` is P(beat) at `BEAT_FPS`."""
    if not rates or len(activation) < 8:
        return []
    states, group = _states([bpm for bpm, _ in rates])
    score, origin = _forward(activation, states, group)
    return [
        _trace(index, bpm, salience, states, group, score, origin)
        for index, (bpm, salience) in enumerate(rates)
    ]


def _states(bpms: list[float]) -> tuple[Ints, Ints]:
    """Intervals in frames of all rates in a row, and which rate each belongs to."""
    intervals, groups = [], []
    for index, bpm in enumerate(bpms):
        centre = 60 * BEAT_FPS / bpm
        low, high = int(np.floor(centre / (1 + _STRETCH))), int(np.ceil(centre * (1 + _STRETCH)))
        span = np.arange(max(low, 4), high + 1)
        intervals.append(span)
        groups.append(np.full(len(span), index))
    return np.concatenate(intervals), np.concatenate(groups)


def _log_odds(activation: Floats) -> Floats:
    clipped = np.clip(activation, 0.01, 0.99)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float32)


def _omitted(activation: Floats) -> Floats:
    """Running cost of calling every frame so far no beat."""
    cost = -np.log1p(-np.clip(activation, 0.0, 0.99))
    return np.concatenate([[0.0], np.cumsum(cost)])


def _forward(activation: Floats, states: Ints, group: Ints) -> tuple[Floats, Ints]:
    """Best score of a path whose latest interval is the state, ending at each frame."""
    frames, width = len(activation), len(states)
    gain = _log_odds(activation) + 3.0
    omitted = _omitted(activation)
    begin = 1 + int(states.max())
    best = np.full((frames + begin, width), 0.0)
    origin = np.zeros((frames, width), np.int8)
    jump = _CHANGE_COST * np.abs(np.log2((states[1:]) / states[:-1]))
    jump = np.where(group[1:] == group[:-1], jump, 1e9)
    eased = np.zeros((frames + begin, width))
    columns = np.arange(width)
    margin = np.maximum(1, states // 6)
    for frame in range(frames):
        rows = frame + begin - states
        stay = eased[rows, columns]
        left_out = (
            omitted[np.maximum(frame - margin, 0)]
            - omitted[np.clip(frame - states + margin, 0, frames)]
        )
        row = stay + gain[frame] - _MISS_WEIGHT * left_out
        best[frame + begin] = row
        up = np.concatenate([[-1e9], row[:-1] - jump])
        down = np.concatenate([row[1:] - jump, [-1e9]])
        choice = np.where(up > row, np.where(down > up, 1, -1), np.where(down > row, 1, 0))
        origin[frame] = choice
        eased[frame + begin] = np.maximum(row, np.maximum(up, down))
    return best[begin:], origin


def _trace(
    index: int,
    bpm: float,
    salience: float,
    states: Ints,
    group: Ints,
    score: Floats,
    origin: Ints,
) -> Pulse:
    """Follow the best path of one rate backwards."""
    columns = np.flatnonzero(group == index)
    tail = max(0, len(score) - int(states[columns].max()))
    frame, offset = divmod(int(np.argmax(score[tail:][:, columns])), len(columns))
    frame += tail
    state = int(columns[offset])
    total = float(score[frame, state])
    beats = []
    while frame >= 0:
        beats.append(frame)
        frame -= int(states[state])
        if frame >= 0:
            state += int(origin[frame, state])
    times = np.array(beats[::-1], np.float32) / np.float32(BEAT_FPS)
    return Pulse(bpm, times, total / max(len(beats), 1), salience)
