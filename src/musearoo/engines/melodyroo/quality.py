"""How a melody measures up to human ones: the numbers behind MelodyRoo's confidence."""

from itertools import pairwise

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineParameters
from musearoo.domain.music.note import Note
from musearoo.engines.melodyroo.controls import Controls, read_controls


def confidence(context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]) -> int:
    """Mean of in-key share, range kept, leaps recovered and chord tones on strong beats."""
    notes = [note for bar in bars for note in bar.notes]
    if not notes:
        return 0
    controls = read_controls(context, parameters)
    measures = [in_key(notes, context), _in_range(notes, controls), leaps_recovered(notes)]
    if context.chords:
        measures.append(min(1000, strong_chord_tones(notes, context) * 1000 // 758))
    return sum(measures) // len(measures)


def in_key(notes: list[Note], context: EngineContext) -> int:
    """Share of notes in the key or the chord, in thousandths."""
    inside = sum(
        context.key.contains(note.pitch)
        or note.pitch % 12 in context.chord_at(note.start).pitch_classes
        for note in notes
    )
    return inside * 1000 // len(notes)


def strong_chord_tones(notes: list[Note], context: EngineContext) -> int:
    """Share of chord tones among the notes on the bar's first and middle beat."""
    meter = context.meter
    middle = meter.beats[len(meter.beats) // 2] if len(meter.beats) % 2 == 0 else 0
    strong = [note for note in notes if note.start % meter.bar_ticks in (0, middle)]
    if not strong:
        return 1000
    right = sum(n.pitch % 12 in context.chord_at(n.start).pitch_classes for n in strong)
    return right * 1000 // len(strong)


def leaps_recovered(notes: list[Note]) -> int:
    """Share of leaps of a fifth or more that turn back or stay, in thousandths."""
    moves = [later.pitch - earlier.pitch for earlier, later in pairwise(notes)]
    after = [(leap, move) for leap, move in pairwise(moves) if abs(leap) >= 7]
    if not after:
        return 1000
    return sum(move == 0 or (move > 0) != (leap > 0) for leap, move in after) * 1000 // len(after)


def _in_range(notes: list[Note], controls: Controls) -> int:
    inside = sum(controls.lowest - 2 <= note.pitch <= controls.highest + 2 for note in notes)
    return inside * 1000 // len(notes)
