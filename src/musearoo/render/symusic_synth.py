"""Adapter to symusic 0.5.8, the second synthesizer.

What it covers, measured and read in prestosynth's source: an empty score
raises; velocity does not change loudness (so notes are played in bands of
velocity and scaled); a drum is cut off with its key (so drums are held until
they have rung out or the hi-hat closes); generators for root keys, filters and
exclusive classes are ignored (our copy of the font has the root keys in the
sample headers too). Crash and ride die at once, which nothing here can mend. It
holds the interpreter's lock while it plays.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec
import numpy as np
from symusic import core

from musearoo.render.programs import Preset
from musearoo.render.sf3 import FONT
from musearoo.render.synth import SAMPLE_RATE, Samples, Sides, TimedNote

_TICKS_PER_QUARTER: Final = 960  # asked for by the constructor; times are in seconds
_BEST_QUALITY: Final = 0
_BAND: Final = 8  # velocities
_UNITY_VELOCITY: Final = 90
_RING_SECONDS: Final = 6.0
_HATS: Final = (42, 44, 46)
_LEVELS_DB: Final = {
    (0, 0): -1.6, (0, 4): -0.8, (0, 11): -1.1, (0, 16): 4.9, (0, 24): 2.7, (0, 27): -4.1,
    (0, 29): -7.2, (0, 32): 2.7, (0, 33): 3.1, (0, 36): 6.7, (0, 38): -7.6, (0, 48): -3.8,
    (0, 56): 3.9, (0, 61): 4.7, (0, 65): -0.5, (0, 73): -2.8, (0, 80): -10.9, (0, 81): -4.0,
    (0, 89): 0.2, (128, 0): 5.7, (128, 25): 4.9, (128, 40): 5.8,
}  # fmt: skip


class SymusicSynth:
    """Plays through symusic's own SoundFont player."""

    def __init__(self) -> None:
        self._player = core.Synthesizer(str(FONT), SAMPLE_RATE, _BEST_QUALITY)

    def load(self, preset: Preset) -> None:
        self._band(preset, [TimedNote(0.0, 0.01, pitch, 90) for pitch in range(28, 96, 2)])

    def add(
        self, mix: Samples, preset: Preset, notes: Sequence[TimedNote], sides: Sides = (1.0, 1.0)
    ) -> None:
        level = 10 ** (_LEVELS_DB[preset.bank, preset.program] / 20)
        balance = np.array([[sides[0]], [sides[1]]], np.float32)
        bands: dict[int, list[TimedNote]] = {}
        for note in _ringing(notes) if preset.is_kit else notes:
            bands.setdefault(note.velocity // _BAND, []).append(note)
        for band in sorted(bands):
            gain = level * ((band + 0.5) * _BAND / _UNITY_VELOCITY) ** 2
            played = self._band(preset, bands[band])[:, : mix.shape[1]]
            mix[:, : played.shape[1]] += balance * np.float32(gain) * played

    def _band(self, preset: Preset, notes: Sequence[TimedNote]) -> Samples:
        score = core.ScoreSecond(_TICKS_PER_QUARTER)
        track = core.TrackSecond("", preset.program, preset.is_kit)
        for note in notes:
            track.notes.append(core.NoteSecond(note.start, note.length, note.pitch, note.velocity))
        score.tracks.append(track)
        return np.asarray(self._player.render(score, True), np.float32)


def _ringing(notes: Sequence[TimedNote]) -> list[TimedNote]:
    """Drum notes as long as they ring; the hi-hats choke each other."""
    held, next_hat = [], float("inf")
    for note in reversed(notes):
        length = _RING_SECONDS
        if note.pitch in _HATS:
            length = min(length, next_hat - note.start) or length
            next_hat = note.start
        held.append(msgspec.structs.replace(note, length=length))
    return held[::-1]


@cache
def symusic_synth() -> SymusicSynth:
    """One player a process: it keeps the decoded samples."""
    return SymusicSynth()
