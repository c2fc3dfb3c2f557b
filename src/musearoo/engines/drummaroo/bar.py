"""One bar: the cell, varied, following the riff, with a fill or a crash where they belong."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.engines.drummaroo.cell import Cell
from musearoo.engines.drummaroo.complexity import foot_is_free
from musearoo.engines.drummaroo.fills import fill_steps, fill_strokes
from musearoo.engines.drummaroo.settings import NAME, Settings
from musearoo.engines.drummaroo.stroke import Force, Stroke
from musearoo.engines.drummaroo.vocabulary import Pattern
from musearoo.engines.feel import step_onsets
from musearoo.engines.layout import NOWHERE
from musearoo.engines.listening import strongest_accents

_BRIGHT: Final = 640
_LOUD: Final = 850
_SOFT: Final = 220
_BASS_WEIGHT: Final = 900


class Place(msgspec.Struct, frozen=True):
    """Where a bar lies in the form, and how loud it is (thousandths)."""

    bar: int
    bar_of_section: int
    level: int
    section_level: int


def bar_strokes(
    context: EngineContext, settings: Settings, seed: int, cell: Cell, place: Place
) -> list[Stroke]:
    """Every stroke of a bar, before hands and feet are counted."""
    filled = fill_steps(context, settings, seed, place.bar)
    until = settings.layout.steps - filled
    own = cell.bars[place.bar_of_section % 2]
    strokes = _kicks(context, settings, seed, own, place)
    strokes += _snares(settings, seed, own, place)
    strokes += _hand(settings, seed, cell, place)
    strokes = [stroke for stroke in strokes if stroke.step < until]
    strokes += [Stroke(step=step, piece="pedal hat") for step in cell.feet]
    if filled:
        strokes += fill_strokes(settings, seed, place.bar, filled)
    if _crashes(context, settings, seed, place):
        strokes += [
            Stroke(step=0, piece="crash", force="accent"),
            Stroke(step=0, piece="kick", force="accent"),
        ]
    return strokes


def _kicks(
    context: EngineContext, settings: Settings, seed: int, own: Pattern, place: Place
) -> list[Stroke]:
    chance = Chance(seed, NAME, place.bar, "kick")
    kicks = set(own.kicks)
    _vary_kicks(settings, kicks, own, chance)
    _follow(settings, kicks, own, _accents(context, settings, place.bar), chance)
    force: Force = "soft" if own.soft_kicks else "plain"
    return [
        Stroke(step=step, piece="kick", force="accent" if step == 0 and force == "plain" else force)
        for step in sorted(kicks)
    ]


def _vary_kicks(settings: Settings, kicks: set[int], own: Pattern, chance: Chance) -> None:
    """Leave out or add a kick away from the strong steps, as often as asked."""
    for _ in range(2):
        if not chance.permille(settings.variation * 7 // 10):
            continue
        loose = _loose_kicks(settings, kicks)
        if loose and chance.permille(450):
            kicks.discard(loose[chance.below(len(loose))])
            continue
        weights = [_welcome(settings, step, kicks, own) for step in range(settings.layout.steps)]
        if any(weights):
            kicks.add(chance.weighted(weights))


def _loose_kicks(settings: Settings, kicks: set[int]) -> list[int]:
    """Kicks that may go: not the downbeat, nor in plain music any beat."""
    layout = settings.layout
    keeps_beats = settings.style.steady or settings.complexity < 400
    fixed = {beat.first for beat in layout.beats} if keeps_beats else {0}
    return sorted(kicks - fixed)


def _welcome(settings: Settings, step: int, kicks: set[int], own: Pattern) -> int:
    """Weight of a kick added on a step: by how often players do, off-beats if complex."""
    layout = settings.layout
    source = layout.struck[step]
    if source == NOWHERE or step in kicks or step in own.accents:
        return 0
    if not foot_is_free(settings, step, kicks):
        return 0
    weak = step not in {beat.first for beat in layout.beats}
    return (settings.style.kick.often[source] + 10) * (settings.complexity if weak else 500)


def _accents(context: EngineContext, settings: Settings, bar: int) -> list[int]:
    """What there is to follow, 0-1000 for each step: the riff's accents and the bass."""
    riff = strongest_accents(context, bar) or [0] * settings.layout.steps
    bass = step_onsets(context.parts.get("bass", ()), context.meter, bar)
    return [max(a, _BASS_WEIGHT if b else 0) for a, b in zip(riff, bass, strict=True)]


