"""How well the chords lie: the measures behind HarmonyRoo's confidence."""

from collections import defaultdict
from itertools import pairwise
from typing import Final

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar
from musearoo.domain.music.note import Note
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.music.voice_leading import Voicing, motion
from musearoo.engines.harmonyroo.voicing import HIGH, LOW

_RESTLESS: Final = 1500  # thousandths of a semitone a voice and change
_IN_KEY: Final = 900


def confidence(context: EngineContext, bars: tuple[Bar, ...]) -> int:
    """Mean of right notes and range kept, less restless voices, in thousandths."""
    notes = [note for bar in bars for note in bar.notes]
    if not notes:
        return 0
    right = sum(_rightness(note, context) for note in notes) // len(notes)
    inside = sum(LOW <= note.pitch <= HIGH for note in notes) * 1000 // len(notes)
    chords = sounding_chords(bars)
    moves = [
        motion(earlier, later) * 1000 // len(later)
        for earlier, later in pairwise(chords)
        if earlier != later and len(earlier) == len(later)
    ]
    restless = max(0, sum(moves) // len(moves) - _RESTLESS) if moves else 0
    return max(0, (right + inside) // 2 - restless // 8)


def _rightness(note: Note, context: EngineContext) -> int:
    """Whole for a tone of the chord (or the one it leads into), most for one of the key."""
    for tick in (note.start, min(note.end, note.start + TICKS_PER_QUARTER)):
        if context.chords and note.pitch % 12 in context.chord_at(tick).pitch_classes:
            return 1000
    return _IN_KEY if context.key.contains(note.pitch) else 0


def sounding_chords(bars: tuple[Bar, ...]) -> list[Voicing]:
    """Pitches struck together, in playing order."""
    struck: dict[int, set[int]] = defaultdict(set)
    for bar in bars:
        for note in bar.notes:
            struck[note.start].add(note.pitch)
    return [tuple(sorted(struck[start])) for start in sorted(struck)]
