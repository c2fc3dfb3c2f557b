"""Play a composed piece: expressive times, sound font, room, microphone and noise."""
# ruff: noqa: ANN001, ANN202

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from symusic import Note, Score, Synthesizer, Tempo, Track

from training.piece import METERS, Piece

RATE = 22050
_TPQ = 4800


@dataclass
class Truth:
    """Exact facts of one rendered clip; times in seconds."""

    meter: str
    bpm: float
    beats: np.ndarray
    downbeats: np.ndarray
    key: tuple[int, bool] | None
    chords: list[tuple[float, float, int, str]]
    kind: str
    swing: float = 0.5


class Player:
    """Renders pieces with one sound font."""

    def __init__(self, font: Path) -> None:
        self._synth = Synthesizer(str(font), RATE, 0)

    def perform(
        self, rng: np.random.Generator, piece: Piece, seconds: float
    ) -> tuple[np.ndarray, Truth]:
        steady = rng.random() < 0.65
        clock = _clock(rng, piece, steady)
        begin = 0.0 if rng.random() < 0.6 else float(rng.uniform(0, 1.2))
        skip = piece.pickup
        score = Score(_TPQ)
        score.tempos.append(Tempo(0, 60.0))
        loose = rng.uniform(0.0, 0.004) if steady else rng.uniform(0.003, 0.012)
        for program, drums, notes in piece.tracks:
            track = Track("", program, drums)
            for at, length, pitch, velocity in notes:
                if at < skip - 1e-6 and skip:
                    continue
                start = begin + clock(_swung(at, piece.swing)) - clock(skip) + rng.normal(0, loose)
                stop = begin + clock(_swung(at + length, piece.swing)) - clock(skip)
                start = max(start, 0.0)
                if start < seconds:
                    track.notes.append(
                        Note(
                            int(start * _TPQ),
                            max(int((stop - start) * _TPQ), 200),
                            int(np.clip(pitch, 0, 127)),
                            velocity,
                        )
                    )
            if track.notes:
                score.tracks.append(track)
        if not score.tracks:
            return np.zeros(int(seconds * RATE), np.float32), _truth(
                piece, clock, begin - clock(skip), seconds
            )
        sound = np.asarray(self._synth.render(score, stereo=False))[0][: int(seconds * RATE)]
        return _record(rng, sound), _truth(piece, clock, begin - clock(skip), seconds)


def _swung(at: float, swing: float) -> float:
    whole = np.floor(at + 1e-9)
    return float(whole + np.interp(at - whole, [0, 0.5, 1], [0, swing, 1]))


def _clock(rng: np.random.Generator, piece: Piece, steady: bool):
    """Quarter notes to seconds; a player without click drifts by a few per cent."""
    if steady:
        return lambda at: float(at) * 60 / piece.bpm
    grid = np.arange(0, piece.bars * piece.bar + 9, 0.5)
    drift = np.cumsum(rng.normal(0, rng.uniform(0.002, 0.006), len(grid)))
    drift = 0.95 * drift - np.linspace(0, drift[-1] * 0.5, len(grid))
    seconds = np.concatenate([[0], np.cumsum(0.5 * 60 / piece.bpm * np.exp(drift))[:-1]])
    return lambda at: float(np.interp(at, grid, seconds))


def _truth(piece: Piece, clock, shift: float, seconds: float) -> Truth:
    bar, beat, _ = METERS[piece.meter]

    def times(step):
        return np.array([shift + clock(i * step) for i in range(int(piece.bars * bar / step) + 1)])

    beats, downbeats = times(beat), times(bar)
    inside = lambda t: t[(t > -0.03) & (t < seconds - 0.05)]  # noqa: E731
    chords = [(shift + clock(a), shift + clock(b), r, q) for a, b, r, q in piece.chords]
    drums_only = all(d for _, d, _ in piece.tracks)
    shown = inside(beats)
    bpm = 60 * beat / float(np.mean(np.diff(shown)))
    return Truth(
        piece.meter,
        bpm,
        shown,
        inside(downbeats),
        None if drums_only else piece.key,
        [] if drums_only else chords,
        piece.kind,
        piece.swing,
    )


def _record(rng: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """Room, tilt, drive and noise of a plausible recording; level is left open."""
    sound = sound / max(float(np.abs(sound).max()), 1e-6)
    if rng.random() < 0.35:
        length = int(RATE * rng.uniform(0.08, 0.5))
        tail = rng.normal(0, 1, length) * np.exp(-np.arange(length) / (length / 5))
        tail /= np.sqrt((tail**2).sum())
        size = 1 << int(np.ceil(np.log2(len(sound) + length)))
        wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size))[: len(sound)]
        sound = sound + rng.uniform(0.1, 0.5) * wet
    if rng.random() < 0.5:
        spectrum = np.fft.rfft(sound)
        octave = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 20) / 500)
        tilt = rng.uniform(-3, 3) * octave + rng.uniform(-6, 6) * np.exp(
            -((octave - rng.uniform(-3, 3)) ** 2)
        )
        if rng.random() < 0.15:
            tilt = tilt - 24 * np.maximum(0, octave - rng.uniform(2, 4))
        sound = np.fft.irfft(spectrum * 10 ** (tilt / 20), len(sound))
    if rng.random() < 0.2:
        drive = rng.uniform(2, 8)
        sound = np.tanh(drive * sound / max(float(np.abs(sound).max()), 1e-6))
    noise = rng.normal(0, 1, len(sound)) * 10 ** (rng.uniform(-80, -32) / 20)
    return (sound / max(float(np.abs(sound).max()), 1e-6) * 0.5 + 0.5 * noise).astype(np.float32)
