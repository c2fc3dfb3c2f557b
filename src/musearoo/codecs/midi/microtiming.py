"""Offsets in microseconds as ticks, through the tempo map."""

from bisect import bisect_right
from collections.abc import Callable

from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

Moved = Callable[[int, int], int]


def mover(tempo_map: TempoMap) -> Moved:
    """A function from (tick, microseconds later) to the nearest tick at that moment."""
    if len(tempo_map.changes) == 1:
        ticks_per_us = tempo_map.bpm * TICKS_PER_QUARTER / 60_000_000
        return lambda tick, offset_us: tick + round(offset_us * ticks_per_us)
    starts = [change.tick for change in tempo_map.changes]
    rates = [change.bpm * TICKS_PER_QUARTER / 60.0 for change in tempo_map.changes]
    seconds = [0.0]
    for index in range(1, len(starts)):
        seconds.append(seconds[-1] + (starts[index] - starts[index - 1]) / rates[index - 1])

    def moved(tick: int, offset_us: int) -> int:
        here = max(0, bisect_right(starts, tick) - 1)
        moment = seconds[here] + (tick - starts[here]) / rates[here] + offset_us / 1e6
        there = max(0, bisect_right(seconds, moment) - 1)
        return round(starts[there] + (moment - seconds[there]) * rates[there])

    return moved
