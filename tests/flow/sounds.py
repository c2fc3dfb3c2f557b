"""Recordings for the stories: a riff that can be understood, and files that cannot."""

import io
import struct

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float64]
RATE = 22050
# A minor, one bar each of i, iv, V, i, as eighths: root, fifth, octave and third above.
_BARS = ((57, 64, 69, 72), (50, 57, 62, 65), (52, 59, 64, 68), (57, 64, 69, 72))


def riff(*, bpm: float, bars: int = 8) -> Samples:
    """A plucked riff with a bass note on each downbeat."""
    eighth = 30.0 / bpm
    sound = np.zeros(int((bars * 8 * eighth + 0.5) * RATE))
    for step in range(bars * 8):
        root, *others = _BARS[step // 8 % 4]
        pitch = others[step % 3] if step % 8 else root
        loud = 0.5 if step % 2 else 0.75
        _add(sound, step * eighth, pluck(pitch, eighth * 1.4, loud))
        if step % 8 == 0:
            _add(sound, step * eighth, pluck(root - 12, eighth * 6, 0.9))
    return 0.8 * sound / np.abs(sound).max()


def pluck(pitch: int, seconds: float, loudness: float) -> Samples:
    time = np.arange(int(seconds * RATE)) / RATE
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(
        np.sin(2 * np.pi * hertz * n * time) * np.exp(-(2 + n) * time) / n for n in range(1, 8)
    )
    fade = np.minimum(1, np.minimum(time / 0.003, (seconds - time) / 0.02))
    return loudness * np.asarray(wave) * fade


def _add(sound: Samples, at: float, note: Samples) -> None:
    start = int(at * RATE)
    end = min(len(sound), start + len(note))
    sound[start:end] += note[: end - start]


def wav(samples: Samples, rate: int = RATE) -> bytes:
    """16-bit WAV; two dimensions are frames by channels."""
    return encoded(samples, "WAV", rate)


def encoded(samples: Samples, kind: str, rate: int = RATE) -> bytes:
    """Another container that libsndfile writes."""
    file = io.BytesIO()
    subtype = {"WAV": "PCM_16", "FLAC": "PCM_16", "AIFF": "PCM_16"}.get(kind)
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def lying_wav(claimed: int = 0x7FFFFFF0) -> bytes:
    """A header that promises two gigabytes, and a handful of bytes."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", claimed, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16
    )
    return head + struct.pack("<4sI", b"data", claimed) + b"\x01\x02" * 40
