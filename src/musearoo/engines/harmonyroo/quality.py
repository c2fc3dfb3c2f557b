"""How well the chords lie: the measures behind HarmonyRoo's confidence."""

from collections import defaultdict
from itertools import pairwise

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar
from musearoo.domain.music.voice_leading import Voicing, motion
from musearoo.engines.harmonyroo.voicing import HIGH, LOW


def confidence(context: EngineContext, bars: tuple[Bar, ...]) -> int:
    """Chord tones, range and quiet voices, in thousandths."""
    notes = [note for bar in bars for note in bar.notes]
    if not notes:
        return 0
    right = sum(n.pitch % 12 in context.chord_at(n.start).pitch_classes for n in notes)
    inside = sum(LOW <= n.pitch <= HIGH for n in notes)
    chords = sounding_chords(bars)
    moves = [motion(a, b) * 1000 // len(b) for a, b in pairwise(chords) if a != b]
    restless = max(0, sum(moves) // len(moves) - 1500) if moves else 0
    share = right * 1000 // len(notes) if context.chords else 900
    return max(0, min(1000, (share + inside * 1000 // len(notes)) // 2 - restless // 4))


def sounding_chords(bars: tuple[Bar, ...]) -> list[Voicing]:
    """Pitches struck together, in playing order."""
    struck: dict[int, set[int]] = defaultdict(set)
    for bar in bars:
        for note in bar.notes:
            struck[note.start].add(note.pitch)
    return [tuple(sorted(struck[start])) for start in sorted(struck)]
