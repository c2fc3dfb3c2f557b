"""From strokes to notes: which voices sound, how long, how hard, how exactly in time."""

from typing import Final

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import ChordSpan
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of
from musearoo.domain.music.voice_leading import Voicing
from musearoo.engines.feel import step_accents, swing_place, swung
from musearoo.engines.harmonyroo.comping import Hit
from musearoo.engines.harmonyroo.controls import Controls

Planned = tuple[tuple[ChordSpan, Voicing], ...]
_STRUM_US: Final = 11_000
_LOUDEST_JITTER_US: Final = 6_000


def notes_of(
    hits: tuple[Hit, ...],
    spans: Planned,
    context: EngineContext,
    controls: Controls,
    texture: str,
    seed: int,
    bar: int,
) -> tuple[Note, ...]:
    """The notes of one bar."""
    strokes = _on_chords(hits, spans, context, texture, bar)
    dice = [Chance(seed, "harmonyroo", "touch", bar, name) for name in controls.names]
    notes: list[Note] = []
    for number, (start, end, sign, voicing) in enumerate(strokes):
        for voice in _sounding(sign, texture, number, len(voicing)):
            notes.append(
                _note(start, end, sign, voicing, voice, number, context, controls, texture, dice)
            )
    return tuple(notes)


Stroke = tuple[int, int, str, Voicing]


def _on_chords(
    hits: tuple[Hit, ...], spans: Planned, context: EngineContext, texture: str, bar: int
) -> list[Stroke]:
    """Strokes in ticks on the chord that sounds; none is held into another chord."""
    grid, origin = grid_of(context.meter), bar * context.meter.bar_ticks
    if texture == "pad":
        return [(span.start, span.end, "x", voicing) for span, voicing in spans]
    strokes: list[Stroke] = []
    for hit in hits:
        start = origin + hit.step * grid.step_ticks
        end = start + hit.length * grid.step_ticks
        for span, voicing in spans:
            if span.start <= start < span.end:
                strokes.append((start, min(end, span.end), hit.sign, voicing))
            elif start < span.start < end:
                strokes.append((span.start, min(end, span.end), hit.sign, voicing))
    return strokes


def _sounding(sign: str, texture: str, number: int, voices: int) -> tuple[int, ...]:
    if texture == "arpeggio":
        turn = (*range(voices), *range(voices - 2, 0, -1))
        return (turn[number % len(turn)],)
    if sign == "b":
        return (0,)
    return tuple(range(1 if sign == "c" else 0, voices))


def _note(
    start: int, end: int, sign: str, voicing: Voicing, voice: int, number: int,
    context: EngineContext, controls: Controls, texture: str, dice: list[Chance],
) -> Note:  # fmt: skip
    place = swing_place(context, controls.swing)
    moved = swung(start, context.meter, place, controls.style)
    until = swung(end, context.meter, place, controls.style)
    length = (until - moved) // 2 if sign == "o" else until - moved - 10
    chance = dice[voice]
    loose = chance.bell(_LOUDEST_JITTER_US) * controls.humanise // 1000
    order = voice if number % 2 == 0 else len(voicing) - 1 - voice
    spread = order * _STRUM_US if texture == "strum" else 0
    return Note(
        id="",
        start=moved,
        length=max(30, length),
        pitch=voicing[voice],
        velocity=_velocity(start, sign, voice == len(voicing) - 1, context, controls, chance),
        offset_us=loose + spread,
        voice=controls.names[voice],
    )


def _velocity(
    start: int, sign: str, top: bool, context: EngineContext, controls: Controls, chance: Chance
) -> int:
    grid = grid_of(context.meter)
    bar, inside = divmod(start, context.meter.bar_ticks)
    step = grid.step_at(inside)
    accents = step_accents(context, bar)
    shape = 6 * (grid.weights[step] + 2) + (12 if sign == "X" else 0)
    shape += (accents[step] - 400) // 40 if accents else 0
    velocity = 38 + controls.intensity * 62 // 1000 + context.energy_of(bar) * 12 // 1000
    velocity += shape * controls.groove // 1000 + (4 if top else 0)
    velocity += chance.bell(4) * controls.humanise // 1000
    return max(1, min(127, velocity))
