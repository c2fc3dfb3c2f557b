"""Our own sampler in NumPy over the bundled sound font.

Notes share tones: a tone is one sample at one pitch with its envelope and
filter, made once and kept, so that a note costs two multiplications of its
length. A played-out phrase renders some hundred times faster than it sounds.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from math import inf
from typing import Final

import numpy as np

from musearoo.render import sf3
from musearoo.render.programs import Preset
from musearoo.render.sf3 import SoundFont
from musearoo.render.synth import SAMPLE_RATE, Samples, Sides, TimedNote
from musearoo.render.tone import Mono, Tone, Voicing, fading, tone, voicing

LONGEST_NOTE: Final = 60.0  # seconds
KEPT_BYTES: Final = 96 * 1024 * 1024
_CHOKE: Final = fading(0.03)
_LEAST_FRAMES: Final = 1 << 15
_LEVELS_DB: Final = {
    (0, 0): 5.7, (0, 4): -1.8, (0, 11): 0.2, (0, 16): 1.5, (0, 24): 0.5, (0, 27): -2.2,
    (0, 29): 0.8, (0, 32): -2.7, (0, 33): -2.5, (0, 36): 1.1, (0, 38): -0.9, (0, 48): 1.8,
    (0, 56): -2.4, (0, 61): -1.1, (0, 65): -2.9, (0, 73): -1.5, (0, 80): -3.7, (0, 81): -3.2,
    (0, 89): 6.0, (128, 0): 0.2, (128, 25): -1.5, (128, 40): -0.8,
}  # fmt: skip


class Sampler:
    """Plays presets of a sound font; keeps up to `KEPT_BYTES` of finished tones."""

    def __init__(self, font: SoundFont) -> None:
        self._font = font
        self._voicings: dict[tuple[int, int, int, int], tuple[Voicing, ...]] = {}
        self._tones: OrderedDict[tuple[int, int, int, int], Tone] = OrderedDict()
        self._bytes = 0

    def load(self, preset: Preset) -> None:
        for zone in self._font.zones(preset.bank, preset.program):
            self._font.audio(zone.sample)

    def add(
        self, mix: Samples, preset: Preset, notes: Sequence[TimedNote], sides: Sides = (1.0, 1.0)
    ) -> None:
        level = 10 ** (_LEVELS_DB.get((preset.bank, preset.program), 0.0) / 20)
        balance = np.array([[sides[0]], [sides[1]]], np.float32) * np.float32(level)
        voiced = [self._voiced(preset, note) for note in notes]
        for note, voices, stop in zip(notes, voiced, _choked(notes, voiced), strict=True):
            gate = max(1, round(min(note.length, stop, LONGEST_NOTE) * SAMPLE_RATE))
            place = mix[:, round(note.start * SAMPLE_RATE) :]
            for voice in voices:
                made = self._tone(voice, gate)
                fade = _cut(made.release, round(stop * SAMPLE_RATE) - gate if stop < inf else None)
                _add(place, gate, made.held, fade, balance * np.float32(voice.gain))

    def _voiced(self, preset: Preset, note: TimedNote) -> tuple[Voicing, ...]:
        """The zones a note sounds."""
        asked = (preset.bank, preset.program, note.pitch, note.velocity)
        known = self._voicings.get(asked)
        if known is None:
            zones = self._font.zones(preset.bank, preset.program)
            known = self._voicings[asked] = tuple(
                voicing(zone, note.pitch, note.velocity)
                for zone in zones
                if zone.plays(note.pitch, note.velocity)
            )
        return known

    def _tone(self, voice: Voicing, gate: int) -> Tone:
        known = self._tones.get(voice.identity)
        if known is not None:
            self._tones.move_to_end(voice.identity)
            if known.whole or known.held.shape[1] >= gate + len(known.release):
                return known
            self._bytes -= known.held.nbytes
        frames = _LEAST_FRAMES
        made = tone(self._font, voice, frames)
        while not made.whole and frames < gate + len(made.release):
            frames = 1 << (gate + len(made.release)).bit_length()
            made = tone(self._font, voice, frames)
        self._tones[voice.identity] = made
        self._bytes += made.held.nbytes
        while self._bytes > KEPT_BYTES and len(self._tones) > 1:
            _, dropped = self._tones.popitem(last=False)
            self._bytes -= dropped.held.nbytes
        return made


def _add(mix: Samples, gate: int, held: Samples, fade: Mono, gain: Samples) -> None:
    """Add one tone at the start of `mix`: `gate` frames of it, then its fade."""
    room = mix.shape[1]
    body = held[:, : min(gate, room)]
    mix[:, : body.shape[1]] += gain * body
    rest = held[:, gate : min(gate + len(fade), room)]
    if rest.shape[1]:
        mix[:, gate : gate + rest.shape[1]] += gain * fade[: rest.shape[1]] * rest


def _cut(release: Mono, left: int | None) -> Mono:
    """A release that is choked after `left` frames."""
    if left is None or left >= len(release):
        return release
    return np.concatenate((release[:left], release[left] * _CHOKE))


def _choked(notes: Sequence[TimedNote], voiced: Sequence[tuple[Voicing, ...]]) -> list[float]:
    """Seconds until a later note of the same exclusive class (generator 57) cuts each note off."""
    stops = [inf] * len(notes)
    latest: dict[int, list[int]] = {}
    for index, (note, voices) in enumerate(zip(notes, voiced, strict=True)):
        for group in {voice.exclusive for voice in voices} - {0}:
            sounding = latest.get(group, [])
            if sounding and notes[sounding[0]].start < note.start:
                for earlier in sounding:
                    stops[earlier] = min(stops[earlier], note.start - notes[earlier].start)
                sounding = []
            latest[group] = [*sounding, index]
    return stops


@cache
def sampler() -> Sampler:
    """One sampler a process: it keeps the decoded samples and the tones."""
    return Sampler(sf3.bundled())
