"""Pitches for a rhythm: the cheapest path through the scale, as human songs price it.

A beam search over scale steps. Prices are the statistics' bits (16 each) for the step
after the last motion and for chord relation by metrical strength, plus what the motif,
the contour and good manners ask; Gumbel noise makes the cheapest path a fair sample
(Papandreou & Yuille, "Perturb-and-MAP random fields", ICCV 2011).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.engines.melodyroo.ladder import STEPS, Ladder

STRONG, BEAT, WEAK = "strong", "beat", "weak"
_BEAM: Final = 12
_REACH: Final = 5
_WIDEST: Final = 7
# Quantiles of the Gumbel distribution times 16 / ln 2, at the middles of 64 equal shares.
_GUMBEL: Final = (
    -36, -31, -27, -25, -23, -21, -19, -18, -16, -15, -14, -12, -11, -10, -9, -8, -7, -6, -5, -4,
    -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 21, 22, 23, 25,
    26, 28, 30, 31, 33, 35, 37, 40, 42, 45, 48, 52, 56, 60, 66, 74, 86, 112,
)  # fmt: skip


class Slot(msgspec.Struct, frozen=True):
    """A note to be: its ladder, strength, the step it would like, and what it must be."""

    ladder: Ladder
    strength: str
    target: int
    long: bool = False
    motif: int | None = None
    final: int | None = None
    after_rest: bool = False


class Taste(msgspec.Struct, frozen=True):
    """Prices for one run of the engine."""

    steps: tuple[tuple[int, ...], ...]
    relations: dict[str, tuple[int, ...]]
    lowest: int
    highest: int
    left_out: tuple[int, ...] = ()
    noise: int = 700
    hold: int = 24


class Place(msgspec.Struct, frozen=True):
    """Where the line stands: its step, the kind of motion that led there, and if it may stay."""

    step: int
    motion: int = 0
    restless: bool = False


_Path = tuple[int, int, int, bool, "_Path | None"]  # cost, step, motion, restless, before


def line(slots: Sequence[Slot], place: Place | None, taste: Taste, chance: Chance) -> list[int]:
    """A step for every slot."""
    beam: list[_Path] = [
        (0, place.step, place.motion, place.restless, None) if place else (0, -1, 0, False, None)
    ]
    for slot in slots:
        beam = _extended(beam, slot, taste, chance)
    steps: list[int] = []
    path: _Path | None = beam[0]
    while path is not None and path[4] is not None:
        steps.append(path[1])
        path = path[4]
    return steps[::-1]


def _extended(beam: list[_Path], slot: Slot, taste: Taste, chance: Chance) -> list[_Path]:
    centre = slot.target if slot.motif is None else slot.motif
    reach = range(centre - _REACH, centre + _REACH + 1)
    if slot.final is not None:
        reach = range(slot.final, slot.final + 1)
    noise = chance.bits()
    found: list[_Path] = []
    for step in reach:
        own = _own_cost(step, slot, taste) - _GUMBEL[noise & 63] * taste.noise // 1000
        noise >>= 6
        if noise == 0:
            noise = chance.bits()
        restless = slot.ladder.relation(step) == 4
        found.append(
            min((_joined(path, step, own, restless, slot, taste) for path in beam), key=_cost)
        )
    found.sort(key=_cost)
    return found[:_BEAM]


def _cost(path: _Path) -> tuple[int, int]:
    return path[:2]


def _joined(path: _Path, step: int, own: int, restless: bool, slot: Slot, taste: Taste) -> _Path:
    before = path[1]
    if before < 0:
        return (path[0] + own, step, 0, restless, path)
    move = step - before
    size = abs(move)
    if size > _WIDEST:
        cost = 240 + 20 * size
    else:
        cost = taste.steps[path[2] + 2][move + _WIDEST]
    if size > 1:
        cost += (70 if path[3] else 0) + (25 if restless else 0)
    motion = 0 if move == 0 else 1 if size < 4 else 2
    if move < 0:
        motion = -motion
    if abs(path[2]) == 2 and motion and (motion > 0) == (path[2] > 0):
        cost += 80
    if slot.after_rest:
        cost //= 2
    return (path[0] + own + cost, step, motion, restless, path)


def _own_cost(step: int, slot: Slot, taste: Taste) -> int:
    ladder = slot.ladder
    relation = ladder.relation(step)
    prices = taste.relations[slot.strength]
    # The four steps outside the chord share one class: two bits more for each of them.
    cost = prices[4] + 32 if relation == 4 else prices[relation]
    if relation == 4:
        cost += (24 if slot.strength == STRONG else 0) + (40 if slot.long else 0)
        if ladder.rubs(step) and (slot.long or slot.strength != WEAK):
            cost += 40
        if step % STEPS in taste.left_out:
            cost += 24
    cost += 4 * abs(step - slot.target)
    if slot.motif is not None:
        cost += taste.hold * abs(step - slot.motif)
    pitch = ladder.pitch(step)
    outside = max(taste.lowest - pitch, pitch - taste.highest, 0)
    return cost + 100 * outside
