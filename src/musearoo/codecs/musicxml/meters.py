"""The inner structure of a bar: cells for grids, levels for splitting, windows for beams."""

from functools import cache
from itertools import pairwise
from typing import Final

from musearoo.codecs.musicxml.values import Cell
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

FINEST: Final = 120  # a 32nd note
TRIPLET: Final = TICKS_PER_QUARTER // 3
SEXTUPLET: Final = TICKS_PER_QUARTER // 6
BAR, HALF_BAR, BEAT, CELL = 0, 1, 2, 3  # levels of boundaries; deeper ones follow


@cache
def cells(meter: Meter) -> tuple[Cell, ...]:
    """Quarter notes where beats are made of them, else the groups of the meter."""
    found, start = [], 0
    for group in meter.grouping:
        remaining = group * meter.unit_ticks
        while remaining:
            length = TICKS_PER_QUARTER if remaining >= 2 * TICKS_PER_QUARTER else remaining
            found.append(Cell(start, length))
            start += length
            remaining -= length
    return tuple(found)


@cache
def levels(meter: Meter) -> dict[int, int]:
    """How strong each position of the straight grid is: 0 the bar line, larger is weaker."""
    found: dict[int, int] = {}
    for cell in cells(meter):
        for position in range(cell.start, cell.start + cell.length, FINEST):
            found[position] = CELL + _depth(position - cell.start, cell.length)
    for beat in meter.beats:
        found[beat] = BEAT
    for strong in _half_bars(meter):
        found[strong] = HALF_BAR
    found[0] = found[meter.bar_ticks] = BAR
    return found


def _depth(position: int, length: int) -> int:
    if position == 0:
        return 0
    unit = length // 3 if length % 720 == 0 else length // 2
    for depth in range(1, 5):
        if unit and position % unit == 0:
            return depth
        unit //= 2
    return 5


def _half_bars(meter: Meter) -> tuple[int, ...]:
    """Where a long bar divides first: 4 as 2+2, 5 as 3+2, 12/8 in the middle."""
    beats = meter.beats
    if has_groups(meter):
        return (beats[2],) if len(beats) == 4 and meter.is_compound else beats[1:]
    return (beats[(len(beats) + 1) // 2],) if len(beats) > 3 else ()


def has_groups(meter: Meter) -> bool:
    """Whether beats are groups of the written unit (6/8, 7/8), not the unit itself."""
    return any(group > 1 for group in meter.grouping)


@cache
def beam_windows(meter: Meter) -> tuple[Cell, ...]:
    """The stretches that a beam may join: the groups of a grouped meter, else single beats."""
    if meter.denominator < 8:
        return cells(meter)
    edges = (*meter.beats, meter.bar_ticks)
    return tuple(Cell(start, end - start) for start, end in pairwise(edges))
