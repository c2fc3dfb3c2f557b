"""Sections of a song: where the music changes and which stretches are the same.

Checkerboard novelty on a bar-wise self-similarity matrix (Foote, "Automatic audio
segmentation using a measure of audio novelty", ICME 2000), with boundaries drawn to
multiples of four bars; labels by agglomerating similar stretches.
"""

from itertools import pairwise

import numpy as np

from musearoo.brain.signal import Floats
from musearoo.domain.analysis import HeardSection

_KERNEL_BARS = 8
_SAME = 0.55


def find_sections(bars: Floats, features: Floats) -> tuple[HeardSection, ...]:
    """`bars` are the bar starts plus the end in seconds; `features` one row per bar."""
    count = len(features)
    if count < 8:
        return ()
    rows = _standard(features)
    likeness = np.exp(-np.square(rows[:, None] - rows[None]).mean(axis=2) / 1.2)
    novelty = _novelty(likeness)
    seams = _seams(novelty, count)
    labels = _labels(likeness, seams)
    return tuple(
        HeardSection(
            float(bars[a]), float(bars[b]), label, round(0.35 + 0.4 * float(novelty[a]), 3)
        )
        for a, b, label in zip(seams, seams[1:], labels, strict=False)
    )


def _standard(features: Floats) -> Floats:
    return np.asarray((features - features.mean(0)) / (features.std(0) + 0.05))


def _novelty(likeness: Floats) -> Floats:
    """Contrast across each bar line between before and after, 0-1."""
    count = len(likeness)
    curve = np.zeros(count)
    for bar in range(2, count - 1):
        size = min(_KERNEL_BARS, bar, count - bar)
        before, after = slice(bar - size, bar), slice(bar, bar + size)
        within = likeness[before, before].mean() + likeness[after, after].mean()
        curve[bar] = (within / 2 - likeness[before, after].mean()) * np.sqrt(size / _KERNEL_BARS)
    return np.asarray(np.clip(curve / max(curve.max(initial=0), 0.05), 0, 1))


def _seams(novelty: Floats, count: int) -> list[int]:
    """Dynamic programming: strong novelty, sections of 4 to 16 bars, multiples of four."""
    best = np.full(count + 1, -np.inf)
    back = np.zeros(count + 1, int)
    best[0] = 0.0
    for end in range(1, count + 1):
        for length in range(2, min(end, 33) + 1):
            gain = float(novelty[end]) if end < count else 0.5
            fit = 0.0 if length in (8, 16) else 0.1 if length % 4 == 0 else 0.3
            score = best[end - length] + gain - 0.42 - fit - 0.01 * abs(length - 8)
            if score > best[end]:
                best[end], back[end] = score, end - length
    seams = [count]
    while seams[-1] > 0:
        seams.append(int(back[seams[-1]]))
    return seams[::-1]


def _labels(likeness: Floats, seams: list[int]) -> list[str]:
    """A letter per section; the same letter when the bars match in order."""
    spans = list(pairwise(seams))
    names: list[str] = []
    for index, (a, b) in enumerate(spans):
        match = [_match(likeness, (a, b), spans[i]) for i in range(index)]
        if match and max(match) > _SAME:
            names.append(names[int(np.argmax(match))])
        else:
            names.append(chr(ord("A") + min(len(set(names)), 25)))
    return names


def _match(likeness: Floats, one: tuple[int, int], other: tuple[int, int]) -> float:
    size = min(one[1] - one[0], other[1] - other[0])
    if size < 0.5 * max(one[1] - one[0], other[1] - other[0]):
        return 0.0
    steps = np.arange(size)
    return float(likeness[one[0] + steps, other[0] + steps].mean())
