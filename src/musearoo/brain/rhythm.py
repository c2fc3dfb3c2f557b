"""From onsets to rhythm: pulse, beats in seconds, tempo, meter and downbeats."""

from dataclasses import dataclass

import numpy as np

from musearoo.brain.activation import activations
from musearoo.brain.beats import BEAT_FPS, Pulse, decode
from musearoo.brain.grid import Evidence, sample_max, subdivide
from musearoo.brain.meter import BARS
from musearoo.brain.odd import shortened
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent
from musearoo.brain.ranking import Ranked, rank
from musearoo.brain.signal import Floats
from musearoo.brain.spectrum import FPS
from musearoo.brain.tempo import autocorrelation, pulse_rates

_ODD_EIGHTHS = ("5/8", "7/8")
_SAME_TEMPO = 0.03
"""Tempi closer than this ratio count as one candidate."""

_STEADY_SECONDS = 0.028
_MINIMUM_SALIENCE = 0.08
_OFF_BEATS = 5
"""How many of the best rates are also tried half a beat later."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Beats in seconds (quarters, the beat of a compound meter, the eighth of 5/8, 7/8).

    `first` is the index of the first downbeat, `per_bar` the beats of a bar, `bpm` counts
    quarter notes.  Probabilities come from one distribution over all readings.
    """

    beats: Floats
    beat_confidence: Floats
    first: int
    per_bar: int
    signature: str
    bpm: float
    tempi: tuple[tuple[float, float], ...]
    signatures: tuple[tuple[str, float], ...]
    downbeat_probability: float
    steady: bool

    @property
    def downbeats(self) -> tuple[int, ...]:
        """Indices of the beats that begin a bar."""
        return tuple(range(self.first, len(self.beats), self.per_bar))

    @property
    def steps(self) -> int:
        """Sixteenth steps of a bar (twelfths of a compound beat are not counted)."""
        number, unit = (int(part) for part in self.signature.split("/"))
        return number * 16 // unit


def find_rhythm(onsets: Onsets, pitch: PitchContent, seconds: float) -> Rhythm | None:
    """Track the beat and the bar; None when nothing repeats."""
    if len(onsets.peaks) < 3 or seconds < 1.0:
        return None
    beat, downbeat = activations(onsets, pitch)
    correlation = autocorrelation(onsets.strength)
    rates = pulse_rates(correlation)
    if not rates or max(salience for _, salience in rates) < _MINIMUM_SALIENCE:
        return None
    pulses = candidate_pulses(beat, rates, onsets)
    evidence = Evidence(onsets, pitch, beat, downbeat, *_span(onsets))
    ranked = rank(pulses, evidence)
    return _settle(shortened(ranked, evidence), onsets, beat) if ranked else None


def candidate_pulses(beat: Floats, rates: list[tuple[float, float]], onsets: Onsets) -> list[Pulse]:
    """The best path of each rate, the best rates also on their off-beats; no doubles."""
    tracked = decode(beat, rates)
    tracked += [_off_beat(pulse, beat) for pulse in tracked[:_OFF_BEATS] if len(pulse.seconds) > 3]
    kept: list[Pulse] = []
    for pulse in tracked:
        cut = _within(pulse, onsets)
        if len(cut.seconds) >= 3 and not any(_same(cut, other) for other in kept):
            kept.append(cut)
    return kept


def _off_beat(pulse: Pulse, beat: Floats) -> Pulse:
    """The same pulse half a beat later: trackers lock to off-beats, the ranking may not."""
    step = np.median(np.diff(pulse.seconds))
    seconds = np.append(pulse.seconds[0] - step, pulse.seconds)
    seconds = (seconds + np.append(pulse.seconds, pulse.seconds[-1] + step)) / 2
    before, after = (_mean_log_odds(beat, times) for times in (pulse.seconds, seconds))
    return Pulse(pulse.bpm, seconds, pulse.fit + after - before, pulse.salience)


def _mean_log_odds(beat: Floats, times: Floats) -> float:
    chance = np.clip(sample_max(beat, times, fps=BEAT_FPS, reach=0.03), 0.01, 0.99)
    return float(np.log(chance / (1 - chance)).mean())


def _same(one: Pulse, other: Pulse) -> bool:
    """Whether two pulses have the same rate and the same beats."""
    if abs(one.bpm / other.bpm - 1) > 0.015:
        return False
    distance = np.abs(one.seconds[:, None] - other.seconds[None]).min(axis=1)
    return bool(np.median(distance) < 0.1 * 60 / one.bpm)


def _span(onsets: Onsets) -> tuple[float, float]:
    return float(onsets.seconds[0]), float(onsets.seconds[-1])


def _within(pulse: Pulse, onsets: Onsets) -> Pulse:
    """Drop beats before the first and after the last onset, refine the rest."""
    first, last = _span(onsets)
    step = 60 / pulse.bpm
    beats = pulse.seconds
    beats = beats[(beats > max(first - 0.3 * step, -0.04)) & (beats < last + 0.9 * step)]
    refined, bpm = _smooth(beats, onsets) if len(beats) >= 3 else (beats, pulse.bpm)
    return Pulse(bpm, refined, pulse.fit, pulse.salience)


