"""Beams: flagged notes that follow each other inside one window of the meter."""

from collections.abc import Iterator
from typing import Final

from musearoo.codecs.musicxml.meters import beam_windows
from musearoo.codecs.musicxml.values import Cell, Leaf
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

_EIGHTH: Final = TICKS_PER_QUARTER // 2


def flags(leaf: Leaf) -> int:
    """How many flags the note would have without beams; 0 for rests and longer notes."""
    if not leaf.pitches or leaf.hidden:
        return 0
    straight = leaf.length * 3 // 2 if leaf.triplet else leaf.length
    if straight >= TICKS_PER_QUARTER:
        return 0
    return 1 if straight >= _EIGHTH else 2 if straight >= _EIGHTH // 2 else 3


def beam(leaves: list[Leaf], meter: Meter) -> None:
    """Set `beams` on every leaf of one voice of one bar."""
    for window in _windows(leaves, meter):
        inside = [
            leaf for leaf in leaves if window.start <= leaf.start < window.start + window.length
        ]
        for group in _runs(inside):
            _join(group)


def _windows(leaves: list[Leaf], meter: Meter) -> Iterator[Cell]:
    """Windows of the meter; two beats of even eighths in half a bar of quarters become one."""
    windows = beam_windows(meter)
    if meter.denominator != 4 or meter.numerator % 2:
        yield from windows
        return
    plain = {
        leaf.start
        for leaf in leaves
        if leaf.length == _EIGHTH and leaf.pitches and not leaf.triplet
    }
    for first, second in zip(windows[::2], windows[1::2], strict=False):
        eighths = range(first.start, second.start + second.length, _EIGHTH)
        if all(start in plain for start in eighths):
            yield Cell(first.start, first.length + second.length)
        else:
            yield from (first, second)


def _runs(leaves: list[Leaf]) -> Iterator[list[Leaf]]:
    run: list[Leaf] = []
    for leaf in leaves:
        if flags(leaf):
            run.append(leaf)
            continue
        if len(run) > 1:
            yield run
        run = []
    if len(run) > 1:
        yield run


def _join(group: list[Leaf]) -> None:
    counts = [flags(leaf) for leaf in group]
    for index, leaf in enumerate(group):
        before = counts[index - 1] if index else 0
        after = counts[index + 1] if index + 1 < len(group) else 0
        leaf.beams = tuple(
            _word(level, before, after, leaf) for level in range(1, counts[index] + 1)
        )


def _word(level: int, before: int, after: int, leaf: Leaf) -> str:
    if before >= level and after >= level:
        return "continue"
    if before >= level:
        return "end"
    if after >= level:
        return "begin"
    hooks_on = not before or (after and leaf.start % (2 * leaf.length) == 0)
    return "forward hook" if hooks_on else "backward hook"
