"""Condition any decoded sound: finite, mono, 22,050 Hz, centred, at a known level."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

Floats = npt.NDArray[np.floating[Any]]
"""Real numbers; float32 wherever frames are many."""

Ints = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

RATE = 22050
"""Sample rate in Hz of everything behind this module."""

MAX_CHANNELS = 8
MIN_RATE, MAX_RATE = 8000, 192000
SILENCE_DB = -65.0
"""RMS below which a sound counts as silent, in dB of full scale."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono signal at `RATE`; `peak_db` and `rms_db` describe it before levelling."""

    samples: Floats
    seconds: float
    rms_db: float
    peak_db: float
    warnings: tuple[str, ...]

    @property
    def silent(self) -> bool:
        """True when there is nothing to hear."""
        return self.rms_db < SILENCE_DB


def condition(samples: npt.ArrayLike, rate: int, *, limit_seconds: float | None = None) -> Sound:
    """Return the mono, levelled signal; `samples` is (frames,) or (frames, channels)."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ValueError(f"sample rate {rate} Hz is outside {MIN_RATE}-{MAX_RATE} Hz")
    array = _as_frames(samples)
    if limit_seconds is not None:
        array = array[: int(limit_seconds * rate)]
    warnings: list[str] = []
    array, bad = _finite(array)
    if bad:
        warnings.append("some samples were not numbers and count as silence")
    mono = _downmix(array, warnings)
    clipped = _clipped_share(mono)
    if clipped > 0.01:
        warnings.append("the recording is clipped")
    seconds = len(mono) / rate
    mono = mono - np.float32(mono.mean(dtype=np.float64)) if len(mono) else mono
    rms, peak = _db(_rms(mono)), _db(float(np.abs(mono).max(initial=0.0)))
    if rate != RATE and len(mono):
        mono = np.asarray(soxr.resample(mono, rate, RATE, quality="MQ"), dtype=np.float32)
    level = _rms(mono)
    if rms >= SILENCE_DB and level > 0.0:
        mono = mono * np.float32(0.1 / level)
    if rms < SILENCE_DB:
        warnings.append("the recording is silent")
    return Sound(mono, seconds, rms, peak, tuple(warnings))


def _as_frames(samples: npt.ArrayLike) -> Floats:
    array = np.asarray(samples)
    if array.dtype.kind in "iu":
        array = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    array = np.asarray(array, dtype=np.float32)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError("samples must be one- or two-dimensional")
    if array.shape[1] > MAX_CHANNELS:
        raise ValueError(f"{array.shape[1]} channels; at most {MAX_CHANNELS}")
    return array


def _finite(array: Floats) -> tuple[Floats, bool]:
    """Replace what is not a number or absurdly large."""
    fine = np.isfinite(array) & (np.abs(array) < 1e4)
    if bool(fine.all()):
        return array, False
    return np.where(fine, array, np.float32(0.0)), True


def _downmix(array: Floats, warnings: list[str]) -> Floats:
    """Average the channels; when they cancel, take the loudest one."""
    if array.shape[1] == 1:
        return np.ascontiguousarray(array[:, 0])
    if array.shape[1] == 0 or not len(array):
        return np.zeros(0, np.float32)
    mono = array.mean(axis=1, dtype=np.float32)
    powers = [_rms(array[:, c]) for c in range(array.shape[1])]
    loudest = int(np.argmax(powers))
    if _rms(mono) < 0.1 * powers[loudest]:
        warnings.append("the channels cancel each other; the loudest one was used")
        return np.ascontiguousarray(array[:, loudest])
    return np.asarray(mono)


def _clipped_share(mono: Floats) -> float:
    """Share of samples that sit at the extreme value (runs of equal peaks)."""
    if len(mono) < 2:
        return 0.0
    peak = float(np.abs(mono).max())
    if peak < 0.5:
        return 0.0
    flat = (np.abs(mono[1:]) > 0.999 * peak) & (mono[1:] == mono[:-1])
    return float(flat.mean())


def _rms(mono: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(mono, dtype=np.float64)))) if len(mono) else 0.0


def _db(value: float) -> float:
    return float(20.0 * np.log10(max(value, 1e-9)))
