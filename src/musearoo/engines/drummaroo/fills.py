"""Fills: when they come, how long they are, how fast, and how they move over the kit."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.engines.drummaroo.lexicon import fill_table
from musearoo.engines.drummaroo.settings import NAME, Settings
from musearoo.engines.drummaroo.stroke import Force, Stroke
from musearoo.engines.layout import Beat

_PHRASE: Final = 4
_FASTEST_US: Final = 65_000
_ROLL_US: Final = 55_000
_SHORTEST_RUN: Final = 2
_NEIGHBOUR: Final = 120
_ENTRY: Final = (7, 2, 1, 0)
_TRAVEL: Final = ("snare", "high tom", "mid tom", "floor tom")
_EIGHTHS: Final = (0b0101, 0b0001, 0b0100, 0b0111, 0b1101)
_COMPOUND: Final = ((0, 2, 4), (0, 2, 3, 4), (0, 2, 4, 5), (0, 1, 2, 3, 4, 5))


def fill_steps(context: EngineContext, settings: Settings, seed: int, bar: int) -> int:
    """How many steps at the end of the bar are a fill; 0 for none.

    Fills belong at the seams of the form; busier settings add small ones at the ends of
    four-bar phrases inside sections.
    """
    chance = Chance(seed, NAME, bar, "fill")
    draw = chance.below(1000)
    likely, longest = _reach(context, settings, bar)
    if draw >= likely:
        return 0
    beats = settings.layout.beats
    length = max(1, chance.between((longest + 1) // 2, longest))
    return sum(beat.steps for beat in beats[len(beats) - length :])


def _reach(context: EngineContext, settings: Settings, bar: int) -> tuple[int, int]:
    """How likely a fill is, in thousandths, and its longest length in beats."""
    beats = len(settings.layout.beats)
    ends_phrase = bar % _PHRASE == _PHRASE - 1
    if context.is_last_of_section(bar) and (context.sections or bar % (2 * _PHRASE) != 3):
        return min(1000, settings.fills * 9 // 5), 1 + beats * settings.fills // 1000
    if ends_phrase:
        return settings.fills * 6 // 5, 1 + beats * settings.fills // 2000
    return max(0, settings.fills - 700) * 2 // 3, 1


def fill_strokes(settings: Settings, seed: int, bar: int, steps: int) -> list[Stroke]:
    """The strokes of a fill over the last `steps` of the bar."""
    chance = Chance(seed, NAME, bar, "fill", "line")
    first = settings.layout.steps - steps
    strokes: list[Stroke] = []
    piece, run = chance.weighted(_ENTRY), 0
    for beat in (beat for beat in settings.layout.beats if beat.first >= first):
        for index, place in enumerate(_rhythm(settings, beat, chance)):
            if strokes and _moves_on(settings, index, run, chance):
                piece, run = _moved(piece, chance), 0
            run += 1
            strokes.append(_stroke(settings, beat, place, _TRAVEL[piece], first=run == 1))
    swollen = [
        msgspec.structs.replace(stroke, swell=_swell(stroke.step - first, steps))
        for stroke in strokes
    ]
    return swollen + _feet(settings, first)


def _moves_on(settings: Settings, index: int, run: int, chance: Chance) -> bool:
    """Go to the next drum with each beat; in complex fills after every two strokes or more."""
    if index == 0:
        return chance.permille(800)
    return run >= _SHORTEST_RUN and chance.permille(settings.fill_complexity * 7 // 10)


def _rhythm(settings: Settings, beat: Beat, chance: Chance) -> tuple[int, ...]:
    """Places of a beat's strokes in thousandths of a step."""
    fast = settings.step_us >= _FASTEST_US
    if beat.steps == 6:
        weights = _leaning((3, 4, 4, 6), settings.fill_complexity)
        steps = _COMPOUND[chance.weighted(weights)] if fast else _COMPOUND[0]
        return tuple(step * 1000 for step in steps)
    if beat.steps != 4:
        return tuple(step * 1000 for step in range(beat.steps) if fast or step % 2 == 0)
    if _fancy(settings, chance):
        return _burst(settings, chance)
    if not fast:
        mask = _EIGHTHS[chance.weighted((6, 2, 1, 0, 0))]
    else:
        table = fill_table().rhythms
        busy = tuple(mask.bit_count() * 3 // 2 for mask in range(16))
        leaning = _leaning(busy, settings.fill_complexity)
        mask = chance.weighted([often * lean for often, lean in zip(table, leaning, strict=True)])
    return tuple(step * 1000 for step in range(4) if mask >> step & 1) or (0,)


def _leaning(sizes: tuple[int, ...], complexity: int) -> tuple[int, ...]:
    """Weights that favour sizes near the one asked for: 1 to 6 strokes."""
    return tuple(max(1, 1000 - abs(size * 1000 - (1000 + complexity * 5)) // 3) for size in sizes)


def _fancy(settings: Settings, chance: Chance) -> bool:
    return chance.permille(max(0, settings.fill_complexity - 450) * 3 // 5)


def _burst(settings: Settings, chance: Chance) -> tuple[int, ...]:
    """Sextuplets, or doubles on one sixteenth, as far as the tempo lets two hands go."""
    if settings.step_us * 2 // 3 >= _ROLL_US and chance.permille(600):
        return tuple(place * 4000 // 6 for place in range(6))
    if settings.step_us // 2 >= _ROLL_US:
        return (0, 1000, 1500, 2000, 3000) if chance.permille(500) else (0, 500, 1000, 2000, 3000)
    return (0, 1000, 2000, 3000) if settings.step_us >= _FASTEST_US else (0, 2000)


def _moved(piece: int, chance: Chance) -> int:
    """The next drum: as players move, and rather down the kit than up."""
    row = fill_table().moves[piece]
    weights = [
        row[index] * (2 if index > piece else 1) + (_NEIGHBOUR if index == piece + 1 else 0)
        for index in range(len(_TRAVEL))
    ]
    weights[piece] = 0
    return chance.weighted(weights)


def _stroke(settings: Settings, beat: Beat, place: int, piece: str, *, first: bool) -> Stroke:
    force: Force = "accent" if first or settings.fill_complexity < 300 else "plain"
    return Stroke(
        step=beat.first + place // 1000, late=place % 1000, piece=piece, force=force, fill=True
    )


def _swell(step: int, steps: int) -> int:
    return -150 + 250 * step // max(1, steps)


def _feet(settings: Settings, first: int) -> list[Stroke]:
    """The foot keeps the beats under a fill, so that the time is never in doubt."""
    return [
        Stroke(step=beat.first, piece="kick", force="soft", fill=True)
        for beat in settings.layout.beats
        if beat.first >= first
    ]
