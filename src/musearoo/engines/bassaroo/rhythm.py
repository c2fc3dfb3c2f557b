"""When the bass plays: a two-bar cell of lines, varied, thinned or filled, locked to the kick."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.rhythm import repetition
from musearoo.engines.bassaroo.lexicon import BAR, REST, Line
from musearoo.engines.bassaroo.settings import NAME, Settings
from musearoo.engines.feel import step_onsets
from musearoo.engines.layout import NOWHERE
from musearoo.engines.listening import strongest_accents

ROOT: Final = "R"
DEAD: Final = "g"
_SPREAD: Final = 90
_ALIKE: Final = 650
_FASTEST_US: Final = 95_000
_DEGREES: Final = "35785"

Degrees = dict[int, str]  # step to degree, in no order


class Cell(msgspec.Struct, frozen=True):
    """Two bars of degrees for the steps of the meter."""

    bars: tuple[tuple[tuple[int, str], ...], ...]
    leaning: int  # semitones by which the section's register leans up or down


def build_cell(settings: Settings, seed: int, label: str) -> Cell:
    """The lines of a section label: the same label brings the same line back."""
    chance = Chance(seed, NAME, "cell", label)
    lines = settings.manner.lines
    first = _pick(lines, settings.complexity, chance)
    second = _partner(settings, lines, first, chance)
    extra = chance.below(1000)
    bars = tuple(
        tuple(sorted(_dense(settings, _laid(settings, line), extra).items()))
        for line in (first, second)
    )
    return Cell(bars, chance.between(-1, 1))


def bar_degrees(
    context: EngineContext,
    settings: Settings,
    seed: int,
    own: tuple[tuple[int, str], ...],
    bar: int,
) -> Degrees:
    """The degrees of a bar, before chord changes and fills are put in."""
    chance = Chance(seed, NAME, bar, "rhythm")
    degrees = dict(own)
    _vary(settings, degrees, chance)
    _follow(settings, degrees, _targets(context, bar), chance)
    return degrees


def _pick(lines: tuple[Line, ...], complexity: int, chance: Chance) -> Line:
    place = len(lines) * complexity + chance.bell(len(lines) * _SPREAD)
    return lines[max(0, min(len(lines) - 1, place // 1000))]


def _partner(settings: Settings, lines: tuple[Line, ...], first: Line, chance: Chance) -> Line:
    """The second bar: often the same, else one about as alike as human bars are."""
    if chance.permille(max(150, 1000 - settings.variation * 6 // 5)):
        return first
    onsets = _onsets(first)
    weights = [
        max(1, 12 - abs(line.load - first.load))
        * max(1, 1000 - 3 * abs(repetition(_onsets(line), onsets) - _ALIKE))
        for line in lines
    ]
    return lines[chance.weighted(weights)]


def _onsets(line: Line) -> set[int]:
    return {step for step in range(BAR) if line.degrees[step] != REST}


def _laid(settings: Settings, line: Line) -> Degrees:
    return {
        step: line.degrees[source % BAR]
        for step, source in enumerate(settings.layout.struck)
        if source != NOWHERE and line.degrees[source % BAR] != REST and _is_playable(settings, step)
    }


def _is_playable(settings: Settings, step: int) -> bool:
    return settings.step_us >= _FASTEST_US or step % 2 == 0


def _dense(settings: Settings, degrees: Degrees, extra: int) -> Degrees:
    """The line at density 0.5, thinned or filled in the order of the steps' weight."""
    order = settings.layout.grid.order
    base = [step for step in order if step in degrees]
    others = [s for s in order if s not in degrees and _is_playable(settings, s)]
    room = len(others) * 3 // 5
    if settings.density <= 500:
        count = 1000 + (len(base) - 1) * settings.density * 2
    else:
        count = len(base) * 1000 + room * (settings.density - 500) * 2
    kept = (base + others)[: max(1, (count + extra) // 1000)]
    return {step: degrees.get(step, ROOT) for step in kept}


def _vary(settings: Settings, degrees: Degrees, chance: Chance) -> None:
    """Leave out, add or recolour a note now and then."""
    if chance.permille(settings.variation * 3 // 5):
        loose = sorted(set(degrees) - {0})
        if loose and chance.permille(400):
            del degrees[loose[chance.below(len(loose))]]
        elif loose and chance.permille(settings.complexity * 8 // 5):
            step = loose[chance.below(len(loose))]
            degrees[step] = _DEGREES[chance.below(len(_DEGREES))]
    if chance.permille(settings.variation * settings.complexity // 1500):
        order = [step for step in settings.layout.grid.order if step not in degrees]
        playable = [step for step in order if _is_playable(settings, step)]
        if playable:
            added = DEAD if settings.manner.dead else ROOT
            degrees[playable[chance.below(max(1, len(playable) // 2))]] = added


def _targets(context: EngineContext, bar: int) -> list[int]:
    """What there is to lock to, 0-1000 a step: the kick first, and the riff's accents."""
    accents = strongest_accents(context, bar)
    kicks = [note for note in context.parts.get("drums", ()) if note.voice == "kick"]
    if not kicks:
        return [min(1000, accent * 3 // 2) for accent in accents]
    struck = step_onsets(kicks, context.meter, bar)
    riff = accents or [0] * len(struck)
    return [1000 if hit else accent * 7 // 10 for hit, accent in zip(struck, riff, strict=True)]


def _follow(settings: Settings, degrees: Degrees, targets: list[int], chance: Chance) -> None:
    """Notes go to the targets: each step gives in at its own threshold."""
    if not any(targets) or settings.manner.walks:
        return
    for step, target in enumerate(targets):
        threshold = chance.between(150, 950)
        if step in degrees:
            if (1000 - target) * settings.follow // 1000 > threshold:
                del degrees[step]
        elif target * settings.follow // 1000 > threshold and _is_playable(settings, step):
            degrees[step] = ROOT
