"""Which beats make a bar: every reading of pulse, meter and downbeat, ranked together.

A reading says how fast the pulse is, how many pulses (or halves or thirds of one) make
a bar and where the first bar begins.  Each reading is described by the evidence below
and ranked by a small log-linear model, so that tempo octave, meter and downbeat are
decided at once and the probabilities of all of them come from one distribution.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from musearoo.brain.beats import BEAT_FPS, Pulse
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent, pool
from musearoo.brain.signal import Flags, Floats
from musearoo.brain.spectrum import FPS
from musearoo.brain.tempo import log_prior


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of `units` grid units, `division` units to the tracked pulse."""

    name: str
    units: int
    division: int
    quarters_per_pulse: float


BARS = (
    Bar("4/4", 8, 2, 1.0),
    Bar("3/4", 6, 2, 1.0),
    Bar("2/4", 4, 2, 1.0),
    Bar("5/4", 10, 2, 1.0),
    Bar("6/4", 12, 2, 1.0),
    Bar("7/4", 14, 2, 1.0),
    Bar("5/8", 5, 2, 1.0),
    Bar("7/8", 7, 2, 1.0),
    Bar("6/8", 6, 3, 1.5),
    Bar("9/8", 9, 3, 1.5),
    Bar("12/8", 12, 3, 1.5),
)

