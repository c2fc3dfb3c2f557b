"""What sounds at each moment: tuning, semitone salience, bass and treble chroma.

The salience is a non-negative decomposition of the log-frequency spectrum into
harmonic tones, as in Mauch & Dixon, "Approximate note transcription for the improved
identification of difficult chords", ISMIR 2010; solved by multiplicative updates
(Lee & Seung 2001) on our own spectrum.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from musearoo.brain.signal import RATE, Floats
from musearoo.brain.spectrum import (
    HIGH_MIDI,
    LOW_MIDI,
    PITCH_FPS,
    PITCH_WINDOW,
    STEPS,
    log_frequency_frames,
    pitch_matrix,
)

NOTES = HIGH_MIDI - LOW_MIDI
_UPDATES = 24
_COMPRESSION = 0.7
_SPARSITY = 0.02
_PARTIAL_DECAY = 0.72
_PARTIALS = 10


@dataclass(frozen=True, slots=True)
class PitchContent:
    """Frames at `PITCH_FPS`: `salience` (frames, NOTES), chroma index 0 = C.

    `tuning` is the offset of the recording from A = 440 Hz in semitones.
    `tonality` is near 0 for noise and drums and near 1 for clear tones.
    """

    salience: Floats
    bass: Floats
    treble: Floats
    tuning: float
    tonality: Floats

    @property
    def fps(self) -> float:
        """Frames a second."""
        return PITCH_FPS


def pitch_content(samples: Floats) -> PitchContent:
    """Analyse the levelled signal at 22,050 Hz."""
    spectrum = log_frequency_frames(samples) ** np.float32(_COMPRESSION)
    tuning = _tuning(spectrum)
    spectrum = _retune(spectrum, tuning)
    salience = _decompose(spectrum)
    bass, treble = _chroma(salience)
    return PitchContent(salience, bass, treble, tuning, _tonality(spectrum))


def _tuning(spectrum: Floats) -> float:
    """Phase of the energy over the three bins of a semitone, in semitones (-0.5, 0.5]."""
    peaks = np.zeros_like(spectrum)
    peaks[:, 1:-1] = np.where(
        (spectrum[:, 1:-1] > spectrum[:, :-2]) & (spectrum[:, 1:-1] >= spectrum[:, 2:]),
        spectrum[:, 1:-1] ** 2,
        0,
    )
    smooth = peaks + 0.5 * (np.roll(spectrum**2 * (np.roll(peaks, 1, 1) > 0), 0, 1))
    smooth += 0.5 * (spectrum**2 * (np.roll(peaks, -1, 1) > 0))
    upper = smooth[:, 24 * STEPS :]
    totals = upper.reshape(len(upper), -1, STEPS).sum(axis=(0, 1))
    phase = np.angle(np.sum(totals * np.exp(2j * np.pi * (np.arange(STEPS) - 1) / STEPS)))
    return float(phase / (2 * np.pi)) if totals.sum() > 0 else 0.0


def _retune(spectrum: Floats, tuning: float) -> Floats:
    """Shift along the log-frequency axis so that semitones lie at A = 440 Hz."""
    shift = tuning * STEPS
    whole = int(np.floor(shift))
    part = np.float32(shift - whole)
    padded = np.pad(spectrum, ((0, 0), (3, 3)))
    width = spectrum.shape[1]
    near = padded[:, 3 + whole : 3 + whole + width]
    far = padded[:, 4 + whole : 4 + whole + width]
    return (1 - part) * near + part * far


@cache
def _tones() -> Floats:
    """(NOTES, bins): compressed spectrum of one harmonic tone per semitone."""
    matrix = pitch_matrix()
    grid = np.arange(matrix.shape[0], dtype=np.float64)
    rows = np.zeros((NOTES, matrix.shape[1]))
    for index in range(NOTES):
        hz = 440.0 * 2 ** ((LOW_MIDI + index - 69) / 12)
        for partial in range(1, _PARTIALS + 1):
            distance = np.abs(grid - hz * partial * PITCH_WINDOW / RATE)
            lobe = np.where(distance < 2, np.cos(np.pi * np.minimum(distance, 2) / 4) ** 2, 0)
            rows[index] += _PARTIAL_DECAY ** (partial - 1) * (lobe @ matrix)
    rows = rows**_COMPRESSION
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def _decompose(spectrum: Floats) -> Floats:
    """Non-negative activations of the tones per frame."""
    tones = _tones()
    gram = tones @ tones.T
    match = spectrum @ tones.T
    loud = np.float32(max(float(np.quantile(match.max(axis=1, initial=0), 0.9)), 1e-6))
    active = match.copy()
    for _ in range(_UPDATES):
        active *= match / (active @ gram + np.float32(_SPARSITY) * loud + np.float32(1e-9))
    return np.asarray(active / loud)


def _tonality(spectrum: Floats) -> Floats:
    """One minus the spectral flatness above 131 Hz over 0.36 s, per frame."""
    upper = spectrum[:, 24 * STEPS :]
    total = np.concatenate([np.zeros((1, upper.shape[1])), np.cumsum(upper, 0, np.float64)])
    index = np.arange(len(upper))
    stop, start = np.minimum(index + 5, len(upper)), np.maximum(index - 4, 0)
    smooth = (total[stop] - total[start]) / (stop - start)[:, None]
    mean = smooth.mean(axis=1)
    floor = 1e-3 * max(float(mean.max(initial=0)), 1e-9)
    geometric = np.exp(np.log(smooth + floor).mean(axis=1))
    return np.asarray(1 - geometric / (mean + floor), dtype=np.float32)


@cache
def _registers() -> tuple[Floats, Floats]:
    """Weights of each note in the bass and treble chroma (full bass to D3)."""
    midi = np.arange(LOW_MIDI, HIGH_MIDI)
    bass = np.clip((56 - midi) / 8, 0, 1) * np.clip((midi - 23) / 4, 0, 1)
    treble = np.clip((midi - 44) / 10, 0, 1) * np.clip((100 - midi) / 16, 0.2, 1)
    return bass.astype(np.float32), treble.astype(np.float32)


def _chroma(salience: Floats) -> tuple[Floats, Floats]:
    bass, treble = (
        (salience * weights).reshape(len(salience), -1, 12).sum(axis=1) for weights in _registers()
    )
    return bass, treble


def pool(frames: Floats, fps: float, times: Floats) -> Floats:
    """Mean of `frames` in each span between consecutive `times` (seconds)."""
    total = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, 0, np.float64)])
    edges = np.clip(np.round(times * fps).astype(int), 0, len(frames))
    spans = np.maximum(np.diff(edges), 1)
    stop = np.minimum(edges[:-1] + spans, len(frames))
    mean = (total[stop] - total[edges[:-1]]) / spans[:, None]
    return np.asarray(mean, dtype=np.float32)
