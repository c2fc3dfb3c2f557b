"""Voice leading: how far hands move between chords, and how to move least.

Distances follow Tymoczko, "The Geometry of Musical Chords", Science 313 (2006):
the size of a voice leading is the sum of the semitones its voices move, and a
minimal one never crosses voices, so few pairings need be looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

Voicing = tuple[int, ...]
Layout = Literal["close", "drop-2", "rootless", "power", "spread"]
_SEMITONES: Final = 12
_PARALLEL: Final = {0: "octave", 7: "fifth"}


class Choice(NamedTuple):
    """A voicing and what it costs by itself."""

    cost: int
    voicing: Voicing


class Parallel(NamedTuple):
    """Two voices (counted from the bass, 0) that move together in a perfect interval."""

    interval: str
    lower: int
    upper: int


@lru_cache(maxsize=1 << 16)
def motion(before: Voicing, after: Voicing) -> int:
    """Semitones of the smallest voice leading between two sets of pitches.

    Every voice of either chord takes part; where sizes differ, voices split or
    join. Pitches ascend.
    """
    if len(before) == len(after):
        return sum(abs(later - earlier) for earlier, later in zip(before, after, strict=True))
    return _split_motion(before, after)


def _split_motion(before: Voicing, after: Voicing) -> int:
    """Cheapest monotone pairing that leaves nobody out (dynamic programming)."""
    best: list[int] = []
    for row, earlier in enumerate(before):
        current: list[int] = []
        for column, later in enumerate(after):
            ways = [best[column]] if row else []
            if column:
                ways += [current[-1], *([best[column - 1]] if row else [])]
            current.append(abs(later - earlier) + min(ways, default=0))
        best = current
    return best[-1]


def pitch_class_motion(before: Sequence[int], after: Sequence[int]) -> int:
    """Semitones of the smallest voice leading between two sets of pitch classes.

    On the circle a crossing-free pairing is fixed by where it begins, so the
    larger chord is tried in each rotation and octave.
    """
    small, large = sorted((sorted(before), sorted(after)), key=len)
    rotations = (
        (*large[turn:], *(tone + _SEMITONES for tone in large[:turn])) for turn in range(len(large))
    )
    return min(
        motion(tuple(small), tuple(tone + octave for tone in rotation))
        for rotation in rotations
        for octave in (-2 * _SEMITONES, -_SEMITONES, 0, _SEMITONES)
    )


def parallels(before: Voicing, after: Voicing) -> Iterator[Parallel]:
    """Pairs of voices that both move and stand in a fifth, or octave, before and after."""
    if len(before) != len(after):
        return
    for upper in range(1, len(before)):
        if before[upper] == after[upper]:
            continue
        for lower in range(upper):
            interval = (before[upper] - before[lower]) % _SEMITONES
            if (
                interval in _PARALLEL
                and (after[upper] - after[lower]) % _SEMITONES == interval
                and before[lower] != after[lower]
            ):
                yield Parallel(_PARALLEL[interval], lower, upper)


def has_parallels(before: Voicing, after: Voicing) -> bool:
    """Whether any two voices move in parallel fifths or octaves."""
    return any(True for _ in parallels(before, after))


@lru_cache(maxsize=4096)
def voicings(
    tones: tuple[int, ...], layout: Layout, voices: int, low: int, high: int
) -> tuple[Voicing, ...]:
    """Every voicing of the pitch classes `tones` inside [low, high], lowest first.

    `tones` begin with the root. Close position stacks them in every inversion;
    drop-2 lowers the second voice from above by an octave; spread raises every
    other voice; power stacks root and fifth; rootless leaves the root to the bass.
    """
    if layout == "power":
        tones = (tones[0], _fifth_of(tones))
    elif layout == "rootless":
        tones = tones[1:] or tones
    bottoms = (bottom for bottom in range(low, high + 1) if bottom % _SEMITONES in tones)
    if layout == "power":
        bottoms = (bottom for bottom in bottoms if bottom % _SEMITONES == tones[0])
    stacks = (_stack(bottom, tones, voices) for bottom in bottoms)
    opened = (_OPENINGS.get(layout, tuple)(stack) for stack in stacks)
    return tuple(sorted({each for each in opened if each[0] >= low and each[-1] <= high}))


def _fifth_of(tones: tuple[int, ...]) -> int:
    for interval in (7, 6, 8):
        if (tones[0] + interval) % _SEMITONES in tones:
            return (tones[0] + interval) % _SEMITONES
    return (tones[0] + 7) % _SEMITONES


def _stack(bottom: int, tones: tuple[int, ...], voices: int) -> Voicing:
    stack = [bottom]
    rising = sorted((tone - bottom) % _SEMITONES or _SEMITONES for tone in tones)
    while len(stack) < voices:
        octave, place = divmod(len(stack) - 1, len(rising))
        stack.append(bottom + octave * _SEMITONES + rising[place])
    return tuple(stack)


def _drop_second(stack: Voicing) -> Voicing:
    if len(stack) < 3:
        return stack
    return tuple(sorted((*stack[:-2], stack[-2] - _SEMITONES, stack[-1])))


def _spread(stack: Voicing) -> Voicing:
    return tuple(sorted(tone + _SEMITONES * (index % 2) for index, tone in enumerate(stack)))


_OPENINGS: Final[dict[str, Callable[[Voicing], Voicing]]] = {
    "drop-2": _drop_second,
    "spread": _spread,
}


def smoothest(
    columns: Sequence[Sequence[Choice]],
    before: Voicing | None = None,
    *,
    weight: int = 1,
    parallel_cost: int = 0,
) -> tuple[Voicing, ...]:
    """The cheapest way through one choice a column (Viterbi): choices, motion and parallels.

    `weight` prices a semitone of motion, `parallel_cost` each change with parallels.
    """
    if not columns:
        return ()
    paths: list[tuple[int, int]] = []  # cost so far, place in the column before
    history: list[list[tuple[int, int]]] = []
    previous: Sequence[Choice] = (Choice(0, before),) if before else ()
    standing = [0] * len(previous)
    for column in columns:
        paths = [
            _best_entry(choice, previous, standing, weight, parallel_cost) for choice in column
        ]
        history.append(paths)
        previous, standing = column, [cost for cost, _ in paths]
    place = min(range(len(paths)), key=lambda index: (paths[index][0], index))
    path: list[Voicing] = []
    for column, entries in zip(reversed(columns), reversed(history), strict=True):
        path.append(column[place].voicing)
        place = entries[place][1]
    return tuple(reversed(path))


def _best_entry(
    choice: Choice, previous: Sequence[Choice], standing: Sequence[int], weight: int, parallel: int
) -> tuple[int, int]:
    if not previous:
        return choice.cost, 0
    best, place = -1, 0
    for index, (earlier, so_far) in enumerate(zip(previous, standing, strict=True)):
        cost = so_far + weight * motion(earlier.voicing, choice.voicing)
        if (
            parallel
            and (best < 0 or cost < best)
            and has_parallels(earlier.voicing, choice.voicing)
        ):
            cost += parallel
        if best < 0 or cost < best:
            best, place = cost, index
    return best + choice.cost, place
