"""Train chord and key networks: python -m training.train_harmony OUT.npz VALID.npz MINUTES DATA TRAIN.npz...

Billboard songs whose number ends in 8 or 9 are held out.  Needs JAX (training only).
"""
# ruff: noqa: ANN001, ANN201, ANN202, E501

import itertools
import json
import sys
import time
import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from musearoo.brain.chordnet import chord_logits, chord_rows, key_inputs, shares, softmax, turn
from musearoo.brain.pitch import pool
from musearoo.brain.spectrum import PITCH_FPS
from training.piece import METERS

HIDDEN, SECOND, KEY_HIDDEN = 64, 32, 32
MINOR = ("min", "min7", "hdim7", "dim", "minmaj7", "min6")


def rendered(path: str, rng: np.random.Generator, times: int) -> list[tuple]:
    """(share, labels, first, per bar, key) of each clip on true, jittered, or wrong beats."""
    stored, clips = np.load(path), []
    chroma, truths = stored["chroma"], [json.loads(t) for t in stored["truth"]]
    for frames, truth in zip(chroma, truths, strict=True):
        clips += [_clip(frames.astype(np.float32), truth, rng) for _ in range(times)]
    return [c for c in clips if c is not None]


def _clip(frames: np.ndarray, truth: dict, rng: np.random.Generator):
    beats, down = np.array(truth["beats"]), np.array(truth["downbeats"])
    per_bar = round(METERS[truth["meter"]][0] / METERS[truth["meter"]][1])
    mode = rng.random()
    known = mode < 0.75
    if mode > 0.9:
        beats = beats[::2]
    elif mode > 0.8:
        beats = np.interp(np.arange(0, len(beats) - 0.5, 0.5), np.arange(len(beats)), beats)
    if len(beats) < 4:
        return None
    first = int(np.argmin(np.abs(beats - down[0]))) if known and len(down) else None
    step = float(np.median(np.diff(beats)))
    length = int(rng.integers(8, max(9, len(beats) + 1))) if rng.random() < 0.5 else len(beats)
    beats = beats[:length] + rng.normal(0, 0.015)
    edges = np.append(beats, beats[-1] + step)
    treble, bass = pool(frames[:, :12], PITCH_FPS, edges), pool(frames[:, 12:], PITCH_FPS, edges)
    labels = [_label(truth["chords"], (a + b) / 2) for a, b in itertools.pairwise(edges)]
    if truth["key"] is None:
        return shares(treble, bass), np.full(len(labels), 24), first, per_bar, -1
    tonic, minor = truth["key"]
    return shares(treble, bass), np.array(labels), first, per_bar, tonic + 12 * bool(minor)


def _label(chords: list, at: float) -> int:
    for a, b, root, quality in chords:
        if a <= at < b:
            return root + 12 * (quality in MINOR)
    return -1


