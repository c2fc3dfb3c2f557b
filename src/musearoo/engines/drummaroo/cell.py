"""Two-bar cells: what a drummer settles on for a section before varying it.

A cell is a pair of grooves of the style, alike enough for human repetition, laid over the
meter, made plainer or busier by the complexity control, with its ghost notes chosen by
how often players place them.
"""

from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import repetition
from musearoo.engines.drummaroo.lexicon import BAR, Groove
from musearoo.engines.drummaroo.settings import NAME, Settings
from musearoo.engines.layout import NOWHERE, Layout

_SPREAD: Final = 60  # thousandths of the vocabulary around the complexity asked for
_LOAD_WINDOW: Final = 26
_EXTRA_KICKS: Final = 3
_FASTEST_FOOT_US: Final = 105_000
_STROKES: Final = "Xr"


class CellBar(msgspec.Struct, frozen=True):
    """One bar of a cell: steps of the kick, of snare strokes with their kind, of ghosts."""

    kicks: tuple[int, ...]
    soft_kicks: bool
    snares: tuple[tuple[int, str], ...]
    taps: tuple[int, ...]
    ghosts: tuple[int, ...]

    @property
    def accents(self) -> frozenset[int]:
        """Steps of the snare's full strokes."""
        return frozenset(step for step, _ in self.snares)


class Cell(msgspec.Struct, frozen=True):
    """Two bars, and where the riding hand strikes."""

    bars: tuple[CellBar, CellBar]
    hand: tuple[int, ...]
    open_hats: frozenset[int]
    feet: tuple[int, ...]


def build_cell(settings: Settings, seed: int, label: str) -> Cell:
    """The cell of a section label: the same label brings the same groove back."""
    chance = Chance(seed, NAME, "cell", label, "groove")
    first = _pick(settings.style.grooves, settings.complexity, chance)
    second = first.answer or _partner(settings, first, chance)
    extra = chance.below(1000)
    bars = tuple(
        _laid(settings, groove, Chance(seed, NAME, "cell", label, index, "kick"), extra)
        for index, groove in enumerate((first, second))
    )
    bars = _with_ghosts(settings, bars, Chance(seed, NAME, "cell", label, "ghosts"))
    hand = Chance(seed, NAME, "cell", label, "hand")
    pattern = settings.style.hand[hand.weighted((6, 3, 2)[: len(settings.style.hand)])]
    return Cell(
        (bars[0], bars[1]),
        _hand(settings, pattern, bars[0], hand),
        frozenset(_open_hats(settings.layout, pattern)),
        tuple(_at(settings.layout.carried, settings.style.foot, "p")),
    )


def _pick(grooves: tuple[Groove, ...], complexity: int, chance: Chance) -> Groove:
    """A groove near the complexity asked for, counted along the weighed vocabulary."""
    total = sum(groove.weight for groove in grooves)
    place = total * complexity // 1000 + chance.bell(total * _SPREAD // 1000 + 1)
    for groove in grooves:
        place -= groove.weight
        if place < 0:
            return groove
    return grooves[-1]


