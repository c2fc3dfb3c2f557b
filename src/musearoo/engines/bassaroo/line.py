"""One bar of bass: degrees at steps become pitches, and chords get their roots."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import ChordSpan
from musearoo.engines.bassaroo.pitches import (
    OCTAVE,
    approach_pitch,
    degree_pitch,
    in_range,
    root_of,
    scale_of,
    scale_step,
)
from musearoo.engines.bassaroo.rhythm import ROOT, Cell, Degrees, bar_degrees
from musearoo.engines.bassaroo.settings import LOWEST, NAME, Settings
from musearoo.engines.bassaroo.walking import walk

_APPROACH: Final = "a"
_PHRASE: Final = 4


class Tone(msgspec.Struct, frozen=True, kw_only=True):
    """A note of the line: tick in the bar, degree, pitch; `weight` is an accent 0-1000."""

    tick: int
    degree: str
    pitch: int


def bar_tones(
    context: EngineContext, settings: Settings, seed: int, cell: Cell, place: tuple[int, int]
) -> list[Tone]:
    """The line of a bar; `place` is the bar and its number within the section."""
    bar, bar_of_section = place
    degrees = bar_degrees(context, settings, seed, cell.bars[bar_of_section % 2], bar)
    anchor = settings.anchor + cell.leaning
    changes = _changes(context, bar)
    chance = Chance(seed, NAME, bar, "pitch")
    if settings.manner.walks:
        ticks = _walked_ticks(settings, changes, chance)
        tones = _walked(context, settings, ticks, anchor, bar, chance)
    else:
        tones = _pitched(context, settings, _ticks(settings, degrees, changes), anchor, bar, chance)
    tones = _with_fill(context, settings, seed, tones, anchor, bar)
    return _connected(tones, root_of(context.chord_at(bar_end(context, bar)), anchor))


def _connected(tones: list[Tone], following: int) -> list[Tone]:
    """No leap wider than an octave on the way to the root that follows."""
    connected: list[Tone] = []
    for tone in reversed(tones):
        pitch = _close(tone.pitch, following)
        pitch = pitch if pitch >= LOWEST else tone.pitch
        connected.append(msgspec.structs.replace(tone, pitch=pitch))
        following = pitch
    return connected[::-1]


def _changes(context: EngineContext, bar: int) -> dict[int, ChordSpan]:
    """Ticks of the bar at which a new chord begins; bar starts only if the chord is new."""
    start = bar * context.meter.bar_ticks
    found = {}
    for span in context.chords_in_bar(bar):
        before = context.chord_at(span.start - 1) if span.start else None
        if before != span.chord:
            found[span.start - start] = span
    return found


def _ticks(
    settings: Settings, degrees: Degrees, changes: dict[int, ChordSpan]
) -> list[tuple[int, str]]:
    """Every change of chord gets its root; what stood within half a step gives way."""
    step = settings.layout.grid.step_ticks
    placed = {
        index * step: degree
        for index, degree in degrees.items()
        if not any(0 < abs(index * step - change) < step for change in changes)
    }
    placed.update(dict.fromkeys(changes, ROOT))
    return sorted(placed.items())


def _pitched(
    context: EngineContext,
    settings: Settings,
    ticks: list[tuple[int, str]],
    anchor: int,
    bar: int,
    chance: Chance,
) -> list[Tone]:
    start = bar * context.meter.bar_ticks
    tones: list[Tone] = []
    for index, (tick, degree) in enumerate(ticks):
        chord = context.chord_at(start + tick)
        before = tones[-1].pitch if tones else root_of(chord, anchor)
        if degree == _APPROACH:
            last = index + 1 == len(ticks)
            following = bar_end(context, bar) if last else start + ticks[index + 1][0]
            pitch = _led(context, settings, (start + tick, following), anchor, before, chance)
        else:
            pitch = degree_pitch(degree, chord, context.key, anchor)
        tones.append(Tone(tick=tick, degree=degree, pitch=_close(pitch, before)))
    return tones


def bar_end(context: EngineContext, bar: int) -> int:
    """The first tick after a bar, or the first of all after the last."""
    end = (bar + 1) * context.meter.bar_ticks
    return end if end < context.length else 0


def _led(
    context: EngineContext,
    settings: Settings,
    ticks: tuple[int, int],
    anchor: int,
    before: int,
    chance: Chance,
) -> int:
    """A note on the way to the chord that follows; the fifth while the chord stays."""
    own, following = context.chord_at(ticks[0]), context.chord_at(ticks[1])
    if own == following or settings.approach is None:
        return degree_pitch("5", own, context.key, anchor)
    target = root_of(following, anchor)
    scale = scale_of(own, context.key)
    return approach_pitch(target, before, settings.approach, scale, chance)


def _close(pitch: int, before: int) -> int:
    """Within an octave of the note before, where the range allows."""
    if pitch - before > OCTAVE:
        return pitch - OCTAVE
    return in_range(pitch + OCTAVE) if before - pitch > OCTAVE else pitch


def _walked_ticks(settings: Settings, changes: dict[int, ChordSpan], chance: Chance) -> list[int]:
    """A note a beat and one for each chord; skipped off-beats as density and complexity ask."""
    step = settings.layout.grid.step_ticks
    beats = [beat.first * step for beat in settings.layout.beats]
    if settings.density < 500:
        kept = len(beats) * (500 + settings.density) // 1000
        order = [s * step for s in settings.layout.grid.order if s * step in beats]
        beats = order[: max(1, kept + chance.permille(500))]
    ticks = set(beats) | set(changes)
    skips = max(0, settings.density - 400) * 2 // 3 + settings.complexity // 8
    for beat in settings.layout.beats:
        off = (beat.first + beat.steps // 2) * step if beat.steps % 4 == 0 else None
        if beat.steps == 6:
            off = (beat.first + 4) * step
        if off is not None and chance.permille(skips * settings.variation // 700):
            ticks.add(off)
    return sorted(ticks)


def _walked(
    context: EngineContext,
    settings: Settings,
    ticks: list[int],
    anchor: int,
    bar: int,
    chance: Chance,
) -> list[Tone]:
    """Walk chord by chord; each stretch sets out from its root and leads to the next."""
    start, end = bar * context.meter.bar_ticks, bar_end(context, bar)
    tones: list[Tone] = []
    index = 0
    while index < len(ticks):
        chord = context.chord_at(start + ticks[index])
        stop = index
        while stop < len(ticks) and context.chord_at(start + ticks[stop]) == chord:
            stop += 1
        ahead = start + ticks[stop] if stop < len(ticks) else end
        target = root_of(context.chord_at(ahead), anchor)
        first = _setting_out(
            context, chord_start=start + ticks[index], anchor=anchor, chance=chance
        )
        line = walk(
            settings, chord, scale_of(chord, context.key), first, target, stop - index, chance
        )
        for tick, pitch in zip(ticks[index:stop], line, strict=True):
            tones.append(Tone(tick=tick, degree="w", pitch=pitch))
        index = stop
    return tones


def _setting_out(context: EngineContext, *, chord_start: int, anchor: int, chance: Chance) -> int:
    """The root; where the chord goes on from the bar before, sometimes its third or fifth."""
    chord = context.chord_at(chord_start)
    goes_on = chord_start > 0 and context.chord_at(chord_start - 1) == chord
    if goes_on and chance.permille(500):
        return degree_pitch("35"[chance.below(2)], chord, context.key, anchor)
    return root_of(chord, anchor)


def _with_fill(
    context: EngineContext, settings: Settings, seed: int, tones: list[Tone], anchor: int, bar: int
) -> list[Tone]:
    """A run through the scale into the next section, over the last beat or two."""
    chance = Chance(seed, NAME, bar, "fill")
    at_seam = context.is_last_of_section(bar)
    likely = settings.fills if at_seam else settings.fills // 3 if bar % _PHRASE == 3 else 0
    if not chance.permille(likely):
        return tones
    beats = settings.layout.beats
    count = min(len(beats) - 1, 1 + chance.permille(settings.fills))
    if count < 1:
        return tones
    step = settings.layout.grid.step_ticks
    stride = 2 if settings.step_us * 2 >= 110_000 else 4
    first = beats[len(beats) - count].first
    ticks = [s * step for s in range(first, settings.layout.steps, stride)]
    changed = [tick for tick in _changes(context, bar) if tick >= first * step]
    if changed:
        ticks = [tick for tick in ticks if tick > max(changed)]
    if not ticks:
        return tones
    start = bar * context.meter.bar_ticks
    chord = context.chord_at(start + ticks[0])
    target = root_of(context.chord_at(bar_end(context, bar)), anchor)
    kept = [tone for tone in tones if tone.tick < ticks[0]]
    side = -1 if chance.permille(500) and target - 7 >= LOWEST else 1
    run = _run(target, side, len(ticks), scale_of(chord, context.key))
    return kept + [
        Tone(tick=tick, degree="f", pitch=pitch) for tick, pitch in zip(ticks, run, strict=True)
    ]


def _run(target: int, side: int, count: int, scale: tuple[int, ...]) -> list[int]:
    """Scale steps that end next to the target, from below (-1) or above (1)."""
    pitches, pitch = [], target
    for _ in range(count):
        pitch = scale_step(pitch, side, scale)
        pitches.append(in_range(pitch))
    return pitches[::-1]
