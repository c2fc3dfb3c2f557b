"""Which beats make a bar: every reading of pulse, meter and downbeat, ranked together.

A reading says how fast the pulse is, how many pulses (or halves or thirds of one) make
a bar and where the first bar begins.  Each reading is described by the evidence below
and ranked by a small log-linear model, so that tempo octave, meter and downbeat are
decided at once and the probabilities of all of them come from one distribution.
"""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.beats import Pulse
from musearoo.brain.grid import CURVES, Evidence, Grid, grid_of, log_odds, repeat
from musearoo.brain.signal import Floats, Ints
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

_STRENGTH, _LEARNED = CURVES.index("strength"), CURVES.index("learned")


@dataclass(frozen=True, slots=True)
class Reading:
    """One joint hypothesis: a pulse, a bar and the grid unit where a bar begins."""

    pulse: int
    bar: int
    phase: int


def describe(pulses: list[Pulse], evidence: Evidence) -> tuple[list[Reading], Floats]:
    """All readings and their features, (readings, len(FEATURES) + len(BARS))."""
    readings: list[Reading] = []
    tables: list[Floats] = []
    for index, pulse in enumerate(pulses):
        if len(pulse.seconds) < 3:
            continue
        grids = {division: grid_of(pulse, division, evidence) for division in (2, 3)}
        common = _pulse_features(pulse, grids, evidence)
        for number, bar in enumerate(BARS):
            grid = grids[bar.division]
            if len(grid.times) <= bar.units and number:
                continue
            phases, table = _bar_features(number, bar, grid, common, evidence)
            readings += [Reading(index, number, int(phase)) for phase in phases]
            tables.append(table)
    width = len(FEATURES) + len(BARS)
    return readings, np.concatenate([np.zeros((0, width)), *tables]).astype(np.float32)


def _pulse_features(pulse: Pulse, grids: dict[int, Grid], evidence: Evidence) -> dict[str, float]:
    strong_two, strong_three = (grids[n].curves[:, _STRENGTH] for n in (2, 3))
    on = float(strong_two[::2].mean())
    off = float(strong_two[1::2].mean()) if len(strong_two) > 1 else 0.0
    thirds = float(np.mean([strong_three[1::3].mean(), strong_three[2::3].mean()]))
    middle = float(strong_three[1::3].mean())
    span = max(float(pulse.seconds[-1] - pulse.seconds[0]), 1e-3)
    count = len(evidence.onsets.peaks)
    octave = float(np.log2(pulse.bpm / 105.0))
    reach = min(0.04, 0.1 * 60 / pulse.bpm)
    halves, third = (log_odds(evidence.beat, grids[n].times, reach) for n in (2, 3))
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


def _bar_features(
    number: int, bar: Bar, grid: Grid, common: dict[str, float], evidence: Evidence
) -> tuple[Ints, Floats]:
    """Where the first bar may begin, and a row of features for each such place."""
    cells, bpm = len(grid.times), grid.bpm(bar.division)
    step = bar.division if bar.units % bar.division == 0 else 1
    phases = np.arange(0, min(bar.units, cells), step)
    values: dict[str, Floats | float] = dict(common)
    values["onset_repeat"] = repeat(grid.rhythm, bar.units)
    values["onset_repeat_double"] = repeat(grid.rhythm, 2 * bar.units)
    values["onset_repeat_half"] = repeat(grid.rhythm, bar.units // 2)
    values["pitch_repeat"] = repeat(grid.pitch, bar.units)
    values["bars_heard"] = min(cells / bar.units, 8.0) / 8
    values["triple"] = common["triple"] * (1 if bar.division == 3 else -1)
    values |= _marks(grid.curves, bar.units, step, phases)
    late = (grid.times[phases] - evidence.first_onset) * bpm / 60
    values["starts"] = np.exp(-0.5 * (late / 0.15) ** 2)
    values["first_bar"] = late / 4
    table = np.zeros((len(phases), len(FEATURES) + len(BARS)))
    for column, name in enumerate(FEATURES):
        table[:, column] = values[name]
    table[:, len(FEATURES) + number] = 1
    return phases, table


def _marks(curves: Floats, units: int, step: int, phases: Ints) -> dict[str, Floats | float]:
    """How much the downbeats of each phase stand out from the other cells, per curve."""
    cells = len(curves)
    folds = -(-cells // units)
    padded = np.concatenate([curves, np.zeros((folds * units - cells, curves.shape[1]))])
    sums = padded.reshape(folds, units, -1).sum(axis=0)
    counts = (np.arange(folds * units) < cells).reshape(folds, units).sum(axis=0)
    on = sums[phases] / np.maximum(counts[phases, None], 1)
    rest = np.maximum(cells - counts[phases, None], 1)
    off = (sums.sum(axis=0) - sums[phases]) / rest
    contrast = (on - off) / (curves.std(axis=0) + 0.1)
    marks: dict[str, Floats | float] = {n: contrast[:, i] for i, n in enumerate(CURVES)}
    beats = sums[phases[0] % step :: step, _LEARNED].sum(), counts[phases[0] % step :: step].sum()
    others = np.maximum(beats[1] - counts[phases], 1)
    marks["learned_on"] = on[:, _LEARNED] / 2
    marks["learned_off"] = (beats[0] - sums[phases, _LEARNED]) / others / 2
    return marks
