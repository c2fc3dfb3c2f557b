"""Lays a 4/4 bar of a style over any meter and feel, for drums and bass alike.

Grooves and statistics are written for sixteen steps of 4/4. A meter is read as a row of
felt beats, each standing for one beat of that bar: kick beats for 1 and 3, backbeats for
2 and 4. So 7/8 in 2+2+3 becomes 4/4 with its last beat cut to an eighth, 6/8 becomes
beats 1 and 2 in triplets, and 5/4 becomes three beats and two.
"""

from functools import cache
from typing import Final, Literal

import msgspec

from musearoo.domain.music.meter import Meter
from musearoo.domain.music.rhythm import Grid, grid_of

Feel = Literal["straight", "half", "double"]
Triple = Literal["rock", "waltz"]
NOWHERE: Final = -1
# The beats of 4/4 (from 0) that groups of felt beats stand for.
_ROLES: Final = {1: (0,), 2: (0, 1), 4: (0, 1, 2, 3)}
_TRIPLES: Final = {"rock": (0, 2, 3), "waltz": (0, 1, 3)}
# The sixteenth of the source beat that each step of a felt beat stands for.
_STRUCK: Final = {
    1: (0,),
    2: (0, 2),
    3: (0, 1, 2),
    4: (0, 1, 2, 3),
    6: (0, NOWHERE, 1, NOWHERE, 2, 3),
    8: (0, NOWHERE, 1, NOWHERE, 2, NOWHERE, 3, NOWHERE),
    12: (0, NOWHERE, NOWHERE, NOWHERE, 1, NOWHERE, 2, NOWHERE, 3, NOWHERE, NOWHERE, NOWHERE),
}  # fmt: skip
_CARRIED: Final = {**_STRUCK, 6: (0, NOWHERE, 2, NOWHERE, 2, 3)}


class Beat(msgspec.Struct, frozen=True):
    """A felt beat: its first step, its length in steps, and the beat of 4/4 it stands for."""

    first: int
    steps: int
    source: int


class Layout(msgspec.Struct, frozen=True):
    """A meter as the rhythm section reads it.

    `struck` and `carried` give for every step the step of the 4/4 bar it stands for, or
    `NOWHERE`: the first for kick and snare, the second for the riding hand.
    """

    grid: Grid
    bar_ticks: int
    beats: tuple[Beat, ...]
    struck: tuple[int, ...]
    carried: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Steps in the bar."""
        return self.grid.steps

    def beat_at(self, step: int) -> Beat:
        """The felt beat that holds a step."""
        return next(beat for beat in reversed(self.beats) if beat.first <= step)


@cache
def layout_of(meter: Meter, feel: Feel, triple: Triple) -> Layout:
    """Read a meter: its felt beats and what each step stands for."""
    grid = grid_of(meter)
    sized = _with_roles(meter, meter.unit_ticks // grid.step_ticks, triple)
    hands = _placed(sized)
    felt = hands
    if feel == "half":
        felt = _placed(_halved(sized, triple))
    elif feel == "double":
        felt = _placed(_doubled(sized))
    struck = _sources(felt, _STRUCK)
    return Layout(grid, meter.bar_ticks, hands, struck, _sources(hands, _CARRIED))


_Sized = list[tuple[int, int]]  # steps and source of each felt beat


def _with_roles(meter: Meter, per_unit: int, triple: Triple) -> _Sized:
    """Felt beats from the grouping, longer groups taken apart, and their roles."""
    groups = meter.grouping
    if meter.denominator <= 4:
        counts = groups if max(groups) > 1 else _grouped(meter.numerator)
        return [(per_unit, role) for count in counts for role in _roles(count, triple)]
    sizes = [size for group in groups for size in _simple(group)]
    if sizes == [3]:
        return [(per_unit, role) for role in _TRIPLES[triple]]
    if set(sizes) != {3} and len(sizes) % 2 and 3 in sizes and len(sizes) > 1:
        sizes = _cut(sizes)
        return [(size * per_unit, index % 4) for index, size in enumerate(sizes)]
    roles = [role for count in _grouped(len(sizes)) for role in _roles(count, triple)]
    if set(sizes) == {2, 3}:
        roles = [index % 4 for index in range(len(sizes))]
    return [(size * per_unit, role) for size, role in zip(sizes, roles, strict=True)]


def _grouped(beats: int) -> tuple[int, ...]:
    """Equal beats in fours, with threes and twos for the rest: 5 is 3+2, 7 is 4+3."""
    if beats in (5, 6, 9):
        return {5: (3, 2), 6: (3, 3), 9: (3, 3, 3)}[beats]
    fours, rest = divmod(beats, 4)
    return (4,) * fours + ((rest,) if rest else ())


def _roles(count: int, triple: Triple) -> tuple[int, ...]:
    if count in _ROLES:
        return _ROLES[count]
    if count == 3:
        return _TRIPLES[triple]
    return tuple(role for part in _grouped(count) for role in _roles(part, triple))


def _simple(group: int) -> tuple[int, ...]:
    """A group of eighths in twos and threes: 4 is 2+2, 5 is 3+2."""
    if group <= 3:
        return (group,)
    return (3, *_simple(group - 3)) if group % 2 else (2, *_simple(group - 2))


def _cut(sizes: list[int]) -> list[int]:
    """An odd row of beats made even: the last group of three becomes two and one."""
    at = len(sizes) - 1 - sizes[::-1].index(3)
    return [*sizes[:at], 2, 1, *sizes[at + 1 :]]


def _halved(sized: _Sized, triple: Triple) -> _Sized:
    """Half time: two felt beats make one, so the backbeat falls on the third."""
    if len(sized) < 2:
        return sized
    pairs = [sized[index : index + 2] for index in range(0, len(sized), 2)]
    lengths = [sum(steps for steps, _ in pair) for pair in pairs]
    roles = [role for count in _grouped(len(lengths)) for role in _roles(count, triple)]
    return list(zip(lengths, roles, strict=True))


def _doubled(sized: _Sized) -> _Sized:
    """Double time: each felt beat is a kick and a backbeat."""
    halves = [part for steps, _ in sized for part in (steps - steps // 2, steps // 2) if part]
    return [(steps, index % 4) for index, steps in enumerate(halves)]


def _placed(sized: _Sized) -> tuple[Beat, ...]:
    beats, first = [], 0
    for steps, source in sized:
        beats.append(Beat(first, steps, source))
        first += steps
    return tuple(beats)


def _sources(beats: tuple[Beat, ...], inside: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(
        NOWHERE if place == NOWHERE else beat.source * 4 + place
        for beat in beats
        for place in _inside(beat.steps, inside)
    )


def _inside(steps: int, inside: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    if steps in inside:
        return inside[steps]
    places = {quarter * steps // 4: quarter for quarter in range(4)}
    return tuple(places.get(step, NOWHERE) for step in range(steps))
