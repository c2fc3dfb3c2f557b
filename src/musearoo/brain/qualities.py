"""Sevenths, suspensions and inversions of a chord whose root and third are known."""

import numpy as np

from musearoo.brain.signal import Floats
from musearoo.domain.music.chord import QUALITIES, Chord

_MAJOR_FAMILY = {
    "maj": 0.0,
    "7": -0.9,
    "maj7": -1.1,
    "maj6": -2.0,
    "sus4": -1.6,
    "sus2": -2.2,
    "aug": -3.0,
}
_MINOR_FAMILY = {
    "min": 0.0,
    "min7": -0.6,
    "dim": -2.0,
    "hdim7": -2.2,
    "min6": -2.5,
    "minmaj7": -3.2,
}
_EVIDENCE = 14.0


def enrich(root: int, *, minor: bool, treble: Floats, bass: Floats) -> tuple[Chord, float]:
    """Choose the quality and the bass note; the mean chroma of the chord is (12,) each.

    Returns the chord and P(quality) within its family.
    """
    family = _MINOR_FAMILY if minor else _MAJOR_FAMILY
    share = treble + 0.3 * bass
    share = share / max(float(share.sum()), 1e-9)
    names = list(family)
    scores = np.array([family[n] + _EVIDENCE * _fit(root, n, share) for n in names])
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    best = int(np.argmax(chance))
    return Chord(root, names[best], _bass(root, names[best], bass)), float(chance[best])


def _fit(root: int, quality: str, share: Floats) -> float:
    """Mean log likelihood of the shares under the tones of the quality."""
    tones = QUALITIES[quality]
    profile = np.full(12, 0.025)
    weights = (0.30, 0.22, 0.25, 0.15)
    for tone, weight in zip(tones, weights, strict=False):
        profile[(root + tone) % 12] = weight
    profile /= profile.sum()
    return float(share @ np.log(profile))


def _bass(root: int, quality: str, bass: Floats) -> int | None:
    """A chord tone other than the root that clearly holds the bass."""
    if bass.sum() < 0.05:
        return None
    lowest = int(np.argmax(bass))
    tones = [(root + tone) % 12 for tone in QUALITIES[quality]]
    if lowest == root or lowest not in tones or bass[lowest] < 2.5 * bass[root]:
        return None
    return lowest
