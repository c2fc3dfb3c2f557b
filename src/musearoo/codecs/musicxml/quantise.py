"""Played positions to written ones: each beat on the simplest grid that fits it.

A beat is read as sixteenths, as 32nds, as a triplet or as a sextuplet,
whichever explains its onsets with the least error and effort. Swung music is
straightened first and marked "Swing".
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

import msgspec

from musearoo.codecs.musicxml.meters import FINEST, TRIPLET, cells
from musearoo.codecs.musicxml.values import Cell
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, TICKS_PER_SIXTEENTH
from musearoo.domain.song import Song

SwingUnit = Literal["eighth", "16th"]
_CLOSE_ENOUGH: Final = 30
_EFFORT: Final = ((TICKS_PER_SIXTEENTH, 0), (TRIPLET, 12), (FINEST, 25), (TRIPLET // 2, 35))


class Swing(msgspec.Struct, frozen=True):
    """Pairs of `unit` whose second note comes late, at `late` ticks of each pair.

    `written` is False when only microtiming swings, so that ticks are straight already.
    """

    unit: SwingUnit
    late: int
    written: bool = True


class Written(msgspec.Struct, frozen=True):
    """A note on the grid, in ticks from bar 0."""

    start: int
    end: int
    pitch: int


class Quantised(msgspec.Struct, frozen=True):
    """The notes of a part on the grid, and the start ticks of the cells read as triplets."""

    notes: tuple[Written, ...]
    triplets: frozenset[int]


class _Ruler:
    """Cell arithmetic over the whole song."""

    def __init__(self, meter: Meter) -> None:
        self._bar = meter.bar_ticks
        self._cells = cells(meter)
        self._starts = [cell.start for cell in self._cells]

    def cell_at(self, tick: int) -> Cell:
        bar, inside = divmod(tick, self._bar)
        cell = self._cells[bisect_right(self._starts, inside) - 1]
        return Cell(bar * self._bar + cell.start, cell.length)


def quantise(notes: Iterable[Note], meter: Meter, swing: Swing | None) -> Quantised:
    """Put the notes of one part on the grid."""
    notes = tuple(notes)
    ruler = _Ruler(meter)
    onsets: dict[int, list[int]] = {}
    lengths: dict[int, int] = {}
    for note in notes:
        cell = ruler.cell_at(note.start)
        onsets.setdefault(cell.start, []).append(note.start - cell.start)
        lengths[cell.start] = cell.length
    late = {start: _late(positions, swing) for start, positions in onsets.items()}
    steps = {
        start: _step([_straight(x, late[start], swing) for x in positions], lengths[start])
        for start, positions in onsets.items()
    }

    @cache
    def placed(tick: int) -> int:
        cell = ruler.cell_at(tick)
        pull = late.get(cell.start, swing.late if swing and swing.written else 0)
        inside = _straight(tick - cell.start, pull, swing)
        step = steps.get(cell.start) or _base(cell.length)
        return cell.start + min(cell.length, (inside + step // 2) // step * step)

    written = []
    for note in notes:
        start, end = placed(note.start), placed(note.end)
        if end <= start:
            cell = ruler.cell_at(start)
            end = start + (steps.get(cell.start) or _base(cell.length))
        written.append(Written(start, end, note.pitch))
    triplets = frozenset(start for start, step in steps.items() if TRIPLET % step == 0)
    return Quantised(tuple(written), triplets)


def _late(onsets: list[int], swing: Swing | None) -> int:
    """How late the second note of a swung pair is in this beat; 0 where it is played straight."""
    if swing is None or not swing.written:
        return 0
    triplet = swing.unit == "eighth" and any(abs(onset - TRIPLET) <= 50 for onset in onsets)
    return 0 if triplet else swing.late


def _straight(position: int, late: int, swing: Swing | None) -> int:
    if not late or swing is None:
        return position
    pair = TICKS_PER_QUARTER if swing.unit == "eighth" else TICKS_PER_QUARTER // 2
    start, inside = position - position % pair, position % pair
    half = pair // 2
    if inside <= late:
        return start + inside * half // late
    return start + half + (inside - late) * half // (pair - late)


def _base(length: int) -> int:
    return TICKS_PER_SIXTEENTH if length % TICKS_PER_SIXTEENTH == 0 else FINEST


def _step(onsets: list[int], length: int) -> int:
    """The grid of a cell: the cheapest in error and effort."""
    base = _base(length)
    if max(_error(onset, base) for onset in onsets) <= _CLOSE_ENOUGH:
        return base
    grids = _EFFORT if length == TICKS_PER_QUARTER else ((base, 0), (FINEST, 25))

    def cost(grid: tuple[int, int]) -> float:
        step, effort = grid
        return sum(_error(onset, step) for onset in onsets) / len(onsets) + effort

    return min(grids, key=cost)[0]


def _error(position: int, step: int) -> int:
    off = position % step
    return min(off, step - off)


def find_swing(song: Song) -> Swing | None:
    """The swing that most of a song's off-beats share, if they do."""
    if song.meter.denominator != 4:
        return None
    starts = [note.start for part in song.parts for note in part.notes]
    swing = _swing_of(starts)
    if swing is not None or not any(note.offset_us for part in song.parts for note in part.notes):
        return swing
    per_us = song.tempo_map.bpm * TICKS_PER_QUARTER / 60e6
    played = [
        note.start + round(note.offset_us * per_us) for part in song.parts for note in part.notes
    ]
    swing = _swing_of(played)
    return msgspec.structs.replace(swing, written=False) if swing else None


def _swing_of(starts: list[int]) -> Swing | None:
    eighths = [start % TICKS_PER_QUARTER for start in starts]
    late = [x for x in eighths if 540 <= x <= 700]
    offbeats = [x for x in eighths if 400 <= x <= 700]
    middles = sum(260 <= x <= 380 for x in eighths)
    sixteenths = sum(200 <= x <= 260 or 701 <= x <= 760 for x in eighths)
    if (
        len(late) >= 4
        and len(late) >= 0.7 * len(offbeats)
        and middles + sixteenths <= 0.35 * len(late)
    ):
        return Swing("eighth", round(sum(late) / len(late)))
    pairs = [start % (TICKS_PER_QUARTER // 2) for start in starts]
    late = [x for x in pairs if 262 <= x <= 350]
    offbeats = [x for x in pairs if 200 <= x <= 350]
    early = sum(110 <= x <= 210 for x in pairs)
    if len(late) >= 6 and len(late) >= 0.7 * len(offbeats) and early <= 0.2 * len(late):
        return Swing("16th", round(sum(late) / len(late)))
    return None