FEATURES = (
    "fit", "salience", "prior", "prior_slow", "prior_fast", "onset_repeat", "pitch_repeat",
    "onset_repeat_double", "onset_repeat_half", "low", "change", "strength", "learned",
    "learned_on", "learned_off", "bass_change", "triple", "offbeat", "explained",
    "onsets_per_pulse", "starts", "first_bar", "bars_heard", "beat_on", "beat_half", "beat_third",
    "beat_alternate",
)  # fmt: skip


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
class Reading:
    """One joint hypothesis: a pulse, a bar and the grid unit where a bar begins."""

    pulse: int
    bar: int
    phase: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Evidence sampled on one pulse at one division."""

    times: Floats
    rhythm: Floats
    pitch: Floats
    low: Floats
    strength: Floats
    change: Floats
    bass_change: Floats
    learned: Floats


def sample_max(curve: Floats, times: Floats, *, fps: float, reach: float) -> Floats:
    """Largest value of `curve` within `reach` seconds of each time."""
    width = max(1, round(reach * fps))
    wide = np.lib.stride_tricks.sliding_window_view(
        np.pad(curve, (width, width)), 2 * width + 1
    ).max(axis=1)
    index = np.clip(np.round(times * fps).astype(int), 0, len(curve) - 1)
    return np.asarray(wide[index], dtype=np.float32)


def subdivide(seconds: Floats, division: int) -> Floats:
    """The beats and `division` - 1 evenly spaced times between each two."""
    steps = np.arange(len(seconds) * division - division + 1) / division
    return np.interp(steps, np.arange(len(seconds)), seconds).astype(np.float32)


def grid_of(pulse: Pulse, division: int, evidence: Evidence) -> Grid:
    """Sample the evidence on the grid of one pulse."""
    times = subdivide(pulse.seconds, division)
    reach = min(0.04, 0.2 * 60 / pulse.bpm / division)
    registers = np.stack(
        [
            sample_max(evidence.onsets.registers[:, band], times, fps=FPS, reach=reach)
            for band in range(evidence.onsets.registers.shape[1])
        ],
        axis=1,
    )
    strength = sample_max(evidence.onsets.strength, times, fps=FPS, reach=reach)
    treble = _unit(_spans(evidence.pitch.treble, evidence.pitch.fps, times))
    bass = _unit(_spans(evidence.pitch.bass, evidence.pitch.fps, times))
    learned = np.zeros(len(times), np.float32)
    if evidence.downbeat is not None:
        learned = _log_odds(evidence.downbeat, times, reach)
    return Grid(
        times,
        np.concatenate([registers, strength[:, None]], axis=1),
        np.concatenate([treble, bass], axis=1),
        registers[:, 0],
        strength,
        _novelty(treble, division),
        _novelty(bass, division),
        learned,
    )


def _log_odds(curve: Floats, times: Floats, reach: float) -> Floats:
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


def _repeat(rows: Floats, lag: int) -> float:
    """Mean cosine similarity of grid cells `lag` apart."""
    if lag >= len(rows) - 1:
        return 0.0
    centred = rows - rows.mean(axis=0)
    a, b = centred[lag:], centred[:-lag]
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


@lru_cache(maxsize=64)
def _on_downbeat(length: int, units: int, phase: int) -> Flags:
    return np.asarray((np.arange(length) - phase) % units == 0)


def _contrast(values: Floats, chosen: Flags) -> float:
    """How much higher the chosen cells are than the others, in standard deviations."""
    if not chosen.any() or chosen.all():
        return 0.0
    return float((values[chosen].mean() - values[~chosen].mean()) / (values.std() + 0.1))


def _others(values: Floats, chosen: Flags, step: int) -> float:
    """Mean over the beats that are not chosen."""
    rest = ~chosen
    rest[np.arange(len(rest)) % step != np.flatnonzero(chosen)[0] % step] = False
    return float(values[rest].mean()) if rest.any() else 0.0


def describe(pulses: list[Pulse], evidence: Evidence) -> tuple[list[Reading], Floats]:
    """All readings and their features, (readings, len(FEATURES) + len(BARS))."""
    readings: list[Reading] = []
    rows: list[Floats] = []
    for index, pulse in enumerate(pulses):
        if len(pulse.seconds) < 3:
            continue
        grids = {division: grid_of(pulse, division, evidence) for division in (2, 3)}
        common = _pulse_features(pulse, grids, evidence)
        for number, bar in enumerate(BARS):
            _bar_readings(index, number, bar, grids[bar.division], common, evidence, readings, rows)
    table = np.stack(rows) if rows else np.zeros((0, len(FEATURES) + len(BARS)), np.float32)
    return readings, table.astype(np.float32)


def _pulse_features(pulse: Pulse, grids: dict[int, Grid], evidence: Evidence) -> dict[str, float]:
    two, three = grids[2], grids[3]
    on = float(two.strength[::2].mean())
    off = float(two.strength[1::2].mean()) if len(two.strength) > 1 else 0.0
    thirds = float(np.mean([three.strength[1::3].mean(), three.strength[2::3].mean()]))
    middle = float(three.strength[1::3].mean())
    span = max(float(pulse.seconds[-1] - pulse.seconds[0]), 1e-3)
    count = len(evidence.onsets.peaks)
    octave = float(np.log2(pulse.bpm / 105.0))
    reach = min(0.04, 0.1 * 60 / pulse.bpm)
    halves, third = (_log_odds(evidence.beat, grids[n].times, reach) for n in (2, 3))
    beat = halves[::2]
    return {
        "beat_on": float(beat.mean()) / 2,
        "beat_half": float(halves[1::2].mean()) / 2,
        "beat_third": float(np.mean([third[1::3].mean(), third[2::3].mean()])) / 2,
        "beat_alternate": abs(float(beat[::2].mean() - beat[1::2].mean())) / 2,
        "fit": pulse.fit / 3,
        "salience": pulse.salience,
        "prior": float(log_prior(pulse.bpm)),
        "prior_slow": max(0.0, -octave),
        "prior_fast": max(0.0, octave),
        "triple": (min(thirds, 1.5 * middle) - off) / (on + 0.05),
        "offbeat": (on - off) / (on + off + 0.05),
        "explained": _explained(pulse, evidence),
        "onsets_per_pulse": float(np.log2(max(count, 1) * 60 / pulse.bpm / span + 0.1)),
    }


def _explained(pulse: Pulse, evidence: Evidence) -> float:
    """Share of onset strength that falls near the quarters or thirds of the pulse."""
    onsets = evidence.onsets
    if not len(onsets.peaks):
        return 0.0
    place = np.interp(onsets.seconds, pulse.seconds, np.arange(len(pulse.seconds)))
    weight = onsets.strength[np.clip(onsets.peaks.astype(int), 0, len(onsets.strength) - 1)]
    near = [np.abs(place * n - np.round(place * n)) / n for n in (4, 3)]
    hit = np.exp(-0.5 * (np.minimum(*near) * 60 / pulse.bpm / 0.02) ** 2)
    return float((hit * weight).sum() / max(weight.sum(), 1e-6))


def _bar_readings(
    pulse: int,
    number: int,
    bar: Bar,
    grid: Grid,
    common: dict[str, float],
    evidence: Evidence,
    readings: list[Reading],
    rows: list[Floats],
) -> None:
    cells = len(grid.times)
    if cells < bar.units + 1 and number:
        return
    lags = [_repeat(grid.rhythm, lag) for lag in (bar.units, 2 * bar.units)]
    shared = dict(common)
    shared["onset_repeat"] = lags[0]
    shared["onset_repeat_double"] = lags[1]
    shared["onset_repeat_half"] = _repeat(grid.rhythm, bar.units // 2)
    shared["pitch_repeat"] = _repeat(grid.pitch, bar.units)
    shared["bars_heard"] = min(cells / bar.units, 8.0) / 8
    shared["triple"] = common["triple"] * (1 if bar.division == 3 else -1)
    step = bar.division if bar.units % bar.division == 0 else 1
    kind = np.zeros(len(BARS), np.float32)
    kind[number] = 1
    for phase in range(0, min(bar.units, cells), step):
        chosen = _on_downbeat(cells, bar.units, phase)
        first = float(grid.times[phase])
        start = abs(evidence.first_onset - first) / (60 / max(_bpm(grid, bar), 1))
        shared["low"] = _contrast(grid.low, chosen)
        shared["change"] = _contrast(grid.change, chosen)
        shared["bass_change"] = _contrast(grid.bass_change, chosen)
        shared["strength"] = _contrast(grid.strength, chosen)
        shared["learned"] = _contrast(grid.learned, chosen)
        shared["learned_on"] = float(grid.learned[chosen].mean()) / 2
        shared["learned_off"] = _others(grid.learned, chosen, step) / 2
        shared["starts"] = float(np.exp(-0.5 * (start / 0.15) ** 2))
        shared["first_bar"] = (first - evidence.first_onset) * _bpm(grid, bar) / 60 / 4
        readings.append(Reading(pulse, number, phase))
        rows.append(np.concatenate([[shared[name] for name in FEATURES], kind]))


def _bpm(grid: Grid, bar: Bar) -> float:
    return 60.0 * (len(grid.times) - 1) / bar.division / float(grid.times[-1] - grid.times[0])
