"""Train the beat network: python -m training.train_beats OUT.npz VALID.npz TRAIN.npz...

Needs JAX (training only).  Runs about 20 minutes on one core for 3,000 clips.
"""
# ruff: noqa: ANN001, ANN201, ANN202

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from musearoo.brain.beats import BEAT_FPS

CHANNELS, LAYERS, TAPS, BATCH = 28, 9, 5, 16


def targets(truths: list[dict], frames: int) -> np.ndarray:
    """1 at the frame of a beat, 0.5 beside it; (clips, frames, 2)."""
    result = np.zeros((len(truths), frames, 2), np.float32)
    for row, truth in zip(result, truths, strict=True):
        for column, name in enumerate(("beats", "downbeats")):
            at = np.round(np.array(truth[name]) * BEAT_FPS).astype(int)
            for shift, value in ((-1, 0.5), (1, 0.5), (0, 1.0)):
                inside = at[(at + shift >= 0) & (at + shift < frames)] + shift
                row[inside, column] = np.maximum(row[inside, column], value)
    return result


def start(rng: np.random.Generator, width: int) -> dict[str, np.ndarray]:
    he = lambda *s, fan: (rng.normal(0, np.sqrt(2 / fan), s)).astype(np.float32)  # noqa: E731
    return {
        "in_w": he(width, CHANNELS, fan=width),
        "in_b": np.zeros(CHANNELS, np.float32),
        "conv_w": he(LAYERS, TAPS, CHANNELS, CHANNELS, fan=TAPS * CHANNELS) * 0.5,
        "conv_b": np.zeros((LAYERS, CHANNELS), np.float32),
        "out_w": he(CHANNELS, 2, fan=CHANNELS) * 0.3,
        "out_b": np.array([-2.5, -4.0], np.float32),
    }


def logits(weights, rows, key=None):
    """The same function as musearoo.brain.activation.forward, batched."""
    state = jax.nn.relu(rows @ weights["in_w"] + weights["in_b"])
    length = state.shape[1]
    for layer in range(LAYERS):
        step, reach = 2**layer, TAPS // 2 * 2**layer
        padded = jnp.pad(state, ((0, 0), (reach, reach), (0, 0)))
        taps = jnp.concatenate(
            [padded[:, t * step : t * step + length] for t in range(TAPS)], axis=2
        )
        total = taps @ weights["conv_w"][layer].reshape(TAPS * CHANNELS, CHANNELS)
        change = jax.nn.relu(total + weights["conv_b"][layer])
        if key is not None:
            key, sub = jax.random.split(key)
            keep = jax.random.bernoulli(sub, 0.9, (change.shape[0], 1, CHANNELS))
            change = change * keep / 0.9
        state = state + change
    return state @ weights["out_w"] + weights["out_b"]


def loss(weights, rows, wanted, key=None):
    z = logits(weights, rows, key)
    each = jax.nn.softplus(z) - z * wanted
    return each[..., 0].mean() + 1.5 * each[..., 1].mean()


@jax.jit
def step(weights, first, second, count, rate, rows, wanted, key):
    value, slope = jax.value_and_grad(loss)(weights, rows, wanted, key)
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(slope)))
    slope = jax.tree.map(lambda g: g * jnp.minimum(1, 1 / norm), slope)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)

    def update(w, m, v):
        return w - rate * (
            m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8) + 1e-4 * w
        )

    return jax.tree.map(update, weights, first, second), first, second, value


def augment(
    rng: np.random.Generator, rows: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Random gain per band group and a random shift in time."""
    gain = 1 + rng.normal(0, 0.15, (len(rows), 1, 1))
    tilt = np.concatenate([np.linspace(-1, 1, 20)] * 2 + [np.zeros(5)]) * rng.normal(
        0, 0.15, (len(rows), 1, 1)
    )
    shift = int(rng.integers(0, 120))
    return (rows * (gain + tilt)).astype(np.float32)[:, shift:], wanted[:, shift:]


def main() -> None:
    out, valid, paths, minutes = (
        sys.argv[1],
        np.load(sys.argv[2]),
        [np.load(p) for p in sys.argv[4:]],
        float(sys.argv[3]),
    )
    rows = np.concatenate([p["rhythm"] for p in paths])
    wanted = targets([json.loads(t) for p in paths for t in p["truth"]], rows.shape[1])
    vrows = valid["rhythm"].astype(np.float32)
    vwanted = targets([json.loads(t) for t in valid["truth"]], vrows.shape[1])
    rng, key = np.random.default_rng(0), jax.random.PRNGKey(0)
    weights = start(rng, rows.shape[2])
    first = jax.tree.map(jnp.zeros_like, weights)
    second, begin, count, best = first, time.time(), 0, 1e9
    check = jax.jit(loss)
    running = []
    while (share := (time.time() - begin) / (60 * minutes)) < 1:
        pick = rng.choice(len(rows), BATCH, replace=False)
        x, y = augment(rng, rows[pick].astype(np.float32), wanted[pick])
        x, y = x[:, :640], y[:, :640]
        rate = 2e-3 * min(1, (count + 1) / 100) * max(0.02, (1 + np.cos(np.pi * share)) / 2)
        key, sub = jax.random.split(key)
        count += 1
        weights, first, second, value = step(weights, first, second, count, rate, x, y, sub)
        running.append(float(value))
        if count % 200 == 0:
            held = float(
                np.mean(
                    [
                        check(weights, vrows[i : i + 20], vwanted[i : i + 20])
                        for i in range(0, len(vrows), 20)
                    ]
                )
            )
            print(
                count,
                round(time.time() - begin),
                round(np.mean(running[-200:]), 4),
                round(held, 4),
                flush=True,
            )
            if held < best:
                best = held
                np.savez(out, **{k: np.asarray(v).astype(np.float16) for k, v in weights.items()})


if __name__ == "__main__":
    main()
