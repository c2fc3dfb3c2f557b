"""Events to written values: bar by bar, with rests, ties at the seams of the meter, tuplets."""

from functools import lru_cache
from itertools import pairwise
from typing import Final

from musearoo.codecs.musicxml.meters import (
    BEAT,
    CELL,
    FINEST,
    HALF_BAR,
    SEXTUPLET,
    cells,
    has_groups,
    levels,
)
from musearoo.codecs.musicxml.values import Event, Leaf
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

STRAIGHT: Final = {
    120: ("32nd", 0), 240: ("16th", 0), 360: ("16th", 1), 480: ("eighth", 0), 720: ("eighth", 1),
    960: ("quarter", 0), 1440: ("quarter", 1), 1920: ("half", 0), 2880: ("half", 1),
    3840: ("whole", 0), 5760: ("whole", 1), 7680: ("breve", 0),
}  # fmt: skip
TRIPLETS: Final = {160: ("16th", 0), 320: ("eighth", 0), 480: ("eighth", 1), 640: ("quarter", 0)}
_SYNCOPATED_UNITS: Final = (TICKS_PER_QUARTER // 4, TICKS_PER_QUARTER // 2, TICKS_PER_QUARTER)

Span = tuple[int, int]
Triplets = tuple[int, ...]  # starts of the triplet beats of one bar, each a quarter note long


class Splitter:
    """Divides the bars of one part; `triplets` are the absolute starts of its triplet beats."""

    def __init__(self, meter: Meter, triplets: frozenset[int]) -> None:
        self._meter = meter
        self._length = meter.bar_ticks
        self._triplets: dict[int, Triplets] = {}
        for start in sorted(triplets):
            bar, inside = divmod(start, self._length)
            self._triplets[bar] = (*self._triplets.get(bar, ()), inside)

    def bar(self, index: int, events: list[Event], *, hidden_rests: bool = False) -> list[Leaf]:
        """The leaves of one voice in bar `index`, gapless; `events` are all that touch it."""
        if not events:
            return [Leaf(0, self._length, hidden=hidden_rests)]
        origin = index * self._length
        own = self._triplets.get(index, ())
        leaves: list[Leaf] = []
        position = 0
        for event in events:
            start = max(0, event.start - origin)
            end = min(self._length, event.end - origin)
            leaves += self._rests(position, start, own, hidden=hidden_rests)
            for first, last in spans(self._meter, own, start, end, False):
                leaf = Leaf(first, last - first, event.pitches, _inside(first, last, own))
                leaf.tied_from = origin + first > event.start
                leaf.tied_to = origin + last < event.end
                leaves.append(leaf)
            position = end
        leaves += self._rests(position, self._length, own, hidden=hidden_rests)
        return _with_tuplets(leaves, own)

    def _rests(self, start: int, end: int, triplets: Triplets, *, hidden: bool) -> list[Leaf]:
        if start >= end:
            return []
        if hidden:
            return [Leaf(start, end - start, hidden=True)]
        return [
            Leaf(first, last - first, (), _inside(first, last, triplets))
            for first, last in spans(self._meter, triplets, start, end, True)
        ]


@lru_cache(maxsize=8192)
def spans(meter: Meter, triplets: Triplets, start: int, end: int, rest: bool) -> tuple[Span, ...]:
    """Cut [start, end) of a bar into spans that one written value each can stand for."""
    edges = {start, end}
    for triplet in triplets:
        edges |= {edge for edge in (triplet, triplet + TICKS_PER_QUARTER) if start < edge < end}
    found: list[Span] = []
    for first, last in pairwise(sorted(edges)):
        divider = _Divider(meter, triplets, _inside(first, last, triplets), rest)
        found += divider.divide(first, last)
    return tuple(found)


class _Divider:
    """Cuts one stretch that is straight throughout, or lies in one triplet beat."""

    def __init__(self, meter: Meter, triplets: Triplets, triplet: bool, rest: bool) -> None:
        self._meter, self._rest, self._triplet = meter, rest, triplet
        self._names = TRIPLETS if triplet else STRAIGHT
        self._strength = _strength(meter, triplets)

    def divide(self, start: int, end: int) -> list[Span]:
        if self._readable(start, end):
            return [(start, end)]
        seam = self._seam(start, end)
        return [*self.divide(start, seam), *self.divide(seam, end)]

    def _inner(self, start: int, end: int) -> list[tuple[int, int]]:
        """(level, position) of every seam inside a span."""
        return [(level, at) for at, level in self._strength.items() if start < at < end]

    def _seam(self, start: int, end: int) -> int:
        """One of the strongest seams, if possible one that leaves two readable halves."""
        inner = self._inner(start, end)
        strongest = min(inner)[0]
        seams = sorted(at for level, at in inner if level == strongest)
        if self._strength[start] <= self._strength[end]:
            seams.reverse()
        for seam in seams:
            if self._readable(start, seam) and self._readable(seam, end):
                return seam
        return seams[0]

    def _readable(self, start: int, end: int) -> bool:
        """Whether one symbol may stand for the span without hiding the seam it crosses."""
        inner_seams = self._inner(start, end)
        if not inner_seams:
            return True
        crossed = min(inner_seams)[0]
        name = self._names.get(end - start)
        if name is None or (self._rest and name[1] and not self._is_cell(start, end - start)):
            return False
        outer, inner = sorted((self._strength[start], self._strength[end]))
        if crossed <= BEAT and has_groups(self._meter):
            return inner <= crossed
        if self._rest:
            return outer <= crossed and (crossed > BEAT or self._strength[start] <= HALF_BAR)
        return outer <= crossed or (not self._triplet and _is_syncopation(start, end - start))

    def _is_cell(self, start: int, length: int) -> bool:
        return any(cell.start == start and cell.length == length for cell in cells(self._meter))


@lru_cache(maxsize=512)
def _strength(meter: Meter, triplets: Triplets) -> dict[int, int]:
    """The levels of the bar with the positions inside triplet beats replaced by sextuplets."""
    strength = dict(levels(meter))
    for start in triplets:
        for position in range(start + FINEST, start + TICKS_PER_QUARTER, FINEST):
            del strength[position]
        for step in range(1, 6):
            strength[start + step * SEXTUPLET] = CELL + (1 if step % 2 == 0 else 2)
    return strength


def _is_syncopation(start: int, length: int) -> bool:
    """Short-long-short inside an aligned window: eighth quarter eighth, and its relatives."""
    unit = length // 2
    return unit in _SYNCOPATED_UNITS and start % (4 * unit) == unit


def _inside(start: int, end: int, triplets: Triplets) -> bool:
    """Whether a span is a part of a triplet beat (a whole one is written as a quarter)."""
    return any(
        triplet <= start and end <= triplet + TICKS_PER_QUARTER and end - start < TICKS_PER_QUARTER
        for triplet in triplets
    )


def _with_tuplets(leaves: list[Leaf], triplets: Triplets) -> list[Leaf]:
    for start in triplets:
        inside = [
            leaf
            for leaf in leaves
            if leaf.triplet and start <= leaf.start < start + TICKS_PER_QUARTER
        ]
        if len(inside) > 1:
            inside[0].tuplet, inside[-1].tuplet = "start", "stop"
    return leaves
