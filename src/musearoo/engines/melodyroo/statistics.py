"""What human melodies do, as integers: counts and costs read once from statistics.json.

A cost of 16 is one bit: -16 * log2 of the share among all songs counted.
"""

from importlib.resources import files
from typing import Final

import msgspec

CellCounts = dict[str, dict[str, dict[str, int]]]  # place in bar, cell before, cell: count
_WRITTEN_SONGS: Final = ("jazz", "folk", "country", "ballad", "new orleans")


class Statistics(msgspec.Struct, frozen=True):
    """Rhythm cells, steps after steps, chord relations by metrical strength, phrase ends."""

    source: str
    cells: dict[str, CellCounts]
    steps: dict[str, tuple[tuple[int, ...], ...]]
    relations: dict[str, dict[str, tuple[int, ...]]]
    ends: tuple[int, ...]


def _read() -> Statistics:
    text = files("musearoo.engines.melodyroo").joinpath("statistics.json").read_bytes()
    return msgspec.json.decode(text, type=Statistics)


STATISTICS: Final = _read()


def repertoire(style: str) -> str:
    """Which songs a style learns from: pop, or the public-domain song book."""
    return "song" if style in _WRITTEN_SONGS else "pop"
