"""Instruments made of NumPy alone, and a way to play riffs on them.

A riff is a list of `Hit`s in quarter notes; `play` puts it on the clock, with swing.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]

RATE = 22050


class Hit(NamedTuple):
    """One note: place and length in quarters, MIDI pitch, loudness 0-1."""

    at: float
    length: float
    pitch: int
    loudness: float = 0.8


def hertz(pitch: float) -> float:
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def _clock(seconds: float) -> Sound:
    return (np.arange(int(seconds * RATE)) / RATE).astype(np.float32)


def _partials(
    pitch: int, seconds: float, weights: Iterable[tuple[int, float, float]], stretch: float = 0.0
) -> Sound:
    """Sum of decaying partials (number, level, decay a second)."""
    time, base = _clock(seconds), hertz(pitch)
    wave = np.zeros_like(time)
    for number, level, decay in weights:
        frequency = base * number * np.sqrt(1 + stretch * number**2)
        if frequency < RATE / 2.2:
            wave += level * np.exp(-decay * time) * np.sin(2 * np.pi * frequency * time)
    return wave


def _shape(wave: Sound, attack: float, release: float) -> Sound:
    time = np.arange(len(wave)) / RATE
    fade = np.minimum(1, time / attack) * np.minimum(1, (len(wave) / RATE - time) / release)
    return np.asarray(wave * np.clip(fade, 0, 1), dtype=np.float32)


@cache
def guitar(pitch: int, seconds: float) -> Sound:
    """A plucked string: bright, partials that die faster the higher they are."""
    rows = [(n, abs(np.sin(n * 0.45)) / n, 1.2 + 0.7 * n) for n in range(1, 22)]
    return _shape(_partials(pitch, seconds + 0.08, rows), 0.002, 0.05) * np.float32(0.5)


@cache
def bass(pitch: int, seconds: float) -> Sound:
    """A plucked bass string."""
    rows = [(n, 1 / n**1.3, 0.8 + 0.5 * n) for n in range(1, 12)]
    return _shape(_partials(pitch, seconds, rows), 0.004, 0.03) * np.float32(0.7)


@cache
def piano(pitch: int, seconds: float) -> Sound:
    """A struck string with stretched partials and a soft knock."""
    rows = [(n, 0.75 ** (n - 1), 0.9 + 0.35 * n) for n in range(1, 14)]
    wave = _partials(pitch, seconds + 0.1, rows, stretch=0.0004)
    knock = (
        np.random.default_rng(pitch).normal(0, 0.15, len(wave))
        * np.exp(-_clock(seconds + 0.1) * 90)[: len(wave)]
    )
    return _shape((wave + knock).astype(np.float32), 0.002, 0.08) * np.float32(0.35)


@cache
def voice(pitch: int, seconds: float) -> Sound:
    """A sung vowel: soft attack, vibrato, formants near 700 and 1,100 Hz."""
    time, base = _clock(seconds), hertz(pitch)
    drift = 0.25 * np.sin(2 * np.pi * 5.5 * time) * np.minimum(1, time / 0.3) - 0.4 * np.exp(
        -time / 0.03
    )
    phase = 2 * np.pi * np.cumsum(base * 2 ** (drift / 12)) / RATE
    wave = np.zeros_like(time)
    for n in range(1, int(5000 / base)):
        formant = sum(
            np.exp(-(((n * base - f) / w) ** 2)) for f, w in ((700, 160), (1100, 220), (2600, 400))
        )
        wave += (0.15 + formant) / n * np.sin(n * phase)
    return _shape(wave.astype(np.float32), 0.05, 0.06) * np.float32(0.5)


@cache
def organ(pitch: int, seconds: float) -> Sound:
    """Steady drawbars."""
    rows = [(n, level, 0.0) for n, level in ((1, 1.0), (2, 0.7), (3, 0.5), (4, 0.3), (6, 0.2))]
    return _shape(_partials(pitch, seconds, rows), 0.015, 0.04) * np.float32(0.3)


@cache
def drum(pitch: int, seconds: float) -> Sound:
    """General MIDI kick 36, snare 38, hi-hat 42."""
    noise = np.random.default_rng(pitch).normal(0, 1, int(0.3 * RATE))
    time = _clock(0.3)
    if pitch == 36:
        sweep = 2 * np.pi * np.cumsum(48 + 110 * np.exp(-time * 35)) / RATE
        wave = np.sin(sweep) * np.exp(-time * 14)
    elif pitch == 38:
        wave = 0.5 * noise * np.exp(-time * 22) + 0.4 * np.sin(2 * np.pi * 190 * time) * np.exp(
            -time * 30
        )
    else:
        wave = 0.35 * np.diff(noise, prepend=0.0) * np.exp(-time * 60)
    return wave.astype(np.float32)


Instrument = Callable[[int, float], Sound]


def play(
    hits: Iterable[Hit],
    instrument: Instrument,
    bpm: float,
    *,
    swing: float = 0.5,
    lead_in: float = 0.0,
    loose_ms: float = 0.0,
    seed: int = 0,
) -> Sound:
    """Render hits at `bpm` quarters a minute; `loose_ms` is the spread of the player."""
    rng = np.random.default_rng(seed)
    hits = sorted(hits)
    end = lead_in + max(h.at + h.length for h in hits) * 60 / bpm + 0.5
    sound = np.zeros(int(end * RATE) + 1, np.float32)
    for hit in hits:
        start = lead_in + swung(hit.at, swing) * 60 / bpm + rng.normal(0, loose_ms / 1000)
        tone = instrument(hit.pitch, round(max(hit.length * 60 / bpm, 0.06), 2))
        at = max(0, int(start * RATE))
        tone = tone[: len(sound) - at]
        sound[at : at + len(tone)] += np.float32(hit.loudness) * tone
    return sound


def swung(at: float, swing: float) -> float:
    """Move the off-beat eighth from the middle of its beat to `swing`."""
    whole = np.floor(at + 1e-9)
    return float(whole + np.interp(at - whole, [0, 0.5, 1], [0, swing, 1]))


def mix(*sounds: Sound) -> Sound:
    """Add sounds of different lengths."""
    total = np.zeros(max(len(s) for s in sounds), np.float32)
    for sound in sounds:
        total[: len(sound)] += sound
    return total


def repeat(cell: Iterable[Hit], bar: float, roots: Iterable[int]) -> list[Hit]:
    """The same cell in every bar, moved by each root in semitones."""
    cell = list(cell)
    return [
        Hit(hit.at + index * bar, hit.length, hit.pitch + root, hit.loudness)
        for index, root in enumerate(roots)
        for hit in cell
    ]


def chords(
    shapes: Iterable[tuple[int, ...]], bar: float, places: Iterable[float], length: float = 0.5
) -> list[Hit]:
    """Each shape for one bar, struck at `places`; the first stroke is the loudest."""
    places = list(places)
    return [
        Hit(index * bar + place, length, pitch, 0.9 if place == places[0] else 0.6)
        for index, shape in enumerate(shapes)
        for place in places
        for pitch in shape
    ]
