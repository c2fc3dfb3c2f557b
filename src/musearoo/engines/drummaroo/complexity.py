"""The complexity control: how syncopated and how busy kick and snare should be.

Half way up the control stands for about the syncopation of human bars of the style; its
bottom for none, its top for four more of Longuet-Higgins & Lee's points to a 4/4 bar.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import syncopation
from musearoo.engines.drummaroo.lexicon import BAR
from musearoo.engines.drummaroo.settings import Settings
from musearoo.engines.drummaroo.vocabulary import Pattern
from musearoo.engines.layout import NOWHERE

_HUMAN_SHARE: Final = 950
_MOST_ADDED: Final = 4000
_WIDTH: Final = 2600
_BUSY_WIDTH: Final = 5000
_EXTRA_KICKS: Final = 3
_MOST_EDITS: Final = 6
_DISPLACED: Final = 550
_FASTEST_FOOT_US: Final = 105_000
_Edit = tuple[int, int]  # steps a stroke leaves and comes to; NOWHERE for neither


def wanted_syncopation(settings: Settings) -> int:
    """Thousandths of Longuet-Higgins & Lee's points a bar."""
    human = settings.style.human.syncopation * _HUMAN_SHARE // 1000
    if settings.complexity <= 500:
        wanted = human * settings.complexity // 500
    else:
        wanted = human + _MOST_ADDED * (settings.complexity - 500) // 500
    return wanted * settings.layout.steps // BAR


def pick(settings: Settings, patterns: tuple[Pattern, ...], chance: Chance) -> Pattern:
    """A pattern about as syncopated and as busy as asked for."""
    wanted = wanted_syncopation(settings)
    counts = [len(pattern.struck) for pattern in patterns]
    busy = min(counts) * 1000 + (max(counts) - min(counts)) * settings.complexity
    weights = [
        pattern.weight
        * _near(1000 * pattern.syncopation - wanted, _WIDTH)
        * _near(1000 * count - busy, _BUSY_WIDTH)
        for pattern, count in zip(patterns, counts, strict=True)
    ]
    return patterns[chance.weighted(weights)]


def shaped(settings: Settings, pattern: Pattern, goal: int, chance: Chance) -> Pattern:
    """The pattern brought to `goal` points of syncopation, and made as busy as asked for.

    Around the middle of the control patterns near the goal are left as they are.
    """
    kicks, snares = set(pattern.kicks), dict(pattern.snares)
    _fill_up(settings, kicks, snares, chance)
    too_plain, too_busy = _tolerances(settings.complexity)
    for _ in range(_MOST_EDITS):
        now = _points(settings, kicks, snares)
        if now < goal - too_plain:
            changed = _pull(settings, kicks, snares, goal, chance)
        else:
            changed = now > goal + too_busy and _settle(settings, kicks, snares)
        if not changed:
            break
    return msgspec.structs.replace(
        pattern, kicks=tuple(sorted(kicks)), snares=tuple(sorted(snares.items()))
    )


def foot_is_free(settings: Settings, step: int, kicks: set[int]) -> bool:
    """Whether the foot can add this stroke: at most two in a row, and not too fast."""
    if settings.style.feet > 1:
        return settings.step_us * 2 >= _FASTEST_FOOT_US
    before, after = step - 1 in kicks, step + 1 in kicks
    if not before and not after:
        return True
    crowded = (before and step - 2 in kicks) or (after and step + 2 in kicks) or (before and after)
    return not crowded and settings.step_us >= _FASTEST_FOOT_US


