"""Odd bars that were read twice too long: two bars of 7/8 as one of half the tempo.

The ranking compares a bar with its half on the grid of its own pulse, where half of seven
units does not exist.  On the grid of a pulse twice as fast it does, and there a bar is the
shortest span after which the rhythm comes again.
"""

import numpy as np

from musearoo.brain.grid import Evidence, grid_of, repeat
from musearoo.brain.meter import BARS, Reading
from musearoo.brain.ranking import Ranked

_ODD = (5, 7)
_TWICE_ODD = (5, 7, 10, 14)
"""Units of a bar that may be two odd ones: of half the tempo, or of as many quarters."""

_HALF = 0.03
"""How far from half as long a shorter bar may be."""

_ALIKE, _AS_ALIKE = 0.6, 0.85
"""How much the rhythm has to come again after the shorter bar: by itself, and by the longer one."""

_MOVED = 0.8
"""Share of the probability that goes over to the shorter bar."""

_SAME_DOWNBEAT = 0.12
"""Share of a bar by which downbeats may differ and count as the same."""


def shortened(ranked: Ranked, evidence: Evidence) -> Ranked:
    """The same readings, a shorter odd bar first where the rhythm already repeats after it."""
    if ranked.bar.units not in _TWICE_ODD:
        return ranked
    shorter = [place for place in range(len(ranked.readings)) if _is_half(ranked, place)]
    if not shorter:
        return ranked
    full = _repeats(ranked, ranked.readings[0], evidence)
    wanted = max(_ALIKE, _AS_ALIKE * full)
    pulses = {
        (each.pulse, each.bar): _repeats(ranked, each, evidence) >= wanted
        for each in (ranked.readings[place] for place in shorter)
    }
    heard = [
        place
        for place in shorter
        if pulses[ranked.readings[place].pulse, ranked.readings[place].bar]
    ]
    return _preferring(ranked, shorter, heard) if heard else ranked


def _is_half(ranked: Ranked, place: int) -> bool:
    """Whether a reading has odd bars half as long as those of the best."""
    reading = ranked.readings[place]
    if BARS[reading.bar].units not in _ODD:
        return False
    return abs(2 * _bar(ranked, reading)[0] / _bar(ranked, ranked.readings[0])[0] - 1) < _HALF


def _bar(ranked: Ranked, reading: Reading) -> tuple[float, float]:
    """Seconds of a bar, and where the first one begins."""
    bar, pulse = BARS[reading.bar], ranked.pulses[reading.pulse]
    unit = 60 / pulse.bpm / bar.division
    return bar.units * unit, float(pulse.seconds[0]) + reading.phase * unit


def _repeats(ranked: Ranked, reading: Reading, evidence: Evidence) -> float:
    bar = BARS[reading.bar]
    grid = grid_of(ranked.pulses[reading.pulse], bar.division, evidence)
    return repeat(grid.rhythm, bar.units)


def _preferring(ranked: Ranked, shorter: list[int], heard: list[int]) -> Ranked:
    """One of `heard` becomes the best: the one whose downbeats most readings share.

    Readings as long as the best give way to it.
    """
    length = _bar(ranked, ranked.readings[0])[0]
    longer = [
        place
        for place, reading in enumerate(ranked.readings)
        if abs(_bar(ranked, reading)[0] / length - 1) < _HALF
    ]
    best = max(heard, key=lambda place: _agreement(ranked, place, [*shorter, *longer]))
    chances = ranked.probabilities.copy()
    for place in longer:
        chances[best] += _MOVED * chances[place]
        chances[place] *= 1 - _MOVED
    order = np.argsort(-chances, kind="stable")
    if int(order[0]) != best:
        return ranked
    return Ranked(tuple(ranked.readings[i] for i in order), chances[order], ranked.pulses)


def _agreement(ranked: Ranked, place: int, places: list[int]) -> float:
    """Probability of the readings that have a downbeat where this one has one."""
    seconds, first = _bar(ranked, ranked.readings[place])
    total = 0.0
    for other in places:
        turn = (_bar(ranked, ranked.readings[other])[1] - first) / seconds % 1
        if min(turn, 1 - turn) < _SAME_DOWNBEAT / 2:
            total += float(ranked.probabilities[other])
    return total
