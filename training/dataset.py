"""Compose, render and analyse clips into arrays: python -m training.dataset OUT SPLIT FIRST COUNT [DATA]."""
# ruff: noqa: E501

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from musearoo.brain.activation import inputs
from musearoo.brain.onsets import find_onsets
from musearoo.brain.pitch import pitch_content
from musearoo.brain.signal import condition
from training.compose import Library, compose
from training.perform import RATE, Player

SECONDS = 15.4


def main() -> None:
    out, split, first, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    data = Path(sys.argv[5] if len(sys.argv) > 5 else "../shared/data")
    library = Library(data, split)
    player = Player(data / "soundfont/musearoo_gm_subset.sf3")
    rhythm, chroma, truths = [], [], []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        piece = compose(rng, library, SECONDS)
        sound, truth = player.perform(rng, piece, SECONDS)
        if len(truth.beats) < 4 or np.abs(sound).max() < 1e-3:
            continue
        sound = np.pad(sound, (0, max(0, int(SECONDS * RATE) - len(sound))))
        level = condition(sound, RATE).samples
        onsets, pitch = find_onsets(level), pitch_content(level)
        rhythm.append(inputs(onsets, pitch).astype(np.float16))
        chroma.append(np.concatenate([pitch.treble, pitch.bass], axis=1).astype(np.float16))
        row = asdict(truth) | {"beats": truth.beats.tolist(), "downbeats": truth.downbeats.tolist()}
        truths.append(json.dumps(row | {"seed": seed}))
    np.savez(out, rhythm=np.stack(rhythm), chroma=np.stack(chroma), truth=np.array(truths))


if __name__ == "__main__":
    main()
