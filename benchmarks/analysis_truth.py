"""What is true about a benchmark item."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

RATE = 22050


@dataclass
class Item:
    """A sound and the truth about it; bpm counts the felt beat."""

    name: str
    sound: np.ndarray
    meter: str
    bpm: float
    beats: np.ndarray
    downbeats: np.ndarray
    key: tuple[int, bool] | None = None
    chords: list[tuple[float, float, int, bool]] = field(default_factory=list)


def beat_of(meter: str) -> float:
    """Quarters in one felt beat."""
    number, unit = (int(part) for part in meter.split("/"))
    return 1.5 if unit == 8 and number % 3 == 0 else 0.5 if unit == 8 else 1.0


def bar_of(meter: str) -> float:
    number, unit = (int(part) for part in meter.split("/"))
    return number * 4 / unit


def truth(
    name: str,
    sound: np.ndarray,
    meter: str,
    bpm: float,
    *,
    first: float = 0.0,
    key: tuple[int, bool] | None = None,
    chords: Iterable[tuple[float, float, int, bool]] = (),
) -> Item:
    """Truth at a steady `bpm` quarters a minute; `first` is the first downbeat in quarters."""
    second, total = 60 / bpm, len(sound) / RATE - 0.3
    beat, bar = beat_of(meter), bar_of(meter)
    start = first - beat * int(first / beat + 1e-9)
    beats = np.arange(start, total / second, beat) * second
    downbeats = np.arange(first, total / second, bar) * second
    spans = [(a * second, b * second, r, m) for a, b, r, m in chords]
    return Item(name, sound, meter, bpm / beat, beats, downbeats, key, spans)
