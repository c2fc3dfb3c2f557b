"""How well notes fit a riff: its chords, its key and its accents. Each measure is 0 to 1."""

from collections.abc import Iterable, Sequence
from itertools import chain

from musearoo.domain.context import EngineContext
from musearoo.domain.music.note import Note


def chord_tone_ratio(notes: Sequence[Note], context: EngineContext) -> float:
    """Share of sounding time that chord tones take; 1 for silence."""
    total = fitting = 0
    for note in notes:
        chord = context.chord_at(note.start)
        total += note.length
        if note.pitch % 12 in {*chord.pitch_classes, chord.bass_pitch_class}:
            fitting += note.length
    return fitting / total if total else 1.0


def in_key_ratio(notes: Sequence[Note], context: EngineContext) -> float:
    """Share of notes in the key's scale or in the chord that sounds; 1 for silence."""
    fitting = sum(
        context.key.contains(note.pitch)
        or note.pitch % 12 in context.chord_at(note.start).pitch_classes
        for note in notes
    )
    return fitting / len(notes) if notes else 1.0


def onset_alignment(notes: Iterable[Note], context: EngineContext, *, strongest: int = 4) -> float:
    """Share of each bar's `strongest` riff accents that a note meets within half a step.

    1 where the riff has no accents.
    """
    hits = [
        any(abs(onset - place) <= tolerance for onset in onsets)
        for onsets, place, tolerance in _accents(tuple(notes), context, strongest)
    ]
    return sum(hits) / len(hits) if hits else 1.0


def _accents(
    notes: tuple[Note, ...], context: EngineContext, strongest: int
) -> Iterable[tuple[tuple[int, ...], int, int]]:
    bar_ticks = context.meter.bar_ticks
    return chain.from_iterable(
        _accents_of_bar(
            tuple(note.start for note in notes if note.start // bar_ticks == bar),
            context,
            bar,
            strongest,
        )
        for bar in range(context.bars)
    )


def _accents_of_bar(
    onsets: tuple[int, ...], context: EngineContext, bar: int, strongest: int
) -> Iterable[tuple[tuple[int, ...], int, int]]:
    accents = context.accents_of(bar)
    if not accents:
        return
    step = context.meter.bar_ticks // len(accents)
    ranked = sorted(range(len(accents)), key=lambda place: (-accents[place], place))
    for place in ranked[:strongest]:
        if accents[place] > 0:
            yield onsets, bar * context.meter.bar_ticks + place * step, step // 2
