"""A small network that hears chords per beat and the key, the same in all twelve keys.

Each root is judged by the same weights on chroma turned so that the root comes first;
so the network cannot prefer one key to another.  Trained by us on McGill Billboard
chroma (CC0) and on pieces we rendered (training/train_harmony.py).
"""

import numpy as np

from musearoo.brain.signal import Floats
from musearoo.brain.weights import load

_TAPS = (-2, -1, 0, 1, 2)
_CONTEXT = 8
_TURNED = 14 * 12
_ROTATE = (np.arange(12)[:, None] + np.arange(12)[None, :]) % 12
"""Row r lists the pitch classes from r up."""


def shares(treble: Floats, bass: Floats) -> Floats:
    """(beats, 26): share of each pitch class in both registers and both loudnesses."""
    parts, levels = [], []
    for chroma in (treble, bass):
        total = chroma.sum(axis=1, keepdims=True)
        level = total / max(float(np.quantile(total, 0.8)) if len(total) else 1.0, 1e-3)
        level = np.minimum(level, 1.5)
        parts.append(chroma / np.maximum(total, 1e-6) * np.minimum(level * 3, 1))
        levels.append(level)
    return np.concatenate([*parts, *levels], axis=1).astype(np.float32)


def chord_rows(share: Floats, first: int | None, per_bar: int) -> Floats:
    """(beats, 14 chroma of 12 and 6 plain features); `first` is the first downbeat, if known."""
    beats = len(share)
    padded = np.pad(share, ((2, 2), (0, 0)))
    rows = [padded[2 + tap : 2 + tap + beats] for tap in _TAPS]
    rows += [_around(share, _CONTEXT), np.repeat(share.mean(axis=0)[None], beats, axis=0)]
    chroma = [row[:, :12] for row in rows] + [row[:, 12:24] for row in rows]
    place = _place(beats, first, per_bar)
    return np.concatenate([*chroma, share[:, 24:], place], axis=1).astype(np.float32)


def turn(rows: Floats) -> Floats:
    """(beats, 12 roots, features): every chroma turned so that each root comes first."""
    chroma = rows[:, :_TURNED].reshape(len(rows), -1, 12)[:, :, _ROTATE]
    chroma = chroma.transpose(0, 2, 1, 3).reshape(len(rows), 12, _TURNED)
    plain = np.repeat(rows[:, None, _TURNED:], 12, axis=1)
    return np.concatenate([chroma, plain], axis=2)


def _around(share: Floats, reach: int) -> Floats:
    """Mean over `reach` beats on either side."""
    total = np.concatenate([np.zeros((1, share.shape[1])), np.cumsum(share, axis=0)])
    index = np.arange(len(share))
    start, stop = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(share))
    return np.asarray((total[stop] - total[start]) / (stop - start)[:, None])


def _place(beats: int, first: int | None, per_bar: int) -> Floats:
    """Known bar, downbeat here, downbeat next, middle of an even bar."""
    place = np.zeros((beats, 4))
    if first is not None:
        index = (np.arange(beats) - first) % per_bar
        place[:, 0] = 1
        place[:, 1] = index == 0
        place[:, 2] = index == per_bar - 1
        place[:, 3] = (per_bar % 2 == 0) & (index == per_bar // 2)
    return place


def chord_logits(rows: Floats, weights: dict[str, Floats]) -> Floats:
    """(beats, 25): major roots, minor roots, no chord."""
    hidden = np.maximum(rows @ weights["w1"] + weights["b1"], 0)
    hidden = np.maximum(hidden @ weights["w2"] + weights["b2"], 0)
    pair = hidden @ weights["w3"] + weights["b3"]
    none = hidden.mean(axis=1) @ weights["wn"] + weights["bn"]
    return np.concatenate([pair[:, :, 0], pair[:, :, 1], none], axis=1)


def chord_probabilities(
    treble: Floats, bass: Floats, first: int | None, per_bar: int
) -> Floats | None:
    """P(chord) per beat, (beats, 25); None without weights."""
    weights = load("harmony")
    if weights is None:
        return None
    rows = chord_rows(shares(treble, bass), first, per_bar)
    return softmax(chord_logits(turn(rows), weights))


def key_inputs(share: Floats, chords: Floats, strong: Floats) -> Floats:
    """(12 tonics, features): chroma, chords on all, strong, first and last beats."""
    rows = [share[:, :12].mean(axis=0), share[:, 12:24].mean(axis=0)]
    spans = (chords, chords[strong] if strong.any() else chords, chords[:2], chords[-4:])
    for span in spans:
        mean = span.mean(axis=0)
        rows += [mean[:12], mean[12:24]]
    rows += [share[:2, 12:24].mean(axis=0), share[-3:, 12:24].mean(axis=0)]
    rows += [share[:2, :12].mean(axis=0), share[-3:, :12].mean(axis=0)]
    return np.concatenate([row[_ROTATE] for row in rows], axis=1).astype(np.float32)


def key_logits(rows: Floats, weights: dict[str, Floats]) -> Floats:
    """(24,): major tonics, then minor tonics."""
    hidden = np.maximum(rows @ weights["k1"] + weights["kb1"], 0)
    pair = hidden @ weights["k2"] + weights["kb2"]
    return np.concatenate([pair[..., 0], pair[..., 1]], axis=-1)


def key_probabilities(
    treble: Floats, bass: Floats, chords: Floats, strong: Floats
) -> Floats | None:
    """P(key), (24,); None without weights."""
    weights = load("harmony")
    if weights is None or "k1" not in weights:
        return None
    rows = key_inputs(shares(treble, bass), chords, strong)
    return np.asarray(softmax(key_logits(rows, weights)))


def softmax(logits: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
