"""Which notes of a chord sound, and where the hands lay them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.voice_leading import (
    Choice,
    Voicing,
    VoicingKind,
    smoothest,
    voicings,
)
from musearoo.engines.harmonyroo.controls import Controls

LOW: Final = 48
HIGH: Final = 84
_STYLE_KINDS: Final[dict[str, tuple[VoicingKind, ...]]] = {
    "jazz": ("rootless", "drop-2"),
    "metal": ("power",),
    "punk": ("power",),
    "latin": ("drop-2", "close"),
    "ballad": ("spread", "drop-2"),
    "soul": ("drop-2", "close"),
}
_DEFAULT_KINDS: Final[tuple[VoicingKind, ...]] = ("close", "drop-2")
_MOTION_WEIGHT: Final = 10
_PARALLEL_COST: Final = 12
_STRICT_COST: Final = 100_000


def kinds_of(controls: Controls) -> tuple[VoicingKind, ...]:
    """The layouts the hands may choose from."""
    match controls.voicing:
        case "auto":
            return _STYLE_KINDS.get(controls.style, _DEFAULT_KINDS)
        case "pads":
            return ("spread", "drop-2")
        case "close" | "drop-2" | "rootless" | "power" | "spread" as kind:
            return (kind,)
    raise AssertionError(controls.voicing)


def colours(chord: Chord, key: Key, tension: int) -> tuple[int, ...]:
    """Pitch classes to voice, root first: the chord's own, then sevenths and ninths of the key.

    Tension below 150 leaves a triad, above 600 adds the seventh, above 800 the ninth;
    a colour is added only where the key has it and it makes no minor ninth with a tone.
    """
    tones = list(dict.fromkeys(chord.pitch_classes))
    if tension < 150 and len(tones) > 3:
        tones = tones[:3]
    if len(chord.intervals) < 3 or "sus" in chord.quality:
        return tuple(tones)
    if tension >= 600 and len(tones) == 3:
        tones += _colour(chord, key, tones, (10, 11, 9))
    if tension >= 800 and len(tones) == 4:
        tones += _colour(chord, key, tones, (2, 9, 6))
    return tuple(tones)


def _colour(chord: Chord, key: Key, tones: Sequence[int], intervals: tuple[int, ...]) -> list[int]:
    for interval in intervals:
        tone = (chord.root + interval) % 12
        rubs = any((tone - other) % 12 == 1 for other in tones if other != (tone - 1) % 12)
        if tone not in tones and key.contains(tone) and not rubs:
            return [tone]
    return []


def thinned(tones: tuple[int, ...], voices: int) -> tuple[int, ...]:
    """Leave out the fifth, then the root, until the voices suffice (the bass has the root)."""
    kept = list(tones)
    for position in (2, 0):
        if len(kept) > voices and len(tones) > 3:
            kept.remove(tones[position])
    return tuple(kept)


def plan(
    spans: Sequence[ChordSpan], key: Key, controls: Controls, hand: Voicing | None, ceiling: int
) -> tuple[Voicing, ...]:
    """One voicing a span, moving as little as can be from `hand`, below `ceiling` if it can."""
    runs = [(chord, len(list(same))) for chord, same in groupby(span.chord for span in spans)]
    columns = [_choices(chord, key, controls, ceiling) for chord, _ in runs]
    path = smoothest(
        columns,
        hand,
        weight=_MOTION_WEIGHT,
        parallel_cost=_STRICT_COST if controls.strict else _PARALLEL_COST,
    )
    return tuple(
        voicing for voicing, (_, count) in zip(path, runs, strict=True) for _ in range(count)
    )


def _choices(chord: Chord, key: Key, controls: Controls, ceiling: int) -> list[Choice]:
    tones = thinned(colours(chord, key, controls.tension), controls.voices)
    centre = 54 + controls.register * 24 // 1000
    found: dict[Voicing, int] = {}
    for rank, kind in enumerate(kinds_of(controls)):
        layout: VoicingKind = kind
        if kind == "rootless" and len(tones) < 4:
            layout = "close"
        for voicing in voicings(tones, layout, controls.voices, LOW, HIGH):
            cost = 6 * rank + _cost(voicing, tones, centre, ceiling)
            found[voicing] = min(cost, found.get(voicing, cost))
    cheapest = sorted((cost, voicing) for voicing, cost in found.items())
    return [Choice(cost, voicing) for cost, voicing in cheapest[:14]]


def _cost(voicing: Voicing, tones: tuple[int, ...], centre: int, ceiling: int) -> int:
    middle = sum(voicing) // len(voicing)
    cost = 3 * abs(middle - centre) + 40 * max(0, voicing[-1] - ceiling)
    cost += 8 * len({*tones} - {pitch % 12 for pitch in voicing})
    low = [pitch for pitch in voicing if pitch < 55]
    for lower, upper in zip(low, voicing[1:], strict=False):
        if upper - lower < 4:
            cost += 25  # thirds and seconds growl below G3
    if voicing[-1] - voicing[-2] == 1:
        cost += 15
    return cost
