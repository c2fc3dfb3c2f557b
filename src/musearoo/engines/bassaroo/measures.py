"""BassaRoo's own measures of a take, and the confidence they give."""

from itertools import pairwise

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines.bassaroo.settings import Settings


def confidence_of(context: EngineContext, settings: Settings, bars: tuple[Bar, ...]) -> int:
    """The mean of three measures, in thousandths.

    Roots where chords change, leaps no wider than an octave, and notes on kicks as far as
    the bass was asked to follow.
    """
    notes = [note for bar in bars for note in bar.notes]
    if not notes:
        return 0
    indexes = {bar.index for bar in bars}
    marks = [roots_at_changes(context, notes, indexes), small_leaps(notes)]
    together = kicks_met(context, notes, indexes)
    if together is not None:
        marks.append(1000 - (1000 - together) * settings.follow // 1000)
    return sum(marks) // len(marks)


def roots_at_changes(context: EngineContext, notes: list[Note], bars: set[int]) -> int:
    """Share of chords, in thousandths, whose first note is the root or the given bass."""
    met = asked = 0
    for span in context.chords:
        if span.start // context.meter.bar_ticks not in bars:
            continue
        first = next((note for note in notes if span.start <= note.start < span.end), None)
        asked += 1
        classes = {span.chord.root, span.chord.bass_pitch_class}
        met += first is not None and first.pitch % 12 in classes
    return 1000 * met // asked if asked else 1000


def small_leaps(notes: list[Note]) -> int:
    """Share of intervals no wider than an octave, in thousandths."""
    intervals = [abs(later.pitch - earlier.pitch) for earlier, later in pairwise(notes)]
    return 1000 * sum(i <= 12 for i in intervals) // len(intervals) if intervals else 1000


def kicks_met(context: EngineContext, notes: list[Note], bars: set[int]) -> int | None:
    """Share of kicks, in thousandths, on whose step the bass plays; None without drums."""
    grid, length = grid_of(context.meter), context.meter.bar_ticks
    kicks = {
        (note.start // length, grid.step_at(note.start % length))
        for note in context.parts.get("drums", ())
        if note.voice == "kick" and note.start // length in bars
    }
    if not kicks:
        return None
    played = {(note.start // length, grid.step_at(note.start % length)) for note in notes}
    return 1000 * len(kicks & played) // len(kicks)
