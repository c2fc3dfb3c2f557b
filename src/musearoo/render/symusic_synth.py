"""Adapter to symusic 0.5.8: fast, and it holds the interpreter's lock while it plays.

Traps it covers: an empty score raises, a program the font lacks is silent
(`programs` never asks for one), the answer is not C-contiguous.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from symusic import core

from musearoo.render.programs import Preset
from musearoo.render.synth import SAMPLE_RATE, Samples, TimedNote

FONT: Final = Path(__file__).parent / "soundfont" / "musearoo_gm_subset.sf3"
_TICKS_PER_QUARTER: Final = 960  # asked for by the constructor; times are in seconds
_BEST_QUALITY: Final = 0


class SymusicSynth:
    """Plays through symusic's own SoundFont player."""

    def __init__(self, font: Path = FONT) -> None:
        self._player = core.Synthesizer(str(font), SAMPLE_RATE, _BEST_QUALITY)

    def play(self, preset: Preset, notes: Sequence[TimedNote]) -> Samples:
        if not notes:
            return np.zeros((2, 0), np.float32)
        score = core.ScoreSecond(_TICKS_PER_QUARTER)
        track = core.TrackSecond("", preset.program, preset.is_kit)
        for note in notes:
            track.notes.append(core.NoteSecond(note.start, note.length, note.pitch, note.velocity))
        score.tracks.append(track)
        return np.ascontiguousarray(self._player.render(score, True), np.float32)


@cache
def symusic_synth() -> SymusicSynth:
    """One player a process: it keeps the decoded samples."""
    return SymusicSynth()
