"""Train the ranking of readings: python -m training.train_readings make OUT SPLIT FIRST COUNT DATA, or
python -m training.train_readings fit OUT.npz VALID.npz MINUTES TRAIN.npz...

`make` composes new clips of 4 to 16 s, runs the tracker with the trained beat network and
stores the evidence of every reading; `fit` learns to put the probability on right ones.
"""
# ruff: noqa: ANN001, ANN201, ANN202, E501, PLC0415, SLF001

import sys
import time
from pathlib import Path

import numpy as np

from musearoo.brain import rhythm
from musearoo.brain.activation import activations
from musearoo.brain.grid import Evidence
from musearoo.brain.meter import BARS, describe
from musearoo.brain.onsets import find_onsets
from musearoo.brain.pitch import pitch_content
from musearoo.brain.signal import condition
from musearoo.brain.tempo import autocorrelation, pulse_rates

HIDDEN, WIDEST, PENALTY = 12, 900, 1e-2


def evidence_of(sound: np.ndarray):
    level = condition(sound, 22050).samples
    onsets, pitch = find_onsets(level), pitch_content(level)
    if len(onsets.peaks) < 3:
        return None
    beat, downbeat = activations(onsets, pitch)
    rates = pulse_rates(autocorrelation(onsets.strength))
    pulses = rhythm.candidate_pulses(beat, rates, onsets)
    evidence = Evidence(onsets, pitch, beat, downbeat, *rhythm._span(onsets))
    readings, table = describe(pulses, evidence)
    return (pulses, readings, table) if readings else None


def right(truth, pulses, reading) -> bool:
    """Tempo within 4 %, the same meter, the downbeat within 70 ms."""
    bar, pulse = BARS[reading.bar], pulses[reading.pulse]
    beat = {"5/8": 0.5, "7/8": 0.5, "6/8": 1.5, "9/8": 1.5, "12/8": 1.5}.get(truth.meter, 1.0)
    if (
        bar.name != truth.meter
        or abs(pulse.bpm * bar.quarters_per_pulse / (truth.bpm * beat) - 1) > 0.04
    ):
        return False
    times = np.interp(
        np.arange(reading.phase, len(pulse.seconds) * bar.division, bar.units) / bar.division,
        np.arange(len(pulse.seconds)),
        pulse.seconds,
    )
    inside = times[: max(1, len(times) - 1)]
    return bool(np.median(np.abs(inside[:, None] - truth.downbeats[None]).min(axis=1)) < 0.07)


def make(out: str, split: str, first: int, count: int, data: Path) -> None:
    from training.compose import Library, compose
    from training.perform import RATE, Player

    library, player = Library(data, split), Player(data / "soundfont/musearoo_gm_subset.sf3")
    tables, labels, lengths = [], [], []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        seconds = float(rng.choice([rng.uniform(4, 9), rng.uniform(8, 20)]))
        sound, truth = player.perform(rng, compose(rng, library, seconds), seconds)
        if len(truth.beats) < 4 or not len(truth.downbeats) or np.abs(sound).max() < 1e-3:
            continue
        found = evidence_of(sound[: int(seconds * RATE)])
        if found is None:
            continue
        pulses, readings, table = found
        tables.append(table.astype(np.float16))
        labels.append(np.array([right(truth, pulses, r) for r in readings]))
        lengths.append(len(table))
    print("some reading right in", np.mean([x.any() for x in labels]))
    np.savez(
        out, table=np.concatenate(tables), label=np.concatenate(labels), length=np.array(lengths)
    )


def load(paths):
    sets = []
    for path in paths:
        stored = np.load(path)
        ends = np.cumsum(stored["length"])
        table, label = stored["table"].astype(np.float32), stored["label"]
        sets += [
            (table[e - n : e], label[e - n : e])
            for e, n in zip(ends, stored["length"], strict=True)
        ]
    return sets


def fit(out: str, valid: str, minutes: float, paths: list[str]) -> None:
    import jax
    import jax.numpy as jnp

    sets, held = [s for s in load(paths) if s[1].any()], load([valid])
    everything = np.concatenate([t for t, _ in sets])
    mean, spread = everything.mean(0), everything.std(0) + 0.05
    width, rng = everything.shape[1], np.random.default_rng(0)
    w = {
        "w1": rng.normal(0, 0.2, (width, HIDDEN)).astype(np.float32),
        "b1": np.zeros(HIDDEN, np.float32),
        "w2": rng.normal(0, 0.2, (HIDDEN, 1)).astype(np.float32),
        "direct": np.zeros((width, 1), np.float32),
    }

    def packed(chosen):
        rows = np.zeros((len(chosen), WIDEST, width), np.float32)
        mask, good = np.zeros((len(chosen), WIDEST), bool), np.zeros((len(chosen), WIDEST), bool)
        for i, (t, y) in enumerate(chosen):
            n = min(len(t), WIDEST)
            rows[i, :n], mask[i, :n], good[i, :n] = (t[:n] - mean) / spread, True, y[:n]
        return rows, mask, good

    def loss(w, rows, mask, good):
        z = jnp.tanh(rows @ w["w1"] + w["b1"]) @ w["w2"] + rows @ w["direct"]
        z = jnp.where(mask, z[..., 0], -1e9)
        rightly = jax.nn.logsumexp(jnp.where(good, z, -1e9), axis=1)
        penalty = PENALTY * sum(jnp.sum(a**2) for a in w.values())
        return (jax.nn.logsumexp(z, axis=1) - rightly).mean() + penalty

    @jax.jit
    def step(w, m, v, n, rate, rows, mask, good):
        value, g = jax.value_and_grad(loss)(w, rows, mask, good)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        scale = jnp.sqrt(1 - 0.999**n) / (1 - 0.9**n)
        return (
            jax.tree.map(lambda a, b, c: a - rate * scale * b / (jnp.sqrt(c) + 1e-8), w, m, v),
            m,
            v,
            value,
        )

    m = jax.tree.map(jnp.zeros_like, w)
    v, n, begin, seen = m, 0, time.process_time(), []
    while (share := (time.process_time() - begin) / (60 * minutes)) < 1:
        batch = packed([sets[i] for i in rng.integers(0, len(sets), 24)])
        n += 1
        w, m, v, value = step(w, m, v, n, 4e-3 * max(0.01, (1 + np.cos(np.pi * share)) / 2), *batch)
        seen.append(float(value))
        if n % 200 == 0:
            print(n, round(np.mean(seen[-200:]), 4), _held(w, mean, spread, held), flush=True)
    print("final", _held(w, mean, spread, held))
    np.savez(
        out,
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        **{k: np.asarray(a).astype(np.float32) for k, a in w.items()},
    )


def _held(w, mean, spread, held) -> str:
    w = {k: np.asarray(a) for k, a in w.items()}
    hits, chances, losses = [], [], []
    for table, label in held:
        rows = (table - mean) / spread
        z = (np.tanh(rows @ w["w1"] + w["b1"]) @ w["w2"] + rows @ w["direct"])[:, 0]
        p = np.exp(z - z.max())
        hits.append(label[np.argmax(z)])
        chances.append(p.max() / p.sum())
        if label.any():
            losses.append(-np.log(p[label].sum() / p.sum() + 1e-9))
    return f"held-out all right {np.mean(hits):.3f}, mean confidence {np.mean(chances):.3f}, loss {np.mean(losses):.3f}"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), Path(sys.argv[6]))
    else:
        fit(sys.argv[2], sys.argv[3], float(sys.argv[4]), sys.argv[5:])