def _partner(settings: Settings, first: Groove, chance: Chance) -> Groove:
    """The second bar: often the same, else a groove about as alike as human bars are."""
    if chance.permille(max(100, 1000 - settings.variation * 7 // 5)):
        return first
    alike = min(850, settings.style.human.repetition + 120)
    singles = [groove for groove in settings.style.grooves if groove.answer is None]
    weights = [
        groove.weight
        * max(0, _LOAD_WINDOW - abs(groove.load - first.load))
        * max(1, 1000 - 3 * abs(repetition(groove.struck, first.struck) - alike))
        for groove in singles
    ]
    return singles[chance.weighted(weights)] if any(weights) else first


def _at(sources: tuple[int, ...], text: str, kinds: str) -> list[int]:
    return [
        step
        for step, source in enumerate(sources)
        if source != NOWHERE and text[source % BAR] in kinds
    ]


def _laid(settings: Settings, groove: Groove, chance: Chance, extra: int) -> CellBar:
    layout = settings.layout
    snares = tuple(
        (step, groove.snare[layout.struck[step]])
        for step in _at(layout.struck, groove.snare, _STROKES)
    )
    kicks = _at(layout.struck, groove.kick, "xf")
    taken = {step for step, _ in snares}
    kicks = _plainer(settings, kicks, extra) if settings.complexity < 500 else kicks
    kicks = _busier(settings, kicks, taken, chance, extra) if settings.complexity > 500 else kicks
    taps = _at(layout.struck, groove.snare, "t")
    return CellBar(tuple(kicks), "f" in groove.kick, snares, tuple(taps), ())


def _plainer(settings: Settings, kicks: list[int], extra: int) -> list[int]:
    """Leave out weak kicks first, never the first, nor the beats of a steady style."""
    rank = {step: place for place, step in enumerate(settings.layout.grid.order)}
    beats = {beat.first for beat in settings.layout.beats}
    loose = [step for step in kicks[1:] if not (settings.style.steady and step in beats)]
    leave = ((500 - settings.complexity) * _EXTRA_KICKS * 2 + extra) // 1000
    dropped = set(sorted(loose, key=lambda step: -rank[step])[:leave])
    return [step for step in kicks if step not in dropped]


def _busier(
    settings: Settings, kicks: list[int], taken: set[int], chance: Chance, extra: int
) -> list[int]:
    """Add kicks where players of the style put them, off the beat rather than on it."""
    scale = settings.layout.steps * 1000 // BAR
    add = ((settings.complexity - 500) * _EXTRA_KICKS * 2 * scale // 1000 + extra) // 1000
    kicks = list(kicks)
    for _ in range(add):
        weights = [
            _syncopating(settings, step, set(kicks), taken) for step in range(settings.layout.steps)
        ]
        if not any(weights):
            break
        kicks.append(chance.weighted(weights))
    return sorted(kicks)


def _syncopating(settings: Settings, step: int, kicks: set[int], taken: set[int]) -> int:
    layout = settings.layout
    source = layout.struck[step]
    if source == NOWHERE or step in kicks or step in taken:
        return 0
    if not foot_is_free(settings, step, kicks):
        return 0
    off_beat = -layout.grid.weights[step]
    ties = 3 if (step + 1) % layout.steps not in kicks | taken else 1
    return (settings.style.kick.often[source] + 20) * off_beat * off_beat * ties


def foot_is_free(settings: Settings, step: int, kicks: set[int]) -> bool:
    """Whether one foot can add this stroke: at most two in a row, and not too fast."""
    if settings.style.feet > 1:
        return settings.step_us * 2 >= _FASTEST_FOOT_US
    before, after = step - 1 in kicks, step + 1 in kicks
    if not before and not after:
        return True
    crowded = (before and step - 2 in kicks) or (after and step + 2 in kicks) or (before and after)
    return not crowded and settings.step_us >= _FASTEST_FOOT_US


def _with_ghosts(
    settings: Settings, bars: tuple[CellBar, ...], chance: Chance
) -> tuple[CellBar, ...]:
    """As many ghosts as players put in a bar of this style, scaled by the controls."""
    layout, style = settings.layout, settings.style
    amount = style.human.ghosts * settings.ghost_notes // 500 * (500 + settings.density) // 1000
    amount = amount * layout.steps // BAR
    if bars[0].taps:
        amount //= 3
    order = _ghost_order(settings, chance)
    count = (amount + chance.below(1000)) // 1000
    return tuple(
        msgspec.structs.replace(bar, ghosts=tuple(sorted(_free(order, bar)[:count])))
        for bar in bars
    )


def _ghost_order(settings: Settings, chance: Chance) -> list[int]:
    """Steps drawn without replacement, in proportion to how often players ghost them."""
    weights = [
        0 if source == NOWHERE else settings.style.ghost.often[source] ** 2
        for source in settings.layout.struck
    ]
    order = []
    while any(weights):
        step = chance.weighted([weight // 100 + (weight > 0) for weight in weights])
        order.append(step)
        weights[step] = 0
    return order


def _free(order: list[int], bar: CellBar) -> list[int]:
    taken = bar.accents | set(bar.taps)
    return [step for step in order if step not in taken]


def _open_hats(layout: Layout, pattern: str) -> list[int]:
    """Open hats of the pattern; the middle eighth of a compound beat stays closed."""
    return [
        step
        for step in _at(layout.carried, pattern, "o")
        if not (layout.beat_at(step).steps == 6 and (step - layout.beat_at(step).first) == 2)
    ]


def _hand(settings: Settings, pattern: str, bar: CellBar, chance: Chance) -> tuple[int, ...]:
    """Strokes of the riding hand: the pattern at density 0.5, thinned or filled by weight.

    Steps leave and join in the order of their indispensability, so that half of the
    eighths are the beats and the first added sixteenths lead into them. Where the snare
    carries the time (train beat, second line) its taps are the pattern.
    """
    layout = settings.layout
    carried = _at(layout.carried, pattern, "xo") or list(bar.taps)
    carried = [step for step in carried if _hand_can(settings, step)]
    order = list(layout.grid.order)
    base = [step for step in order if step in carried]
    others = [step for step in order if step not in carried and _hand_can(settings, step)]
    fewest = min(len(layout.beats), len(base) * 2 // 3)
    if settings.density <= 500:
        count = fewest * 1000 + (len(base) - fewest) * settings.density * 2
    else:
        count = len(base) * 1000 + len(others) * (settings.density - 500) * 2
    whole = (count + chance.below(1000)) // 1000
    return tuple(sorted((base + others)[:whole]))


def _hand_can(settings: Settings, step: int) -> bool:
    return settings.step_us >= 70_000 or step % 2 == 0
