"""Two-bar cells: what a drummer settles on for a section before varying it.

A cell is a pair of patterns of the style, alike enough for human repetition, made plainer
or busier by the complexity control, with its ghost notes chosen by how often players
place them.
"""

from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import repetition
from musearoo.engines.drummaroo.complexity import pick, shaped, wanted_syncopation
from musearoo.engines.drummaroo.lexicon import BAR
from musearoo.engines.drummaroo.settings import NAME, Settings
from musearoo.engines.drummaroo.vocabulary import Pattern, stands_for, vocabulary
from musearoo.engines.layout import NOWHERE, Layout

_WINDOW: Final = 3
_FASTEST_HANDS_US: Final = 70_000
_HAND_CHOICE: Final = (6, 3, 2)


class Cell(msgspec.Struct, frozen=True):
    """Two bars, and where the riding hand strikes."""

    bars: tuple[Pattern, Pattern]
    hand: tuple[int, ...]
    open_hats: frozenset[int]
    feet: tuple[int, ...]


def build_cell(settings: Settings, seed: int, label: str) -> Cell:
    """The cell of a section label: the same label brings the same groove back."""
    chance = Chance(seed, NAME, "cell", label, "groove")
    patterns = vocabulary(settings.style.name, settings.meter, settings.feel)
    first = pick(settings, patterns, chance)
    second = first.answer or _partner(settings, patterns, first, chance)
    goal = (wanted_syncopation(settings) + chance.below(1000)) // 1000
    kicks = Chance(seed, NAME, "cell", label, "kick")
    ghosts = _ghost_order(settings, Chance(seed, NAME, "cell", label, "ghosts"))
    ghost_extra = chance.below(1000)
    bars = [
        _with_ghosts(settings, shaped(settings, pattern, goal, kicks), ghosts, ghost_extra)
        for pattern in (first, second)
    ]
    hand = Chance(seed, NAME, "cell", label, "hand")
    choices = settings.style.hand
    pattern = choices[hand.weighted(_HAND_CHOICE[: len(choices)])]
    return Cell(
        (bars[0], bars[1]),
        _hand(settings, pattern, bars[0], hand),
        frozenset(_open_hats(settings.layout, pattern)),
        tuple(stands_for(settings.layout.carried, settings.style.foot, "p")),
    )


def _partner(
    settings: Settings, patterns: tuple[Pattern, ...], first: Pattern, chance: Chance
) -> Pattern:
    """The second bar: often the same, else a pattern about as alike as human bars are."""
    if chance.permille(max(100, 1000 - settings.variation * 7 // 5)):
        return first
    alike = min(850, settings.style.human.repetition + 120)
    singles = [pattern for pattern in patterns if pattern.answer is None]
    weights = [
        pattern.weight
        * max(0, _WINDOW - abs(pattern.syncopation - first.syncopation))
        * max(1, 1000 - 3 * abs(repetition(pattern.struck, first.struck) - alike))
        for pattern in singles
    ]
    return singles[chance.weighted(weights)] if any(weights) else first


def _with_ghosts(settings: Settings, pattern: Pattern, order: list[int], extra: int) -> Pattern:
    """As many ghosts as players put in a bar of this style, scaled by the controls."""
    style = settings.style
    amount = style.human.ghosts * settings.ghost_notes // 500 * (500 + settings.density) // 1000
    amount = amount * settings.layout.steps // BAR // (3 if pattern.taps else 1)
    taken = pattern.accents | set(pattern.taps)
    free = [step for step in order if step not in taken]
    count = (amount + extra) // 1000
    return msgspec.structs.replace(pattern, ghosts=tuple(sorted(free[:count])))


def _ghost_order(settings: Settings, chance: Chance) -> list[int]:
    """Steps drawn without replacement, in proportion to how often players ghost them."""
    often = settings.style.ghost.often
    weights = [
        0 if source == NOWHERE else 1 + often[source] ** 2 // 100
        for source in settings.layout.struck
    ]
    order = []
    while any(weights):
        step = chance.weighted(weights)
        order.append(step)
        weights[step] = 0
    return order


def _open_hats(layout: Layout, pattern: str) -> list[int]:
    """Open hats of the pattern; the middle eighth of a compound beat stays closed."""
    return [
        step
        for step in stands_for(layout.carried, pattern, "o")
        if not (layout.beat_at(step).steps == 6 and (step - layout.beat_at(step).first) == 2)
    ]


def _hand(settings: Settings, text: str, pattern: Pattern, chance: Chance) -> tuple[int, ...]:
    """Strokes of the riding hand: the pattern at density 0.5, thinned or filled by weight.

    Steps leave and join in the order of their indispensability, so that half of the
    eighths are the beats and the first added sixteenths lead into them. Where the snare
    carries the time (train beat, second line) its taps are the pattern.
    """
    layout = settings.layout
    playable = settings.step_us >= _FASTEST_HANDS_US
    carried = stands_for(layout.carried, text, "xo") or list(pattern.taps)
    order = [step for step in layout.grid.order if playable or step % 2 == 0]
    base = [step for step in order if step in carried]
    others = [step for step in order if step not in carried]
    fewest = min(len(layout.beats), len(base) * 2 // 3)
    if settings.density <= 500:
        count = fewest * 1000 + (len(base) - fewest) * settings.density * 2
    else:
        count = len(base) * 1000 + len(others) * (settings.density - 500) * 2
    whole = (count + chance.below(1000)) // 1000
    return tuple(sorted((base + others)[:whole]))
