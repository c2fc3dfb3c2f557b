"""Strokes on chords: what each one strikes, from which tick to which."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.rhythm import grid_of
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.music.voice_leading import Voicing
from musearoo.engines.harmonyroo.comping import Hit
from musearoo.engines.harmonyroo.controls import NAME, Controls
from musearoo.engines.harmonyroo.passing import Stroke, with_passing_notes
from musearoo.engines.harmonyroo.voicing import LOW, Laid

_PUSH_TICKS: Final = TICKS_PER_QUARTER // 2


def strokes_of(
    hits: Sequence[Hit],
    following: Sequence[Hit],
    laid: Sequence[Laid],
    context: EngineContext,
    controls: Controls,
    seed: int,
    bar: int,
) -> list[Stroke]:
    """The strokes of a bar. `laid` runs from its first chord to the one after its last."""
    start, end = bar * context.meter.bar_ticks, (bar + 1) * context.meter.bar_ticks
    inside = [each for each in laid if start <= each.span.start < end]
    known = [*inside, *[each for each in laid if each.span.start == end]]
    if controls.texture == "pad":
        return with_passing_notes(_held(inside, context, controls), known, context, controls, seed)
    strokes = _struck(hits, inside, context, start, strict=controls.strict)
    strokes = _pushed(strokes, known, controls, seed)
    strokes = _tied_over(strokes, following, context, end)
    if controls.texture == "arpeggio":
        return _broken(strokes, inside)
    return with_passing_notes(strokes, known, context, controls, seed)


def _whole(voicing: Voicing) -> tuple[tuple[int, int], ...]:
    return tuple(enumerate(voicing))


def _held(inside: Sequence[Laid], context: EngineContext, controls: Controls) -> list[Stroke]:
    """Pads: one stroke a chord, and above half density more on the strongest beats."""
    bar_ticks, beats = context.meter.bar_ticks, context.meter.beats
    more = (controls.density - 500) * len(beats) // 500
    grid = grid_of(context.meter)
    strongest = sorted(beats, key=lambda beat: grid.order.index(beat // grid.step_ticks))
    struck = set(strongest[: max(0, more)])
    strokes: list[Stroke] = []
    for each in inside:
        origin = each.span.start - each.span.start % bar_ticks
        again = [
            origin + beat for beat in struck if each.span.start < origin + beat < each.span.end
        ]
        edges = [each.span.start, *sorted(again), each.span.end]
        strokes += [Stroke(a, b, "x", _whole(each.voicing)) for a, b in pairwise(edges)]
    return strokes


def _struck(
    hits: Sequence[Hit],
    inside: Sequence[Laid],
    context: EngineContext,
    origin: int,
    *,
    strict: bool,
) -> list[Stroke]:
    """Each hit on the chord that sounds; one held over a change is struck again there."""
    ticks = grid_of(context.meter).step_ticks
    strokes: list[Stroke] = []
    roots = 0
    for hit in hits:
        start = origin + hit.step * ticks
        end = start + hit.length * ticks
        for each in inside:
            first = max(start, each.span.start)
            if first < min(end, each.span.end):
                tones = _tones(hit.sign, each, roots, strict=strict)
                strokes.append(Stroke(first, min(end, each.span.end), hit.sign, tones))
        roots += hit.sign == "b"
    return strokes


def _tones(sign: str, each: Laid, roots: int, *, strict: bool) -> tuple[tuple[int, int], ...]:
    tones = _whole(each.voicing)
    if sign == "b":
        return tones[:1] if strict else ((0, _ground(each.span.chord, each.voicing, roots)),)
    return tones[1:] if sign == "c" else tones


def _ground(chord: Chord, voicing: Voicing, count: int) -> int:
    """Root and fifth in turn under the chord, as a left hand or thumb plays them."""
    fifth = next((tone for tone in (7, 6, 8) if tone in chord.intervals), 0)
    tone = (chord.root + fifth) % 12 if count % 2 else chord.bass_pitch_class
    top = voicing[1] - 3
    pitch = top - (top - tone) % 12
    return pitch if pitch >= LOW else voicing[0]


def _pushed(
    strokes: list[Stroke], laid: Sequence[Laid], controls: Controls, seed: int
) -> list[Stroke]:
    """A stroke on the last off-beat before a change already takes the next chord."""
    found: list[Stroke] = []
    chance = Chance(seed, NAME, "push", strokes[0].start if strokes else 0)
    willing = controls.sheet.push * (500 + controls.complexity) // 1000
    for stroke in strokes:
        ahead = next(
            (each for each in laid if 0 < each.span.start - stroke.start <= _PUSH_TICKS), None
        )
        if ahead and stroke.sign in "Xxo" and chance.permille(willing):
            found.append(msgspec.structs.replace(stroke, tones=_whole(ahead.voicing)))
        else:
            found.append(stroke)
    return found


def _tied_over(
    strokes: list[Stroke], following: Sequence[Hit], context: EngineContext, end: int
) -> list[Stroke]:
    """The last stroke, if it reaches the bar line on an off-beat, is held over it."""
    if not strokes or not following:
        return strokes
    last = strokes[-1]
    first = following[0].step * grid_of(context.meter).step_ticks
    if last.end == end and last.sign in "Xx" and end - last.start <= _PUSH_TICKS and first:
        until = end + min(first, TICKS_PER_QUARTER)
        return [*strokes[:-1], msgspec.structs.replace(last, end=until)]
    return strokes


def _broken(strokes: list[Stroke], inside: Sequence[Laid]) -> list[Stroke]:
    """One voice at a time, up and down again, each ringing until its chord ends."""
    ends = {each.voicing: each.span.end for each in inside}
    found: list[Stroke] = []
    place, before = 0, None
    for stroke in strokes:
        voicing = tuple(pitch for _, pitch in stroke.tones)
        if voicing != before:
            place, before = 0, voicing
        turn = (*range(len(voicing)), *range(len(voicing) - 2, 0, -1))
        voice, pitch = stroke.tones[turn[place % len(turn)]]
        place += 1
        end = max(stroke.end, ends.get(voicing, stroke.end))
        found.append(Stroke(stroke.start, end, stroke.sign, ((voice, pitch),)))
    return _damped(found)


def _damped(strokes: list[Stroke]) -> list[Stroke]:
    """A voice stops ringing where it is struck again."""
    again: dict[int, int] = {}
    found: list[Stroke] = []
    for stroke in reversed(strokes):
        voice = stroke.tones[0][0]
        end = min(stroke.end, again.get(voice, stroke.end))
        again[voice] = stroke.start
        found.append(msgspec.structs.replace(stroke, end=end))
    return found[::-1]
