"""The rhythm of a bar, beat by beat, from cells that people sing.

A cell is a beat on the meter's grid, a sign a step: x begins a note, - holds it,
. is silence. Its weight is how often songs put it after the cell before, at that
place of the bar, tilted by the knobs.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.engines.melodyroo.statistics import STATISTICS

PAIR: Final = 4
TRIPLE: Final = 6
_SMALL: Final[dict[int, dict[str, int]]] = {
    1: {"x": 6, "-": 3, ".": 1},
    2: {"x-": 8, "xx": 2, "--": 4, "-x": 1, "..": 1},
    3: {"x--": 8, "x-x": 3, "xx-": 2, "xxx": 2, "---": 2, "...": 1},
}
# Compound beats as people sing them; counts from the few public-domain tunes are added.
_TRIPLE_PRIOR: Final = {
    "x-----": 40, "x---x-": 40, "x-x-x-": 40, "------": 12, "----x-": 12, "--x-x-": 6,
    "x-x---": 12, "x--xx-": 6, "......": 8, "x-....": 6, "....x-": 6, "xxx-x-": 2, "x-xxx-": 2,
    "x---xx": 3, "x-x-xx": 4,
}  # fmt: skip
_POWERS: Final = 6


class Tilt(msgspec.Struct, frozen=True):
    """How the knobs bend the weights; 500 leaves them as songs have them."""

    density: int = 500
    complexity: int = 500
    quickness: int = 500
    rests: int = 500


class _Cell(msgspec.Struct, frozen=True):
    text: str
    count: int
    onsets: int
    syncopation: int
    quick: int
    silent: int


def rhythm_of_bar(
    sizes: Sequence[int], repertoire: str, tilt: Tilt, wishes: Sequence[int], chance: Chance
) -> str:
    """Signs for every step of the bar. `wishes` are -1000 to 1000 a step for beginning there."""
    text, before = "", ""
    for beat, size in enumerate(sizes):
        place = _place(beat, len(sizes))
        for part, length in enumerate(_parts(size)):
            cells = _row(repertoire, place if part == 0 else "weak", before, length)
            before = _drawn(cells, tilt, wishes[len(text) : len(text) + length], chance)
            text += before
    if "x" not in text:
        text = "x" + text[1:].replace(".", "-", len(text) // 2)
    return text.lstrip("-").rjust(len(text), ".")


def _place(beat: int, beats: int) -> str:
    if beat == 0:
        return "down"
    return "mid" if beats % 2 == 0 and beat == beats // 2 else "weak"


def _parts(size: int) -> Iterator[int]:
    """Cells of four steps, a compound six whole, and what remains."""
    while size:
        part = size if size in (TRIPLE, 3, 2, 1) else PAIR
        yield part
        size -= part


@lru_cache(maxsize=512)
def _row(repertoire: str, place: str, before: str, size: int) -> tuple[_Cell, ...]:
    if size == PAIR:
        table = STATISTICS.cells[repertoire][place]
        counts = table.get(before) or table[""]
    elif size == TRIPLE:
        counted = STATISTICS.cells["ternary"].get(place, {}).get("", {})
        counts = {c: n + counted.get(c, 0) // 4 for c, n in _TRIPLE_PRIOR.items()}
    else:
        counts = _SMALL[size]
    if not before:  # a bar read by itself should begin soon
        counts = {c: n if "x" in c else n // 4 for c, n in counts.items()}
    return tuple(sorted((_cell(c, n) for c, n in counts.items()), key=_by_onsets))


def _cell(text: str, count: int) -> _Cell:
    step = 2 if len(text) in (PAIR, TRIPLE) else 1
    quick = sum(a == "x" and b == "x" for a, b in pairwise(text))
    off = sum(sign == "x" for index, sign in enumerate(text) if index % step)
    tied = text[0] == "-" or (text[0] == "." and "x" in text)
    return _Cell(text, count, text.count("x"), off + tied, quick, text.count("."))


def _by_onsets(cell: _Cell) -> tuple[int, int, str]:
    return (cell.onsets, cell.syncopation, cell.text)


def _drawn(cells: tuple[_Cell, ...], tilt: Tilt, wishes: Sequence[int], chance: Chance) -> str:
    """Inverse of the cumulative weights: more density moves the same draw to fuller cells."""
    weights = _weights(cells, tilt)
    if any(wishes):
        weights = tuple(
            weight * max(50, 1000 + _wished(cell, wishes))
            for cell, weight in zip(cells, weights, strict=True)
        )
    draw = chance.below(1 << 32) * sum(weights) >> 32
    for cell, weight in zip(cells, weights, strict=True):
        draw -= weight
        if draw < 0:
            return cell.text
    return cells[-1].text


def _wished(cell: _Cell, wishes: Sequence[int]) -> int:
    return sum(wish for sign, wish in zip(cell.text, wishes, strict=True) if sign == "x")


@lru_cache(maxsize=1024)
def _weights(cells: tuple[_Cell, ...], tilt: Tilt) -> tuple[int, ...]:
    return tuple(_weight(cell, tilt) for cell in cells)


def _weight(cell: _Cell, tilt: Tilt) -> int:
    weight = cell.count
    for knob, amount in (
        (tilt.density, cell.onsets),
        (tilt.complexity, cell.syncopation),
        (tilt.quickness, cell.quick),
        (tilt.rests, (cell.silent + 1) // 2),
    ):
        up, down = 30 + 140 * knob // 1000, 170 - 140 * knob // 1000
        power = min(amount, _POWERS)
        weight *= up**power * down ** (_POWERS - power)
    return weight
