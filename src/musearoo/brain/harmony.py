"""Chords per beat and the key, decided together.

Emissions treat the sounding pitch classes as draws from the chord's tones, so that a
bass line or a melody is read as sensibly as full chords; the key supplies which chords
are likely, and the meter where they may change.  Key profiles: Albrecht & Shanahan,
"The use of large corpora to train a new type of key-finding algorithm", Music
Perception 2013.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from musearoo.brain.signal import Floats, Ints

CHORDS = 25
"""Major chords on C..B, minor chords on C..B, no chord."""

NO_CHORD = 24
KEYS = 24
"""Major keys on C..B, then minor keys on C..B."""

_MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
_MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
_MAJOR_DEGREES = {
    (0, 0): 0.30, (5, 0): 0.19, (7, 0): 0.19, (9, 1): 0.11, (2, 1): 0.08, (4, 1): 0.04,
    (10, 0): 0.02, (2, 0): 0.012, (4, 0): 0.01, (9, 0): 0.01, (5, 1): 0.01, (7, 1): 0.008,
    (3, 0): 0.006, (8, 0): 0.008, (0, 1): 0.006,
}  # fmt: skip
_MINOR_DEGREES = {
    (0, 1): 0.34, (8, 0): 0.13, (10, 0): 0.13, (5, 1): 0.11, (3, 0): 0.10, (7, 0): 0.06,
    (7, 1): 0.05, (5, 0): 0.02, (2, 1): 0.012, (1, 0): 0.01, (0, 0): 0.01, (2, 0): 0.005,
}  # fmt: skip
_RARE = 0.0025
_NO_CHORD_SHARE = 0.01
_TREBLE_WEIGHT, _BASS_WEIGHT = 3.2, 2.0
_OPENS, _CLOSES = 1.2, 0.5
"""Log odds for the key whose tonic triad is the first or the last chord."""

_NET, _TONES = 0.9, 0.15
"""Weights of the network and of the tone model where both speak."""


@dataclass(frozen=True, slots=True)
class Harmony:
    """Key and chord probabilities; `path` is the best chord index per beat."""

    keys: Floats
    path: Ints
    posterior: Floats


@dataclass(frozen=True, slots=True)
class Learned:
    """What the network says: P(chord) per beat and P(key)."""

    chords: Floats
    keys: Floats


@cache
def chord_profiles() -> tuple[Floats, Floats]:
    """P(pitch class | chord) in the treble and in the bass, each (CHORDS, 12)."""
    treble = np.full((CHORDS, 12), 0.022)
    bass = np.full((CHORDS, 12), 0.025)
    for root in range(12):
        for minor in (0, 1):
            row, third = root + 12 * minor, (root + 4 - minor) % 12
            treble[row, [root, third, (root + 7) % 12]] = 0.30, 0.24, 0.25
            treble[row, (root + 10) % 12] = 0.04
            treble[row, (root + 2) % 12] = 0.03
            bass[row, [root, third, (root + 7) % 12]] = 0.58, 0.08, 0.14
    treble[NO_CHORD], bass[NO_CHORD] = 1 / 12, 1 / 12
    treble /= treble.sum(axis=1, keepdims=True)
    bass /= bass.sum(axis=1, keepdims=True)
    return treble.astype(np.float32), bass.astype(np.float32)


@cache
def key_profiles() -> Floats:
    """P(pitch class | key), (KEYS, 12)."""
    rows = [np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)]
    return np.array(rows, dtype=np.float32)


@cache
def chord_priors() -> Floats:
    """P(chord | key), (KEYS, CHORDS)."""
    table = np.full((KEYS, CHORDS), _RARE)
    for key in range(KEYS):
        tonic = key % 12
        for (degree, minor), share in (_MINOR_DEGREES if key >= 12 else _MAJOR_DEGREES).items():
            table[key, (tonic + degree) % 12 + 12 * minor] = share
    table[:, NO_CHORD] = _NO_CHORD_SHARE
    return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float32)


def emissions(treble: Floats, bass: Floats) -> Floats:
    """Log likelihood of each chord at each beat, (beats, CHORDS)."""
    upper, lower = chord_profiles()
    result = _TREBLE_WEIGHT * _shares(treble) @ np.log(12 * upper).T
    result += _BASS_WEIGHT * _shares(bass) @ np.log(12 * lower).T
    result[:, NO_CHORD] += 0.3 - 1.2 * np.minimum(_loudness(treble) + _loudness(bass), 1)
    return np.asarray(result, dtype=np.float32)


def _loudness(chroma: Floats) -> Floats:
    """Level of each beat against the loud beats, 0 to about 1.2."""
    total = chroma.sum(axis=1)
    reference = max(float(np.quantile(total, 0.8)) if len(total) else 0.0, 0.05)
    return np.asarray(np.minimum(total / reference, 1.2), dtype=np.float32)


def _shares(chroma: Floats) -> Floats:
    """Share of each pitch class, faded out where the beat is quiet."""
    share = chroma / np.maximum(chroma.sum(axis=1, keepdims=True), 1e-6)
    return np.asarray(share * np.sqrt(_loudness(chroma))[:, None], dtype=np.float32)


def key_evidence(treble: Floats, bass: Floats) -> Floats:
    """Log likelihood of each key from the pitch classes alone, (KEYS,)."""
    total = (_shares(treble) + 0.6 * _shares(bass)).sum(axis=0)
    total = np.sqrt(total / max(float(total.sum()), 1e-9))
    total /= max(float(total.sum()), 1e-9)
    return np.asarray(np.log(key_profiles() + 0.012) @ total, dtype=np.float32)


def decide(treble: Floats, bass: Floats, change: Floats, learned: Learned | None = None) -> Harmony:
    """Find the key and the chords; `change` is P(new chord) at each beat."""
    emission = emissions(treble, bass)
    if learned is None:
        keys = _keys(treble, bass, emission, change)
    else:
        keys = _with_edges(learned)
        emission = _NET * np.log(learned.chords + 1e-4) + _TONES * emission
    mixed = keys @ chord_priors()
    best = chord_priors()[int(np.argmax(keys))]
    prior = np.sqrt(0.5 * best + 0.5 * mixed) if learned is not None else 0.7 * best + 0.3 * mixed
    prior = prior / prior.sum()
    posterior = _posterior(emission, change, prior)
    return Harmony(keys, _viterbi(emission, change, prior), posterior)


def _with_edges(learned: Learned) -> Floats:
    """Favour keys whose tonic triad opens or closes a riff over their relatives."""
    score = np.log(learned.keys + 1e-6)
    for beats, weight in ((learned.chords[:3], _OPENS), (learned.chords[-3:], _CLOSES)):
        score = score + weight * beats.mean(axis=0)[:NO_CHORD]
    raised = np.exp(score - score.max())
    return np.asarray(raised / raised.sum(), dtype=np.float32)


def _keys(treble: Floats, bass: Floats, emission: Floats, change: Floats) -> Floats:
    """P(key) from pitch classes, chords and how the music opens and closes."""
    likelihood = np.array([_likelihood(emission, change, row) for row in chord_priors()])
    per_beat = likelihood / max(np.sqrt(len(emission) * 8.0), 8.0)
    score = 24.0 * key_evidence(treble, bass) + 2.0 * per_beat + _edges(treble, bass)
    keys = np.exp(score - score.max())
    return np.asarray(keys / keys.sum(), dtype=np.float32)


def _edges(treble: Floats, bass: Floats) -> Floats:
    """Bonus for keys whose tonic opens or closes the music in the bass."""
    bonus = np.zeros(KEYS)
    both = _shares(treble) * 0.5 + _shares(bass)
    for rows, weight in ((both[:2], 0.7), (both[-3:], 0.6)):
        share = rows.sum(axis=0) / max(float(rows.sum()), 1e-9)
        bonus += weight * np.tile(share, 2)
    return bonus


def _moves(prior: Floats) -> Floats:
    """P(next chord | a change happens), (CHORDS, CHORDS), without staying."""
    moves = np.tile(prior, (CHORDS, 1))
    for chord in range(CHORDS - 1):
        for target in (0, 1):
            moves[chord, (chord + 5) % 12 + 12 * target] *= 1.5
    np.fill_diagonal(moves, 0)
    return np.asarray(moves / moves.sum(axis=1, keepdims=True))


def _steps(change: Floats, prior: Floats) -> Floats:
    """Transition probabilities at each beat, (beats, CHORDS, CHORDS)."""
    moves, stay = _moves(prior), np.eye(CHORDS)
    chance = np.asarray(change, dtype=np.float64)[:, None, None]
    return np.asarray(chance * moves + (1 - chance) * stay)


def _likelihood(emission: Floats, change: Floats, prior: Floats) -> float:
    """Log P(evidence | key) by the forward algorithm."""
    moves = _moves(prior)
    scale = emission.max(axis=1)
    likely = np.exp(emission - scale[:, None])
    state = prior * likely[0]
    total = float(scale.sum()) + float(np.log(state.sum()))
    state = state / state.sum()
    for beat in range(1, len(emission)):
        chance = change[beat]
        state = ((1 - chance) * state + chance * (state @ moves)) * likely[beat]
        weight = float(state.sum())
        total += float(np.log(weight))
        state = state / weight
    return total


def _posterior(emission: Floats, change: Floats, prior: Floats) -> Floats:
    """P(chord | everything) per beat by forward-backward."""
    beats = len(emission)
    steps = _steps(change, prior)
    likely = np.exp(emission - emission.max(axis=1, keepdims=True)).astype(np.float64)
    forward, backward = np.empty((beats, CHORDS)), np.ones((beats, CHORDS))
    forward[0] = prior * likely[0]
    forward[0] /= forward[0].sum()
    for beat in range(1, beats):
        forward[beat] = (forward[beat - 1] @ steps[beat]) * likely[beat]
        forward[beat] /= forward[beat].sum()
    for beat in range(beats - 2, -1, -1):
        backward[beat] = steps[beat + 1] @ (likely[beat + 1] * backward[beat + 1])
        backward[beat] /= backward[beat].sum()
    both = forward * backward
    return np.asarray(both / both.sum(axis=1, keepdims=True))


def _viterbi(emission: Floats, change: Floats, prior: Floats) -> Ints:
    """Most likely chord index per beat."""
    steps = np.log(_steps(change, prior) + 1e-12)
    score = np.log(prior) + emission[0]
    back = np.zeros((len(emission), CHORDS), np.int64)
    for beat in range(1, len(emission)):
        options = score[:, None] + steps[beat]
        back[beat] = options.argmax(axis=0)
        score = options[back[beat], np.arange(CHORDS)] + emission[beat]
    path = np.empty(len(emission), np.int64)
    path[-1] = int(score.argmax())
    for beat in range(len(emission) - 1, 0, -1):
        path[beat - 1] = back[beat, path[beat]]
    return path
