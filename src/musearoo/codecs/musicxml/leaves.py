"""Events to written values: bar by bar, with rests, ties at the seams of the meter, tuplets."""

from typing import Final

from musearoo.codecs.musicxml.meters import BEAT, CELL, FINEST, HALF_BAR, cells, has_groups, levels
from musearoo.codecs.musicxml.values import Cell, Event, Leaf
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

STRAIGHT: Final = {
    120: ("32nd", 0), 240: ("16th", 0), 360: ("16th", 1), 480: ("eighth", 0), 720: ("eighth", 1),
    960: ("quarter", 0), 1440: ("quarter", 1), 1920: ("half", 0), 2880: ("half", 1),
    3840: ("whole", 0), 5760: ("whole", 1), 7680: ("breve", 0),
}  # fmt: skip
TRIPLETS: Final = {160: ("16th", 0), 320: ("eighth", 0), 480: ("eighth", 1), 640: ("quarter", 0)}
_Span = tuple[int, int]


class Splitter:
    """Divides the bars of one part; `triplets` are the absolute starts of its triplet cells."""

    def __init__(self, meter: Meter, triplets: frozenset[int]) -> None:
        self._meter = meter
        self._triplets = triplets
        self._straight = levels(meter)
        self._cells = cells(meter)
        self._grouped = has_groups(meter)

    def bar(self, index: int, events: list[Event], *, hidden_rests: bool = False) -> list[Leaf]:
        """The leaves of one voice in bar `index`, gapless; `events` are all that touch it."""
        origin = index * self._meter.bar_ticks
        own = [cell for cell in self._cells if origin + cell.start in self._triplets]
        strength = self._strength(own)
        leaves: list[Leaf] = []
        position = 0
        for event in events:
            start = max(0, event.start - origin)
            end = min(self._meter.bar_ticks, event.end - origin)
            leaves += self._rests(position, start, own, strength, hidden=hidden_rests)
            spans = self._spans(start, end, own, strength, rest=False)
            for span in spans:
                leaf = Leaf(span[0], span[1] - span[0], event.pitches, _inside(span, own))
                leaf.tied_from = origin + span[0] > event.start
                leaf.tied_to = origin + span[1] < event.end
                leaves.append(leaf)
            position = end
        leaves += self._rests(
            position, self._meter.bar_ticks, own, strength, hidden=hidden_rests, whole=not leaves
        )
        return _with_tuplets(leaves, own)

    def _strength(self, triplets: list[Cell]) -> dict[int, int]:
        if not triplets:
            return self._straight
        strength = dict(self._straight)
        for cell in triplets:
            for position in range(cell.start + FINEST, cell.start + cell.length, FINEST):
                del strength[position]
            for step in range(1, 6):
                strength[cell.start + step * 160] = CELL + (1 if step % 2 == 0 else 2)
        return strength

    def _rests(
        self,
        start: int,
        end: int,
        triplets: list[Cell],
        strength: dict[int, int],
        *,
        hidden: bool,
        whole: bool = False,
    ) -> list[Leaf]:
        if start >= end:
            return []
        if hidden or whole:
            return [Leaf(start, end - start, hidden=hidden)]
        spans = self._spans(start, end, triplets, strength, rest=True)
        return [Leaf(span[0], span[1] - span[0], (), _inside(span, triplets)) for span in spans]

    def _spans(
        self, start: int, end: int, triplets: list[Cell], strength: dict[int, int], *, rest: bool
    ) -> list[_Span]:
        """Cut [start, end) into single written values."""
        edges = [start, end]
        for cell in triplets:
            edges += [edge for edge in (cell.start, cell.start + cell.length) if start < edge < end]
        edges = sorted(set(edges))
        spans: list[_Span] = []
        for first, last in zip(edges, edges[1:], strict=False):
            names = TRIPLETS if _inside((first, last), triplets) else STRAIGHT
            spans += self._divide(first, last, names, strength, rest=rest)
        return spans

    def _divide(
        self,
        start: int,
        end: int,
        names: dict[int, tuple[str, int]],
        strength: dict[int, int],
        *,
        rest: bool,
    ) -> list[_Span]:
        inner = [(level, at) for at, level in strength.items() if start < at < end]
        if not inner or self._readable(start, end, names, strength, rest=rest):
            return [(start, end)]
        strongest = min(inner)[0]
        seams = [at for level, at in inner if level == strongest]
        seam = max(seams) if strength[start] <= strength[end] else min(seams)
        return [
            *self._divide(start, seam, names, strength, rest=rest),
            *self._divide(seam, end, names, strength, rest=rest),
        ]

    def _readable(
        self,
        start: int,
        end: int,
        names: dict[int, tuple[str, int]],
        strength: dict[int, int],
        *,
        rest: bool,
    ) -> bool:
        """Whether one symbol may stand for the span without hiding a beat."""
        length = end - start
        name = names.get(length)
        if name is None or (rest and name[1] and not self._is_cell(start, length)):
            return False
        crossed = min(level for at, level in strength.items() if start < at < end)
        outer, inner = sorted((strength[start], strength[end]))
        if self._grouped and crossed <= BEAT:
            return inner <= crossed
        if rest:
            return outer <= crossed and (crossed > BEAT or strength[start] <= HALF_BAR)
        return outer <= crossed or (names is STRAIGHT and _is_syncopation(start, length))

    def _is_cell(self, start: int, length: int) -> bool:
        return any(cell.start == start and cell.length == length for cell in self._cells)


def _is_syncopation(start: int, length: int) -> bool:
    """Short-long-short inside an aligned window: eighth quarter eighth, and its relatives."""
    unit = length // 2
    return unit in (TICKS_PER_QUARTER // 4, TICKS_PER_QUARTER // 2, TICKS_PER_QUARTER) and (
        start % (4 * unit) == unit
    )


def _inside(span: _Span, cells_: list[Cell]) -> bool:
    if not cells_:
        return False
    return any(
        cell.start <= span[0]
        and span[1] <= cell.start + cell.length
        and span != (cell.start, cell.start + cell.length)
        for cell in cells_
    )


def _with_tuplets(leaves: list[Leaf], triplets: list[Cell]) -> list[Leaf]:
    for cell in triplets:
        inside = [
            leaf
            for leaf in leaves
            if leaf.triplet and cell.start <= leaf.start < cell.start + cell.length
        ]
        if len(inside) > 1:
            inside[0].tuplet, inside[-1].tuplet = "start", "stop"
    return leaves
