"""Notes of a clip as idempotent windows: remove, add and read back in one bundle.

A window that Live reads back as it was sent is written, whatever was lost on the way; any other
answer, or none, is mended by sending the same window again. Live keeps no state for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from musearoo.codecs.osc import Argument, Double, Message
from musearoo.live.link import LiveNote, Place, float32

MAXIMUM_NOTES: Final = 50
"""Notes in a window: with their reading they fit one Ethernet frame, unless many need doubles."""
NEAR: Final = 0.002
"""Starts closer than this, in quarter notes, share a window: float32 could not part them."""
EXACT: Final = 1e-4
"""Times that Live reads back may differ by so many quarter notes (50 µs at 120 bpm)."""
ALL_PITCHES: Final = (0, 128)
"""AbletonOSC's own default leaves out pitch 127."""
BEGINNING: Final = -8192.0
END: Final = 8192.0
_FIELDS: Final = 5


class Window(msgspec.Struct, frozen=True):
    """The notes that begin from `begin` until before `end`, in quarter notes."""

    begin: float
    end: float
    notes: tuple[LiveNote, ...]

    def messages(self, place: Place) -> tuple[Message, ...]:
        """What writes the window and asks for it, to be sent as one bundle."""
        at = (place.track, place.slot)
        reach: tuple[Argument, ...] = (*ALL_PITCHES, self.begin, self.end - self.begin)
        remove = Message("/live/clip/remove/notes", (*at, *reach))
        read = Message("/live/clip/get/notes", (*at, *reach))
        if not self.notes:
            return remove, read
        values = tuple(value for note in self.notes for value in _arguments(note))
        return remove, Message("/live/clip/add/notes", (*at, *values)), read

    def is_read_as(self, answer: Sequence[Argument]) -> bool:
        """Whether `get/notes` answered this window (its arguments behind track and slot)."""
        if len(answer) != _FIELDS * len(self.notes):
            return False
        heard = sorted(_heard(answer))
        wanted = sorted((n.pitch, n.start, n.length, n.velocity, n.mute) for n in self.notes)
        return len(heard) == len(wanted) and all(map(_alike, heard, wanted))


def windows(notes: Iterable[LiveNote]) -> tuple[Window, ...]:
    """The windows of a clip from the beginning to the end of time, so that all else goes.

    Their edges lie between notes, where float32 cannot move one across.
    """
    groups = list(_groups(sorted(notes, key=lambda note: (note.start, note.pitch))))
    if not groups:
        return (Window(BEGINNING, END, ()),)
    edges = [BEGINNING]
    for one, other in pairwise(groups):
        edges.append(float32((one[-1].start + other[0].start) / 2))
    edges.append(END)
    return tuple(
        Window(begin, end, tuple(group))
        for (begin, end), group in zip(pairwise(edges), groups, strict=True)
    )


def _groups(notes: Sequence[LiveNote]) -> Iterator[list[LiveNote]]:
    """At most `MAXIMUM_NOTES` together, but never parting notes that begin together."""
    group: list[LiveNote] = []
    for chord in _chords(notes):
        if group and len(group) + len(chord) > MAXIMUM_NOTES:
            yield group
            group = []
        group += chord
    if group:
        yield group


def _chords(notes: Sequence[LiveNote]) -> Iterator[list[LiveNote]]:
    chord: list[LiveNote] = []
    for note in notes:
        if chord and note.start - chord[-1].start > NEAR:
            yield chord
            chord = []
        chord.append(note)
    if chord:
        yield chord


def _arguments(note: LiveNote) -> tuple[Argument, ...]:
    return (note.pitch, _number(note.start), _number(note.length), note.velocity, note.mute)


def _number(value: float) -> float:
    """In 64 bits where 32 would change it: Live keeps what it gets."""
    return value if float32(value) == value else Double(value)


def _heard(answer: Sequence[Argument]) -> Iterator[tuple[int, float, float, float, bool]]:
    for index in range(0, len(answer), _FIELDS):
        pitch, start, length, velocity, mute = answer[index : index + _FIELDS]
        if not isinstance(pitch, int | float) or not isinstance(mute, int | float):
            return
        numbers = [start, length, velocity]
        if any(not isinstance(each, int | float) for each in numbers):
            return
        yield int(pitch), float(start), float(length), float(velocity), bool(mute)  # type: ignore[arg-type]


def _alike(
    one: tuple[int, float, float, float, bool], other: tuple[int, float, float, float, bool]
) -> bool:
    return (
        one[0] == other[0]
        and abs(one[1] - other[1]) <= EXACT
        and abs(one[2] - other[2]) <= EXACT
        and abs(one[3] - other[3]) <= EXACT
        and one[4] == other[4]
    )
