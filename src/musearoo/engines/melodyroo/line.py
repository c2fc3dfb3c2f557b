"""Pitches for a rhythm: a walk on the scale, drawn step by step as human songs would.

Prices are the statistics' bits (16 each) for the step after the last motion and for the
chord relation by metrical strength, plus what the motif, the contour and good manners
ask. A step is drawn with a chance of two to the minus its price in bits.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.engines.melodyroo.ladder import STEPS, Ladder
from musearoo.engines.melodyroo.novelty import Trail

STRONG, BEAT, WEAK = "strong", "beat", "weak"
FOREIGN: Final = 4
_REACH: Final = 5
_WIDEST: Final = 7
_ONE_BIT: Final = 16
_HIGHEST_PRICE: Final = 20 * _ONE_BIT
_LEAP: Final = 4
_NEXT_BEST: Final = 6
_LEAPING: Final = 12
# 2 ** (16 - k / 16) for k from 0 to 15, so that chances stay whole numbers.
_ROOTS: Final = (
    65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393,
    46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219,
)  # fmt: skip
_CHANCES: Final = tuple(
    (_ROOTS[price % _ONE_BIT] << 8) >> (price // _ONE_BIT) for price in range(_HIGHEST_PRICE)
)


class Slot(msgspec.Struct, frozen=True):
    """A note to be: where it stands, the step it would like, and what it may be.

    `finals` are the steps allowed to a note that closes, best first.
    """

    ladder: Ladder
    strength: str
    target: int
    start: int
    length: int
    long: bool = False
    motif: int | None = None
    finals: tuple[int, ...] = ()
    after_rest: bool = False


class Taste(msgspec.Struct, frozen=True):
    """Prices for one run of the engine."""

    steps: tuple[tuple[int, ...], ...]
    relations: dict[str, tuple[int, ...]]
    lowest: int
    highest: int
    left_out: dict[int, int] = {}
    hold: int = 48
    contour: int = 5
    care: int = 1000


class Goal(msgspec.Struct, frozen=True):
    """A step to be reached after so many notes of the line at hand."""

    step: int
    notes: int


class Place(msgspec.Struct, frozen=True):
    """Where the line stands: its step, the motion that led there, whether it wants to go on.

    `repeated` counts how often the step was just sung again.
    """

    step: int
    trail: Trail
    motion: int = 0
    restless: bool = False
    repeated: int = 0

    def moved(self, step: int, slot: Slot) -> "Place":
        """The place after going on to `step`."""
        trail = self.trail.moved(slot.ladder.pitch(step), slot.start, slot.length)
        move = step - self.step
        size = 0 if move == 0 else 1 if abs(move) < _LEAP else 2
        motion = size if move >= 0 else -size
        repeated = 0 if move else self.repeated + 1
        return Place(step, trail, motion, slot.ladder.relation(step) == FOREIGN, repeated)


def line(
    slots: Sequence[Slot], place: Place | None, taste: Taste, goal: Goal | None, chance: Chance
) -> tuple[Place, ...]:
    """The places a line passes through, one for every slot."""
    passed: list[Place] = []
    for index, slot in enumerate(slots):
        left = goal.notes - index if goal else 0
        place = _next(slot, place, taste, goal.step if goal and left > 0 else None, left, chance)
        passed.append(place)
    return tuple(passed)


def _next(
    slot: Slot, place: Place | None, taste: Taste, goal: int | None, left: int, chance: Chance
) -> Place:
    first: Place | None = None
    for step in _ranked(slot, place, taste, goal, left, chance):
        going = place.moved(step, slot) if place else _entered(step, slot)
        if not going.trail.is_known:
            return going
        first = first or going
    return first or _entered(slot.target, slot)


def _entered(step: int, slot: Slot) -> Place:
    trail = Trail(slot.ladder.pitch(step), slot.start, slot.length)
    return Place(step, trail, 0, slot.ladder.relation(step) == FOREIGN)


def _ranked(
    slot: Slot, place: Place | None, taste: Taste, goal: int | None, left: int, chance: Chance
) -> Iterator[int]:
    """Steps in the order in which chance prefers them."""
    if slot.finals:
        yield from _reachable(slot.finals, place)
        yield from sorted(_around(slot.target), key=lambda step: abs(step - slot.finals[0]))
        return
    reach = _around(slot.target if slot.motif is None else slot.motif)
    hold = taste.hold if goal is None or left > 2 else taste.hold // 3
    prices = [_own_price(step, slot, taste, hold) for step in reach]
    if place:
        motion = taste.steps[place.motion + 2]
        for index, step in enumerate(reach):
            price = _motion_price(step - place.step, step, slot, place, motion)
            prices[index] += price // 2 if slot.after_rest else price
    if goal is not None:
        for index, step in enumerate(reach):
            prices[index] += 14 * max(0, abs(goal - step) - left)
    least = min(prices)
    chances = [
        _CHANCES[min((price - least) * taste.care // 1000, _HIGHEST_PRICE - 1)] for price in prices
    ]
    while any(chances):
        index = chance.weighted(chances)
        chances[index] = 0
        yield reach[index]


def _around(centre: int) -> range:
    return range(centre - _REACH, centre + _REACH + 1)


def _reachable(steps: tuple[int, ...], place: Place | None) -> list[int]:
    """Closing steps, best first, those that take a leap put back."""
    if place is None:
        return list(steps)
    prices = {
        step: _NEXT_BEST * rank + _LEAPING * max(0, abs(step - place.step) - _LEAP)
        for rank, step in enumerate(steps)
    }
    return sorted(steps, key=lambda step: prices[step])


def _motion_price(move: int, step: int, slot: Slot, place: Place, motion: tuple[int, ...]) -> int:
    size = abs(move)
    price = motion[move + _WIDEST] if size <= _WIDEST else 200 + 20 * size
    if size > 1:
        foreign = slot.ladder.relation(step) == FOREIGN
        price += (60 if place.restless else 0) + (25 if foreign else 0)
        if abs(place.motion) == 2 and (move > 0) == (place.motion > 0):
            price += 80
    elif size == 0:
        price += 24 if place.restless else 10 + 10 * place.repeated
    return price


def _own_price(step: int, slot: Slot, taste: Taste, hold: int) -> int:
    ladder = slot.ladder
    relation = ladder.relation(step)
    prices = taste.relations[slot.strength]
    price = prices[relation]
    if relation == FOREIGN:
        # The four steps outside the chord share one class: nearly two bits more for each.
        price += 30 + (20 if slot.long else 0)
        if ladder.rubs(step) and (slot.long or slot.strength != WEAK):
            price += 40
        price += taste.left_out.get(step % STEPS, 0)
    price += taste.contour * abs(step - slot.target)
    if slot.motif is not None:
        price += hold * abs(step - slot.motif)
    pitch = ladder.pitch(step)
    return price + 100 * max(taste.lowest - pitch, pitch - taste.highest, 0)