def _smooth(beats: Floats, onsets: Onsets) -> tuple[Floats, float]:
    """Move beats to near onsets, then fit a line (steady) or local lines (not steady)."""
    index = np.arange(len(beats), dtype=np.float64)
    snapped, weight = _snap(beats, onsets)
    slope, start = _line(index, snapped, weight)
    residual = snapped - (start + slope * index)
    heard = weight > 0.1
    spread = float(np.median(np.abs(residual[heard]))) if heard.sum() > 2 else 1.0
    if spread < _STEADY_SECONDS * 0.67 and abs(residual).max() < 0.35 * slope:
        near = np.where(np.abs(residual) < max(0.02, 2.5 * spread), weight, 0.001)
        slope, start = _line(index, snapped, near)
        return np.asarray(start + slope * index, dtype=np.float32), 60 / slope
    local = _local(index, snapped, weight)
    return local, 60 / float(np.median(np.diff(local)))


def _snap(beats: Floats, onsets: Onsets) -> tuple[Floats, Floats]:
    """The strongest onset near each beat and its strength (0.02 where there is none)."""
    seconds = onsets.seconds
    strength = onsets.strength[np.clip(onsets.peaks.astype(int), 0, len(onsets.strength) - 1)]
    distance = np.abs(seconds[None] - beats[:, None])
    score = strength * np.exp(-0.5 * (distance / 0.03) ** 2)
    best = score.argmax(axis=1)
    found = score[np.arange(len(beats)), best] > 0.08
    weight = np.where(found, np.minimum(strength[best], 1.5), 0.02)
    return np.where(found, seconds[best], beats), weight


def _line(index: Floats, times: Floats, weight: Floats) -> tuple[float, float]:
    """Weighted least squares: seconds a beat, and seconds of beat 0."""
    total = float(weight.sum())
    centre, mean = float((weight * index).sum()) / total, float((weight * times).sum()) / total
    spread = float((weight * (index - centre) ** 2).sum())
    slope = float((weight * (index - centre) * (times - mean)).sum()) / max(spread, 1e-9)
    slope = max(slope, 0.05)
    return slope, mean - slope * centre


def _local(index: Floats, times: Floats, weight: Floats) -> Floats:
    """Beats on lines through their eight neighbours; always rising."""
    fitted = np.empty(len(times))
    for i in range(len(times)):
        near = slice(max(0, i - 4), i + 5)
        slope, start = _line(index[near], times[near], weight[near] + 0.02)
        fitted[i] = start + slope * i
    return np.asarray(np.maximum.accumulate(fitted + 1e-4 * index), dtype=np.float32)


def _settle(ranked: Ranked, onsets: Onsets, beat: Floats) -> Rhythm:
    """Turn the best reading into beats, and all readings into alternatives."""
    best, bar, pulse = ranked.readings[0], ranked.bar, ranked.pulse
    odd = bar.name in _ODD_EIGHTHS
    beats = np.maximum(subdivide(pulse.seconds, 2) if odd else pulse.seconds, 0)
    first = best.phase if odd else best.phase // bar.division
    per_bar = bar.units if odd else bar.units // bar.division
    deviation = np.diff(pulse.seconds)
    chance = sample_max(beat, beats, fps=BEAT_FPS, reach=0.05)
    strength = sample_max(onsets.strength, beats, fps=FPS, reach=0.05)
    trust = sum(
        float(p)
        for reading, p in zip(ranked.readings, ranked.probabilities, strict=True)
        if reading.pulse == best.pulse
    )
    return Rhythm(
        beats=beats,
        beat_confidence=np.clip(trust * (0.5 + 0.5 * np.maximum(chance, strength)), 0, 1),
        first=first,
        per_bar=per_bar,
        signature=bar.name,
        bpm=pulse.bpm * bar.quarters_per_pulse,
        tempi=_tempi(ranked),
        signatures=_signatures(ranked),
        downbeat_probability=_downbeat_chance(ranked),
        steady=bool(deviation.std() < 1e-3),
    )


def _tempi(ranked: Ranked) -> tuple[tuple[float, float], ...]:
    """Quarter-note tempi with their probabilities, best first."""
    merged: list[list[float]] = []
    for reading, chance in zip(ranked.readings, ranked.probabilities, strict=True):
        bpm = ranked.pulses[reading.pulse].bpm * BARS[reading.bar].quarters_per_pulse
        for entry in merged:
            if abs(entry[0] / bpm - 1) < _SAME_TEMPO:
                entry[1] += float(chance)
                break
        else:
            merged.append([bpm, float(chance)])
    merged.sort(key=lambda entry: -entry[1])
    return tuple((bpm, chance) for bpm, chance in merged[:5] if chance > 0.005)


def _signatures(ranked: Ranked) -> tuple[tuple[str, float], ...]:
    totals: dict[str, float] = {}
    for reading, chance in zip(ranked.readings, ranked.probabilities, strict=True):
        name = BARS[reading.bar].name
        totals[name] = totals.get(name, 0.0) + float(chance)
    order = sorted(totals.items(), key=lambda item: -item[1])
    return tuple((name, chance) for name, chance in order[:5] if chance > 0.005)


def _downbeat_chance(ranked: Ranked) -> float:
    """P(this first downbeat | this pulse and bar)."""
    best = ranked.readings[0]
    same = [
        float(p)
        for r, p in zip(ranked.readings, ranked.probabilities, strict=True)
        if (r.pulse, r.bar) == (best.pulse, best.bar)
    ]
    return same[0] / max(sum(same), 1e-9)