def billboard(data: Path, rng: np.random.Generator, held_out: bool, times: int) -> list[tuple]:
    """Excerpts of real songs on pseudo-beats of 2 to 5 frames."""
    stored = np.load(data / "billboard/nnls_chroma_majmin.npz")
    tonics = _tonics(data)
    ends = np.cumsum(stored["length"])
    clips = []
    for name, end, length in zip(stored["song"], ends, stored["length"], strict=True):
        if (name[-1] in "89") != held_out:
            continue
        chroma = np.expm1(stored["chroma"][end - length : end] / 255 * np.log1p(20)).astype(
            np.float32
        )
        label = stored["label"][end - length : end].astype(int)
        label = np.where((label >= 0) & (label < 24), label // 2 + 12 * (label % 2), label)
        for _ in range(times):
            step = int(rng.integers(2, 6))
            count = int(rng.integers(12, 96)) if not held_out else len(chroma) // step - 1
            if len(chroma) <= count * step + 1:
                continue
            start = int(rng.integers(0, len(chroma) - count * step))
            rows = chroma[start : start + count * step].reshape(count, step, 24).mean(axis=1)
            want = label[start : start + count * step].reshape(count, step)[:, step // 2]
            key = _key(tonics.get(str(name)), want)
            clips.append((shares(rows[:, 12:], rows[:, :12]), want, None, 4, key))
    return clips


def _tonics(data: Path) -> dict[str, int]:
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    found = {}
    with zipfile.ZipFile(data / "billboard/billboard_salami_chords.zip") as archive:
        for name in archive.namelist():
            lines = archive.read(name).decode().splitlines()
            tonics = [line.split(":")[1].strip() for line in lines if line.startswith("# tonic")]
            if len(tonics) == 1:
                text = tonics[0]
                found[Path(name).stem] = (steps[text[0]] + text.count("#") - text.count("b")) % 12
    return found


def _key(tonic: int | None, labels: np.ndarray) -> int:
    """Tonic as annotated, mode by the commoner tonic triad; -1 where that is unclear."""
    if tonic is None:
        return -1
    major, minor = int((labels == tonic).sum()), int((labels == tonic + 12).sum())
    return -1 if major == minor else tonic + 12 * (minor > major)


def net(w, rows):
    hidden = jax.nn.relu(rows @ w["w1"] + w["b1"])
    hidden = jax.nn.relu(hidden @ w["w2"] + w["b2"])
    pair = hidden @ w["w3"] + w["b3"]
    none = hidden.mean(axis=1) @ w["wn"] + w["bn"]
    return jnp.concatenate([pair[:, :, 0], pair[:, :, 1], none], axis=1)


def chord_loss(w, rows, labels):
    chance = jax.nn.log_softmax(net(w, rows))
    each = -jnp.take_along_axis(chance, jnp.maximum(labels, 0)[:, None], 1)[:, 0]
    return jnp.sum(each * (labels >= 0)) / jnp.maximum(jnp.sum(labels >= 0), 1)


def key_loss(w, rows, labels):
    hidden = jax.nn.relu(rows @ w["k1"] + w["kb1"])
    pair = hidden @ w["k2"] + w["kb2"]
    chance = jax.nn.log_softmax(jnp.concatenate([pair[..., 0], pair[..., 1]], axis=-1))
    return -jnp.take_along_axis(chance, labels[:, None], 1).mean()


def adam(loss):
    @jax.jit
    def step(w, m, v, n, rate, rows, labels):
        value, g = jax.value_and_grad(loss)(w, rows, labels)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        scale = jnp.sqrt(1 - 0.999**n) / (1 - 0.9**n)
        w = jax.tree.map(
            lambda a, b, c: a - rate * (scale * b / (jnp.sqrt(c) + 1e-8) + 2e-4 * a), w, m, v
        )
        return w, m, v, value

    return step


def train(loss, w, batch, minutes: float, peak: float):
    m = jax.tree.map(jnp.zeros_like, w)
    v, step, begin, n, seen = m, adam(loss), time.process_time(), 0, []
    while (share := (time.process_time() - begin) / (60 * minutes)) < 1:
        rows, labels = batch()
        n += 1
        w, m, v, value = step(
            w, m, v, n, peak * max(0.01, (1 + np.cos(np.pi * share)) / 2), rows, labels
        )
        seen.append(float(value))
        if n % 1000 == 0:
            print(n, round(np.mean(seen[-1000:]), 4), flush=True)
    return {k: np.asarray(a) for k, a in w.items()}


def he(rng, a, b):
    return rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32)


def chords_of(w, clip) -> np.ndarray:
    return softmax(chord_logits(turn(chord_rows(clip[0], clip[2], clip[3])), w))


def key_rows(w, clip) -> np.ndarray:
    share, _, first, per_bar, _ = clip
    strong = (
        np.zeros(len(share), bool)
        if first is None
        else (np.arange(len(share)) - first) % per_bar == 0
    )
    return key_inputs(share, chords_of(w, clip), strong)


def main() -> None:
    out, valid_path, minutes, data, paths = (
        sys.argv[1],
        sys.argv[2],
        float(sys.argv[3]),
        Path(sys.argv[4]),
        sys.argv[5:],
    )
    rng = np.random.default_rng(1)
    real, real_held = billboard(data, rng, False, 5), billboard(data, rng, True, 1)
    made = [c for p in paths for c in rendered(p, rng, 2)]
    made_held = rendered(valid_path, np.random.default_rng(2), 1)
    print(len(real), len(made), len(real_held), len(made_held), flush=True)

    rows = [
        [chord_rows(c[0], c[2], c[3]).astype(np.float16) for c in clips] for clips in (real, made)
    ]
    tables = [np.concatenate(r) for r in rows]
    labels = [np.concatenate([c[1] for c in clips]) for clips in (real, made)]
    width = tables[0].shape[1]
    w = {"w1": he(rng, width, HIDDEN), "b1": np.zeros(HIDDEN, np.float32), "w2": he(rng, HIDDEN, SECOND), "b2": np.zeros(SECOND, np.float32), "w3": he(rng, SECOND, 2) * 0.3, "b3": np.zeros(2, np.float32), "wn": he(rng, SECOND, 1) * 0.3, "bn": np.zeros(1, np.float32)}  # fmt: skip

    def chord_batch():
        picks = [rng.integers(0, len(y), n) for y, n in zip(labels, (160, 224), strict=True)]
        x = np.concatenate([t[p] for t, p in zip(tables, picks, strict=True)]).astype(np.float32)
        return turn(x), np.concatenate([y[p] for y, p in zip(labels, picks, strict=True)])

    w = train(chord_loss, w, chord_batch, minutes * 0.75, 3e-3)
    for name, clips in (("billboard", real_held), ("rendered", made_held)):
        right = [
            (chords_of(w, c).argmax(1) == c[1])[c[1] >= 0].mean()
            for c in clips
            if (c[1] >= 0).any()
        ]
        print("held-out chords, no smoothing", name, round(float(np.mean(right)), 3), flush=True)

    keyed = [(key_rows(w, c), c[4]) for c in real[::2] + made[::2] if c[4] >= 0]
    krows, klabels = np.stack([k for k, _ in keyed]), np.array([k for _, k in keyed])
    kw = {
        "k1": he(rng, krows.shape[2], KEY_HIDDEN),
        "kb1": np.zeros(KEY_HIDDEN, np.float32),
        "k2": he(rng, KEY_HIDDEN, 2) * 0.3,
        "kb2": np.zeros(2, np.float32),
    }

    def key_batch():
        pick = rng.integers(0, len(krows), 128)
        return krows[pick], klabels[pick]

    kw = train(key_loss, kw, key_batch, minutes * 0.25, 2e-3)
    np.savez(out, **{k: v.astype(np.float16) for k, v in (w | kw).items()})
    for name, clips in (("billboard", real_held), ("rendered", made_held)):
        keyed = [c for c in clips if c[4] >= 0]
        rows = np.stack([key_rows(w, c) for c in keyed])
        hidden = np.maximum(rows @ kw["k1"] + kw["kb1"], 0)
        pair = hidden @ kw["k2"] + kw["kb2"]
        chance = softmax(np.concatenate([pair[..., 0], pair[..., 1]], axis=-1))
        want = np.array([c[4] for c in keyed])
        right = chance.argmax(1) == want
        print(
            "held-out key exact",
            name,
            round(float(right.mean()), 3),
            "mean confidence",
            round(float(chance.max(1).mean()), 3),
            flush=True,
        )


if __name__ == "__main__":
    main()