def _tolerances(complexity: int) -> tuple[int, int]:
    """How far below and above its goal a pattern may stay: the middle leaves it alone."""
    if complexity <= 500:
        return 1000, max(0, 2 - (500 - complexity) // 120)
    return max(0, 2 - (complexity - 500) // 80), 1000


def _near(distance: int, width: int) -> int:
    return 1 + max(0, width - abs(distance)) // 20


def _points(settings: Settings, kicks: set[int], snares: dict[int, str]) -> int:
    return syncopation(kicks | snares.keys(), settings.layout.grid.weights)


def _pull(
    settings: Settings, kicks: set[int], snares: dict[int, str], goal: int, chance: Chance
) -> bool:
    """Add an off-beat kick, or bring a stroke forward to before its beat."""
    now = _points(settings, kicks, snares)
    edits, weights = [], []
    for weight, (leaving, coming) in _pulls(settings, kicks, snares):
        moved, hit = set(kicks), dict(snares)
        _apply(moved, hit, (leaving, coming))
        gain = _points(settings, moved, hit) - now
        if 0 < gain <= goal - now + 1:
            edits.append((leaving, coming))
            weights.append(weight * gain)
    if not edits:
        return False
    _apply(kicks, snares, edits[chance.weighted(weights)])
    return True


def _pulls(
    settings: Settings, kicks: set[int], snares: dict[int, str]
) -> Iterator[tuple[int, _Edit]]:
    layout = settings.layout
    free = [step for step in range(1, layout.steps) if step not in kicks and step not in snares]
    for step in free:
        source = layout.struck[step]
        if foot_is_free(settings, step, kicks):
            yield (
                20 + (settings.style.kick.often[source] if source != NOWHERE else 0),
                (NOWHERE, step),
            )
    if settings.style.steady or settings.complexity <= _DISPLACED:
        return
    beats = {beat.first for beat in layout.beats} - {0}
    for step in sorted(beats & (kicks | snares.keys())):
        for earlier in (step - 2, step - 1):
            if earlier in free:
                yield (60 if step in kicks else 25), (step, earlier)


def _apply(kicks: set[int], snares: dict[int, str], edit: _Edit) -> None:
    leaving, coming = edit
    if leaving in snares:
        snares[coming] = snares.pop(leaving)
        return
    kicks.discard(leaving)
    kicks.add(coming)


def _settle(settings: Settings, kicks: set[int], snares: dict[int, str]) -> bool:
    """Leave out the kick, or put one on the beat, that settles the bar most."""
    layout = settings.layout
    now = _points(settings, kicks, snares)
    beats = {beat.first for beat in layout.beats}
    options = [kicks - {step} for step in sorted(kicks - {0}) if step not in beats]
    options += [kicks | {step} for step in sorted(beats - kicks - snares.keys())]
    best = min(options, key=lambda option: _points(settings, option, snares), default=kicks)
    if _points(settings, best, snares) >= now:
        return False
    kicks.clear()
    kicks.update(best)
    return True


def _fill_up(settings: Settings, kicks: set[int], snares: dict[int, str], chance: Chance) -> None:
    """More kicks above one half, fewer below, none of which changes the syncopation much."""
    layout = settings.layout
    scale = abs(settings.complexity - 500) * _EXTRA_KICKS * 2 * layout.steps // BAR
    count = (scale + chance.below(1000)) // 1000
    now = _points(settings, kicks, snares)
    if settings.complexity < 500:
        _thin(settings, kicks, snares, count)
        return
    for _ in range(count):
        weights = []
        for step, source in enumerate(layout.struck):
            taken = step in kicks or step in snares or not foot_is_free(settings, step, kicks)
            often = 0 if taken or source == NOWHERE else settings.style.kick.often[source] + 10
            steady = often and _points(settings, kicks | {step}, snares) >= now
            weights.append(often * 3 if steady else often // 3)
        if not any(weights):
            return
        kicks.add(chance.weighted(weights))


def _thin(settings: Settings, kicks: set[int], snares: dict[int, str], count: int) -> None:
    """Leave out the weakest kicks as long as the bar gets no more syncopated."""
    beats = {beat.first for beat in settings.layout.beats} if settings.style.steady else set()
    now = _points(settings, kicks, snares)
    for step in reversed(settings.layout.grid.order):
        if count and step and step in kicks and step not in beats:
            after = _points(settings, kicks - {step}, snares)
            if after <= now:
                kicks.discard(step)
                now, count = after, count - 1
