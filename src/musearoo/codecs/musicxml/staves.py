"""A part laid out on its staves: one or two for pitches, one with two voices for drums."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.codecs.musicxml.clefs import BASS, PERCUSSION, TREBLE, Clef, clef_for
from musearoo.codecs.musicxml.leaves import Splitter
from musearoo.codecs.musicxml.meters import cells
from musearoo.codecs.musicxml.percussion import stroke_of
from musearoo.codecs.musicxml.quantise import Quantised, Swing, Written, quantise
from musearoo.codecs.musicxml.values import Event
from musearoo.codecs.musicxml.voices import voices
from musearoo.domain.music.meter import Meter
from musearoo.domain.song import SongPart

_KEYBOARDS: Final = (*range(24), 46)
_MIDDLE_C: Final = 60
_HAND_SPAN: Final = 14  # semitones


class Voice(msgspec.Struct):
    """One line of events without overlaps, and whether its rests are left out."""

    number: int
    events: list[Event]
    hidden_rests: bool = False

    def by_bar(self, bar_ticks: int) -> dict[int, list[Event]]:
        """The events that touch each bar."""
        found: dict[int, list[Event]] = {}
        for event in self.events:
            for bar in range(event.start // bar_ticks, (event.end - 1) // bar_ticks + 1):
                found.setdefault(bar, []).append(event)
        return found


class Staff(msgspec.Struct):
    """One staff: its clef and one or two voices, the upper first."""

    number: int
    clef: Clef
    voices: list[Voice]


class Layout(msgspec.Struct):
    """A part ready to be written."""

    staves: list[Staff]
    splitter: Splitter
    bars: int


def laid_out(part: SongPart, meter: Meter, swing: Swing | None) -> Layout:
    """Quantise a part and give its notes staves and voices."""
    quantised = quantise(part.notes, meter, swing)
    staves = (
        [_drums(quantised, meter)] if part.program is None else _pitched(quantised, part.program)
    )
    events = (event for staff in staves for voice in staff.voices for event in voice.events)
    last = max((event.end for event in events), default=0)
    return Layout(staves, Splitter(meter, quantised.triplets), -(-last // meter.bar_ticks))


def _pitched(quantised: Quantised, program: int) -> list[Staff]:
    notes = quantised.notes
    if not _needs_two_staves(notes, program):
        clef = clef_for((note.pitch for note in notes), program)
        return [_staff(1, clef, notes)]
    right, left = _hands(notes)
    return [_staff(1, TREBLE, right), _staff(2, BASS, left)]


def _hands(notes: tuple[Written, ...]) -> tuple[list[Written], list[Written]]:
    """Right and left hand: what begins together stays together unless no hand can span it."""
    by_start: dict[int, list[Written]] = {}
    for note in notes:
        by_start.setdefault(note.start, []).append(note)
    right: list[Written] = []
    left: list[Written] = []
    for chord in by_start.values():
        chord.sort(key=lambda note: note.pitch)
        split = _split_point([note.pitch for note in chord])
        left += [note for note in chord if note.pitch < split]
        right += [note for note in chord if note.pitch >= split]
    return right, left


def _split_point(pitches: list[int]) -> int:
    """The lowest pitch for the right hand."""
    if pitches[-1] - pitches[0] <= _HAND_SPAN:
        return 0 if sum(pitches) / len(pitches) >= _MIDDLE_C - 1 else 128
    gaps = [(above - below, above) for below, above in pairwise(pitches)]
    return max(gaps, key=lambda gap: (gap[0], -abs(gap[1] - _MIDDLE_C)))[1]


def _needs_two_staves(notes: tuple[Written, ...], program: int) -> bool:
    if program not in _KEYBOARDS or not notes:
        return False
    low = sum(note.pitch < 55 for note in notes)
    high = sum(note.pitch > 65 for note in notes)
    return min(low, high) >= 0.05 * len(notes)


def _staff(number: int, clef: Clef, notes: Iterable[Written]) -> Staff:
    upper, lower = voices(notes)
    first = 4 * (number - 1) + 1
    found = [Voice(first, upper)]
    if lower:
        found.append(Voice(first + 1, lower, hidden_rests=True))
    return Staff(number, clef, found)


def _drums(quantised: Quantised, meter: Meter) -> Staff:
    hands = [note for note in quantised.notes if not stroke_of(note.pitch).foot]
    feet = [note for note in quantised.notes if stroke_of(note.pitch).foot]
    found = [Voice(1, _strokes(hands, meter))]
    if feet:
        found.append(Voice(2, _strokes(feet, meter)))
    return Staff(1, PERCUSSION, found)


def _strokes(notes: list[Written], meter: Meter) -> list[Event]:
    """Drums do not sustain: each stroke is written up to the next one or the end of its beat."""
    pitches: dict[int, set[int]] = {}
    for note in notes:
        pitches.setdefault(note.start, set()).add(note.pitch)
    starts = sorted(pitches)
    edges = [cell.start for cell in cells(meter)] + [meter.bar_ticks]
    events = []
    for start, following in zip(starts, [*starts[1:], 1 << 60], strict=False):
        bar, inside = divmod(start, meter.bar_ticks)
        beat_end = bar * meter.bar_ticks + edges[bisect_right(edges, inside)]
        events.append(Event(start, min(following, beat_end), tuple(sorted(pitches[start]))))
    return events
