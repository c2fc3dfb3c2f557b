"""Measures of rhythm over a metrical grid: weight, syncopation, density, repetition.

Everything is an integer and works for any meter, because the grid is built from the
grouping of its beats.

Sources: Longuet-Higgins & Lee, "The rhythmic interpretation of monophonic music", Music
Perception 1(4), 1984, as used by Fitch & Rosenfeld, "Perception and production of
syncopated rhythms", Music Perception 25(1), 2007; Barlow, "Two essays on theory",
Computer Music Journal 11(1), 1987; Jaccard, "Étude comparative de la distribution
florale", 1901.
"""

from collections.abc import Collection, Iterable
from functools import cache
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH

_PERMILLE: Final = 1000
_STEPS_PER_SIMPLE_BEAT: Final = 4
_MAXIMUM_GROUP: Final = 3
# Barlow's basic indispensabilities of the prime divisions (1987, table 2).
_BASIC: Final = {
    2: (1, 0),
    3: (2, 0, 1),
    5: (4, 0, 3, 1, 2),
    7: (6, 0, 4, 2, 5, 1, 3),
}


class Grid(msgspec.Struct, frozen=True):
    """The steps of one bar.

    `weights` are Longuet-Higgins & Lee's: 0 on the downbeat and one less for each
    level of the metrical tree below it. `order` lists the steps from the most to the
    least indispensable. `beat_of` is the index of the metrical beat that holds a step.
    """

    step_ticks: int
    weights: tuple[int, ...]
    order: tuple[int, ...]
    beat_of: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Steps in the bar."""
        return len(self.weights)

    def step_at(self, tick: int) -> int:
        """The nearest step to a tick of the bar; the next downbeat counts as step 0."""
        return (2 * tick + self.step_ticks) // (2 * self.step_ticks) % self.steps


@cache
def grid_of(meter: Meter) -> Grid:
    """Four steps to a simple beat, two to an eighth of compound and odd meters.

    So a step is a sixteenth in 4/4, 6/8 and 7/8, an eighth in 2/2.
    """
    step_ticks = _step_ticks(meter)
    per_unit = meter.unit_ticks // step_ticks
    tree = [_unit_tree(group, per_unit) for group in meter.grouping]
    weights = _weights(_divided(tuple(tree)))
    beat_of = tuple(
        beat for beat, group in enumerate(meter.grouping) for _ in range(group * per_unit)
    )
    return Grid(step_ticks, weights, _order(weights), beat_of)


def syncopation(onsets: Collection[int], weights: tuple[int, ...], bars: int = 1) -> int:
    """Longuet-Higgins & Lee's syncopation of the onset steps, read as a loop.

    A note followed by silence on a stronger step than its own is syncopated by the
    difference in weight; of several silent steps before the next note the strongest
    counts. `bars` says over how many bars of `weights` the steps run.
    """
    length = len(weights) * bars
    sounding = sorted({onset % length for onset in onsets})
    total = 0
    for index, onset in enumerate(sounding):
        following = sounding[index + 1] if index + 1 < len(sounding) else sounding[0] + length
        silent = range(onset + 1, following)
        strongest = max((weights[step % len(weights)] for step in silent), default=None)
        if strongest is not None:
            total += max(0, strongest - weights[onset % len(weights)])
    return total


def density(onsets: int, ticks: int, unit_ticks: int) -> int:
    """Onsets for each unit of time (a beat, a bar), in thousandths."""
    if ticks < 1 or unit_ticks < 1:
        raise InvalidValue("density", (ticks, unit_ticks), "a positive length")
    return onsets * unit_ticks * _PERMILLE // ticks


def repetition(first: Collection[object], second: Collection[object]) -> int:
    """Jaccard's index of two bars, in thousandths: shared onsets over all onsets.

    Elements are steps, or (piece, step); two empty bars repeat each other.
    """
    a, b = set(first), set(second)
    union = len(a | b)
    return len(a & b) * _PERMILLE // union if union else _PERMILLE


def mean_repetition(bars: Iterable[Collection[object]]) -> int:
    """The mean Jaccard index of each bar with the one before, in thousandths."""
    listed = list(bars)
    pairs = list(pairwise(listed))
    if not pairs:
        return _PERMILLE
    return sum(repetition(first, second) for first, second in pairs) // len(pairs)


def indispensability(strata: tuple[int, ...]) -> tuple[int, ...]:
    """Barlow's indispensability of each pulse of a meter divided by primes, outermost first.

    `(2, 3)` is 6/8 in eighths and gives 5 0 2 4 1 3; `(3, 2)` is 3/4: 5 0 3 1 4 2.
    The most indispensable pulse has the highest number.
    """
    pulses = 1
    for prime in strata:
        if prime not in _BASIC:
            raise InvalidValue("strata", strata, "2, 3, 5 or 7 at each level")
        pulses *= prime
    return tuple(_barlow(pulse, strata, pulses) for pulse in range(pulses))


def _barlow(pulse: int, strata: tuple[int, ...], pulses: int) -> int:
    # Each level is read one inner pulse late, which is what favours upbeats.
    position = (pulse - 1) % pulses
    total, outer, inner = 0, 1, pulses
    for prime in strata:
        inner //= prime
        total += outer * _BASIC[prime][(1 + position // inner) % prime]
        outer *= prime
    return total


_Tree = tuple["_Tree", ...]  # a leaf, the empty tuple, is one step


def _step_ticks(meter: Meter) -> int:
    if meter.denominator <= 4:
        return meter.unit_ticks // _STEPS_PER_SIMPLE_BEAT
    return min(TICKS_PER_SIXTEENTH, meter.unit_ticks)


def _divided(children: tuple[_Tree, ...]) -> _Tree:
    """Siblings in twos and threes: 4 as 2+2, 5 as 3+2, 6 as 3+3, 7 as 4+3."""
    count = len(children)
    if count == 1:
        return children[0]
    if count <= _MAXIMUM_GROUP:
        return children
    if count % _MAXIMUM_GROUP == 0 and count % 4:
        third = count // 3 if count != 6 else 3
        parts = [children[start : start + third] for start in range(0, count, third)]
        return tuple(_divided(part) for part in parts)
    half = (count + 1) // 2
    return (_divided(children[:half]), _divided(children[half:]))


def _unit_tree(group: int, per_unit: int) -> _Tree:
    return _divided((_divided(((),) * per_unit),) * group)


def _weights(tree: _Tree, start: int = 0, level: int = 0) -> tuple[int, ...]:
    """Weights of the leaves: a branch's first leaf is as strong as the branch."""
    if not tree:
        return (start,)
    leaves: tuple[int, ...] = ()
    for index, child in enumerate(tree):
        leaves += _weights(child, start if index == 0 else level - 1, level - 1)
    return leaves


def _order(weights: tuple[int, ...]) -> tuple[int, ...]:
    """Steps from the most to the least indispensable.

    Stronger steps first; among equals those closest before a stronger step, and among
    these the one whose stronger step ranks higher. In meters divided by 2 and 3 alone
    this is Barlow's order, and it needs no primes.
    """
    rank: dict[int, int] = {}
    for weight in sorted(set(weights), reverse=True):
        level = [step for step, own in enumerate(weights) if own == weight]
        keys = {step: _upbeat_key(step, weights, rank) for step in level}
        for step in sorted(level, key=lambda step: keys[step]):
            rank[step] = len(rank)
    return tuple(rank)


def _upbeat_key(step: int, weights: tuple[int, ...], rank: dict[int, int]) -> tuple[int, int]:
    for distance in range(1, len(weights)):
        following = (step + distance) % len(weights)
        if weights[following] > weights[step]:
            return (distance, rank[following])
    return (0, 0)
