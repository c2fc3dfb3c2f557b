"""Which notes of a chord sound, and where the hands lay them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.voice_leading import (
    Choice,
    Layout,
    Voicing,
    smoothest,
    voicings,
)
from musearoo.engines.harmonyroo.controls import NAME, Controls

LOW: Final = 48
HIGH: Final = 84
_MOTION_WEIGHT: Final = 10
_PARALLEL_COST: Final = 12
_STRICT_COST: Final = 100_000
_CHOICES: Final = 14
_STRICT_CHOICES: Final = 24
_MUD: Final = 55  # below G3 thirds and seconds growl
_NINTHS: Final = (2, 9, 6)
_SEVENTHS: Final = {"maj": (11, 9), "min": (10, 9), "dim": (9, 10), "aug": (10, 11)}


class Laid(msgspec.Struct, frozen=True):
    """A chord as it lies under the hands."""

    span: ChordSpan
    voicing: Voicing


def lay_out(
    spans: Sequence[ChordSpan],
    ceilings: Sequence[int],
    key: Key,
    controls: Controls,
    hand: Voicing | None,
    seed: int,
) -> tuple[Laid, ...]:
    """One voicing a span, moving as little as can be from `hand`, under the ceilings."""
    columns = []
    before: Chord | None = None
    for span, ceiling in zip(spans, ceilings, strict=True):
        chance = Chance(seed, NAME, "voicing", span.start)
        again = span.chord == before
        columns.append(_choices(span.chord, key, controls, ceiling, chance, again=again))
        before = span.chord
    path = smoothest(
        columns,
        hand,
        weight=_MOTION_WEIGHT,
        parallel_cost=_STRICT_COST if controls.strict else _PARALLEL_COST,
    )
    return tuple(Laid(span, voicing) for span, voicing in zip(spans, path, strict=True))


def colours(chord: Chord, key: Key, tension: int, wish: int = 500) -> tuple[int, ...]:
    """Pitch classes to voice, root first: the chord's own and what tension adds from the key.

    `wish` (0-1000) spreads the thresholds: low tension strips a seventh, more adds the
    seventh, much the ninth or thirteenth; a colour that rubs against a tone is left out.
    """
    tones = list(dict.fromkeys(chord.pitch_classes))
    if tension < wish // 4 and len(tones) > 3:
        tones = tones[:3]
    if len(chord.intervals) < 3 or "sus" in chord.quality:
        return tuple(tones)
    if tension > 300 + wish // 2 and len(tones) == 3:
        tones += _colour(chord, key, tones, _SEVENTHS.get(chord.quality, (10,)))
    if tension > 600 + wish * 3 // 10 and len(tones) == 4:
        tones += _colour(chord, key, tones, _NINTHS)
    return tuple(tones)


def _colour(chord: Chord, key: Key, tones: Sequence[int], intervals: tuple[int, ...]) -> list[int]:
    """The first of the intervals that lies in the key and no semitone above a chord tone."""
    for interval in intervals:
        tone = (chord.root + interval) % 12
        if tone not in tones and key.contains(tone) and (tone - 1) % 12 not in tones:
            return [tone]
    return []


def thinned(tones: tuple[int, ...], voices: int) -> tuple[int, ...]:
    """Leave out the fifth, then the root, until the voices suffice (the bass has the root)."""
    kept = list(tones)
    for position in (2, 0):
        if len(kept) > voices and len(tones) > 3:
            kept.remove(tones[position])
    return tuple(kept)


def with_thirteenth(tones: tuple[int, ...], chord: Chord, key: Key) -> tuple[int, ...]:
    """Bill Evans's left hand takes a dominant's thirteenth for its fifth, where the key has it."""
    thirteenth = (chord.root + 9) % 12
    if chord.quality == "7" and len(tones) > 4 and key.contains(thirteenth):
        return (*tones[:2], thirteenth, *tones[3:])
    return tones


def layouts_of(controls: Controls) -> tuple[Layout, ...]:
    """The layouts the hands may choose from, the preferred first; strict hands need them all."""
    layouts: tuple[Layout, ...]
    match controls.voicing:
        case "close" | "drop-2" | "rootless" | "power" | "spread" as kind:
            layouts = (kind,)
        case "pads":
            layouts = ("spread", "drop-2")
        case _:
            layouts = controls.sheet.layouts
    if controls.strict:
        layouts = tuple(dict.fromkeys((*layouts, "close", "drop-2", "spread")))
    return layouts


def _choices(
    chord: Chord, key: Key, controls: Controls, ceiling: int, chance: Chance, *, again: bool
) -> list[Choice]:
    """The cheapest voicings of a chord; now and then a repeated chord is laid out anew."""
    tension = controls.tension + controls.sheet.tension
    wish = 500 if again else Chance(chord.root, chord.quality).below(1000)
    tones = colours(chord, key, tension, wish)
    centre = 54 + controls.register * 24 // 1000 + controls.sheet.centre
    loose = controls.variation // 12
    found: dict[Voicing, int] = {}
    for rank, kind in enumerate(layouts_of(controls)):
        rootless = kind == "rootless" and len(tones) > 3
        kept = with_thirteenth(tones, chord, key) if rootless else thinned(tones, controls.voices)
        layout: Layout = "close" if kind == "rootless" and not rootless else kind
        for voicing in voicings(kept, layout, controls.voices, LOW, HIGH):
            cost = 6 * rank + _cost(voicing, kept[1:] if rootless else kept, centre, ceiling)
            found[voicing] = min(cost, found.get(voicing, cost))
    most = _STRICT_CHOICES if controls.strict else _CHOICES
    cheapest = sorted((cost, voicing) for voicing, cost in found.items())[:most]
    return [Choice(cost + chance.below(loose + 1), voicing) for cost, voicing in cheapest]


def _cost(voicing: Voicing, tones: tuple[int, ...], centre: int, ceiling: int) -> int:
    middle = sum(voicing) // len(voicing)
    cost = 3 * abs(middle - centre) + 40 * max(0, voicing[-1] - ceiling)
    cost += 8 * len({*tones} - {pitch % 12 for pitch in voicing})
    if voicing[-1] - voicing[-2] == 1:
        cost += 15
    for lower, upper in pairwise(voicing):
        if lower < _MUD and upper - lower < 4:
            cost += 25
    return cost