def _follow(
    settings: Settings, kicks: set[int], own: Pattern, accents: list[int], chance: Chance
) -> None:
    """Move the kick towards the accents: each step has its own threshold to give in."""
    if not any(accents):
        return
    beats = {beat.first for beat in settings.layout.beats}
    fixed = beats if settings.style.steady else {0}
    for step, accent in enumerate(accents):
        threshold = chance.between(250, 900)
        gives_in = abs(accent - 1000 * (step in kicks)) * settings.follow // 1000 > threshold
        if not gives_in:
            continue
        if step in kicks:
            kicks -= {step} - fixed
        elif step not in own.accents and foot_is_free(settings, step, kicks):
            kicks.add(step)


def _snares(settings: Settings, seed: int, own: Pattern, place: Place) -> list[Stroke]:
    chance = Chance(seed, NAME, place.bar, "snare")
    quiet = settings.style.light and place.section_level < _SOFT
    strokes = [
        Stroke(step=step, piece="rimshot" if kind == "r" or quiet else "snare", force="accent")
        for step, kind in own.snares
    ]
    strokes += [Stroke(step=step, piece="snare", force="tap") for step in own.taps]
    struck = own.accents | set(own.taps)
    ghosts = [step for step in own.ghosts if not chance.permille(settings.variation // 4)]
    if own.ghosts and chance.permille(settings.variation * 2 // 3):
        free = [
            step
            for step, source in enumerate(settings.layout.struck)
            if source != NOWHERE and step not in struck and step not in ghosts
        ]
        weights = [settings.style.ghost.often[settings.layout.struck[step]] for step in free]
        if free:
            ghosts.append(free[chance.weighted(weights)])
    return strokes + [Stroke(step=step, piece="snare", force="ghost") for step in ghosts]


def _hand(settings: Settings, seed: int, cell: Cell, place: Place) -> list[Stroke]:
    chance = Chance(seed, NAME, place.bar, "hand")
    taps = bool(cell.bars[0].taps) and "x" not in "".join(settings.style.hand[:1])
    piece = hand_piece(settings, place.section_level)
    strokes = []
    for step in cell.hand:
        if taps:
            strokes.append(Stroke(step=step, piece="snare", force="tap"))
            continue
        own = "open hat" if step in cell.open_hats and piece == "closed hat" else piece
        strokes.append(Stroke(step=step, piece=own, force="plain"))
    if not taps and piece == "closed hat" and strokes:
        strokes = _opened(settings, strokes, chance)
    return strokes


def _opened(settings: Settings, strokes: list[Stroke], chance: Chance) -> list[Stroke]:
    """Now and then the last off-beat of the bar opens."""
    if chance.permille(settings.variation // 4):
        last = strokes[-1]
        if last.step not in {beat.first for beat in settings.layout.beats}:
            return [*strokes[:-1], msgspec.structs.replace(last, piece="open hat")]
    return strokes


def hand_piece(settings: Settings, level: int) -> str:
    """What the riding hand plays: hat, then brighter, then louder as the music grows."""
    fixed = {"closed": "closed hat", "open": "open hat", "ride": "ride"}.get(settings.hats)
    if fixed:
        return fixed
    if level >= _LOUD:
        return settings.style.loud
    return settings.style.bright if level >= _BRIGHT else settings.style.carried


def _crashes(context: EngineContext, settings: Settings, seed: int, place: Place) -> bool:
    """A crash answers a fill, and opens sections when the music is loud enough."""
    after_fill = place.bar > 0 and fill_steps(context, settings, seed, place.bar - 1) > 0
    if after_fill:
        return place.level > _SOFT
    opening = place.bar_of_section == 0
    chance = Chance(seed, NAME, place.bar, "crash")
    return opening and chance.permille(max(0, place.level - _SOFT) * 3 // 2)
