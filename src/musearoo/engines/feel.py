"""What players share about time: swing, and where the others put their weight."""

from collections.abc import Iterable
from typing import Final

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

STRAIGHT: Final = 500
HARDEST: Final = 750
_NATURAL: Final = {"jazz": 640, "blues": 660, "new orleans": 570, "reggae": 560, "hip hop": 560}
_SIXTEENTH_FEEL: Final = ("funk", "hip hop", "soul", "new orleans", "reggae")


def swing_place(context: EngineContext, swing: int) -> int:
    """Where the off-beat falls in its beat, 500 to 750 thousandths.

    At `swing` 0 as the groove that was heard has it, else as the style is played;
    at 1000 the hardest shuffle.
    """
    natural = context.groove.swing
    if natural == STRAIGHT:
        natural = _NATURAL.get(context.style, STRAIGHT)
    return natural + (HARDEST - natural) * swing // 1000


def swung(tick: int, meter: Meter, place: int, style: str) -> int:
    """Move a tick of the take so that off-beats fall on `place`; compound beats stay even."""
    if place == STRAIGHT:
        return tick
    bar, inside = divmod(tick, meter.bar_ticks)
    beat, length, compound = _beat_at(inside, meter)
    if compound:
        return tick
    pair = min(TICKS_PER_QUARTER // (2 if style in _SIXTEENTH_FEEL else 1), length)
    first, rest = divmod(inside - beat, pair)
    if (first + 1) * pair > length:
        return tick  # what is left of the beat is no pair
    half = pair // 2
    long = pair * place // 1000
    moved = rest * long // half if rest < half else long + (rest - half) * (pair - long) // half
    return bar * meter.bar_ticks + beat + first * pair + moved


def _beat_at(inside: int, meter: Meter) -> tuple[int, int, bool]:
    """Start and length of the metrical beat that holds a tick, and whether it is in threes."""
    start = length = 0
    group = 1
    for group in meter.grouping:
        length = group * meter.unit_ticks
        if inside < start + length:
            break
        start += length
    return start, length, group % 3 == 0 and meter.denominator >= 8


def step_accents(context: EngineContext, bar: int) -> tuple[int, ...]:
    """The heard groove's accents on the grid of the meter, 0-1000 a step; empty if unknown."""
    accents = context.accents_of(bar)
    steps = grid_of(context.meter).steps
    if not accents or len(accents) == steps:
        return accents
    placed = [0] * steps
    for index, accent in enumerate(accents):
        step = index * steps // len(accents)
        placed[step] = max(placed[step], accent)
    return tuple(placed)


def step_onsets(notes: Iterable[Note], meter: Meter, bar: int) -> tuple[int, ...]:
    """The loudest velocity that begins on each step of a bar, 0 where nothing does."""
    grid = grid_of(meter)
    start, end = bar * meter.bar_ticks, (bar + 1) * meter.bar_ticks
    placed = [0] * grid.steps
    for note in notes:
        if start <= note.start < end:
            step = grid.step_at(note.start - start)
            placed[step] = max(placed[step], note.velocity)
    return tuple(placed)


def onsets_by_bar(notes: Iterable[Note], meter: Meter, bars: int) -> tuple[tuple[int, ...], ...]:
    """`step_onsets` of every bar, reading the notes once."""
    grid = grid_of(meter)
    placed = [[0] * grid.steps for _ in range(bars)]
    for note in notes:
        bar, inside = divmod(note.start, meter.bar_ticks)
        if 0 <= bar < bars:
            step = grid.step_at(inside)
            placed[bar][step] = max(placed[bar][step], note.velocity)
    return tuple(map(tuple, placed))


def unevenness(chance: Chance) -> tuple[int, int]:
    """Two small human errors, bell-shaped, within -1000 to 1000: one of touch, one of time."""
    bits = chance.bits()
    pieces = [bits >> shift & 0x3FF for shift in range(0, 60, 10)]
    return (sum(pieces[:3]) - 1534) * 1000 // 1535, (sum(pieces[3:]) - 1534) * 1000 // 1535
