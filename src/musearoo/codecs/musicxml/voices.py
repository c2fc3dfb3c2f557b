"""Quantised notes to voices: what sounds together becomes chords, what overlaps two voices."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from musearoo.codecs.musicxml.quantise import Written
from musearoo.codecs.musicxml.values import Event
from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH

_SHORT_OVERLAP: Final = TICKS_PER_SIXTEENTH
_EIGHTH: Final = 2 * TICKS_PER_SIXTEENTH


def voices(notes: Iterable[Written]) -> tuple[list[Event], list[Event]]:
    """An upper voice and, where one does not suffice, a lower one; no voice overlaps itself."""
    upper: list[Event] = []
    lower: list[Event] = []
    for event in _chords(notes):
        _place(event, upper, lower)
    for voice in (upper, lower):
        _close_small_gaps(voice)
    return upper, lower


def _chords(notes: Iterable[Written]) -> list[Event]:
    by_start: dict[int, dict[int, int]] = {}
    for note in notes:
        ends = by_start.setdefault(note.start, {})
        ends[note.pitch] = max(note.end, ends.get(note.pitch, 0))
    starts = sorted(by_start)
    _end_at_repetition(starts, by_start)
    events = []
    for start in starts:
        events += _chords_at(start, by_start[start])
    return events


def _end_at_repetition(starts: list[int], by_start: dict[int, dict[int, int]]) -> None:
    """A key struck again ends what it still held."""
    latest: dict[int, int] = {}
    for start in starts:
        for pitch in by_start[start]:
            before = latest.get(pitch)
            if before is not None and by_start[before][pitch] > start:
                by_start[before][pitch] = start
            latest[pitch] = start


def _chords_at(start: int, ends: dict[int, int]) -> list[Event]:
    """At most two chords at one start: those that end early and those that are held."""
    by_end: dict[int, list[int]] = {}
    for pitch, end in ends.items():
        by_end.setdefault(end, []).append(pitch)
    lengths = sorted(by_end)
    if lengths[-1] - lengths[0] <= _SHORT_OVERLAP:
        return [Event(start, lengths[-1], tuple(sorted(ends)))]
    widest = max(range(1, len(lengths)), key=lambda index: lengths[index] - lengths[index - 1])
    early = [pitch for end in lengths[:widest] for pitch in by_end[end]]
    held = [pitch for end in lengths[widest:] for pitch in by_end[end]]
    events = [
        Event(start, lengths[widest - 1], tuple(sorted(early))),
        Event(start, lengths[-1], tuple(sorted(held))),
    ]
    return sorted(events, key=lambda event: -event.height)


def _place(event: Event, upper: list[Event], lower: list[Event]) -> None:
    above, below = _sounding(upper, event.start), _sounding(lower, event.start)
    if above is None:
        upper.append(event)
    elif above.start < event.start and above.end - event.start <= _SHORT_OVERLAP:
        above.end = event.start
        upper.append(event)
    elif below is None:
        lower_is_free = not lower or lower[-1].end <= above.start
        if event.height > above.height and lower_is_free:
            lower.append(upper.pop())
            upper.append(event)
        else:
            lower.append(event)
    else:
        _squeeze(event, above, below, upper, lower)


def _squeeze(
    event: Event, above: Event, below: Event, upper: list[Event], lower: list[Event]
) -> None:
    """Both voices sound: end the older note, or of two the one that lies nearer."""
    older = [sounding for sounding in (above, below) if sounding.start < event.start]
    ended = min(older, key=lambda sounding: abs(sounding.height - event.height))
    ended.end = event.start
    (upper if ended is above else lower).append(event)


def _sounding(voice: list[Event], start: int) -> Event | None:
    return voice[-1] if voice and voice[-1].end > start else None


def _close_small_gaps(voice: list[Event]) -> None:
    """Write a note to the next one, or to the end of its eighth, over a little silence."""
    for event, following in zip_longest(voice, voice[1:]):
        limit = following.start if following else event.end + _EIGHTH
        eighth = -(-event.end // _EIGHTH) * _EIGHTH
        goal = eighth if event.start % _EIGHTH == 0 and eighth <= limit else limit
        for end in (limit, goal):
            if 0 < end - event.end <= min(TICKS_PER_SIXTEENTH, event.end - event.start):
                event.end = end
