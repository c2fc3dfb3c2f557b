"""How HarmonyRoo moves over human progressions: `python -m training.harmony_report`.

Chords of POP909 songs, every style: semitones a voice moves at each change, parallels
when strict, range, chord tones.
"""

import argparse
from itertools import pairwise

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun, ParameterValue
from musearoo.domain.music.style import STYLES
from musearoo.domain.music.voice_leading import has_parallels, motion
from musearoo.engines.contract import play
from musearoo.engines.harmonyroo import engine
from training.lead_sheets import LeadSheet, pop909
from training.melody_report import context_of


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--songs", type=int, default=20)
    songs = [song for song in pop909() if context_of(song).chords][: options.parse_args().songs]
    print(f"{'style':<12} motion  parallels strict  chord tones  lowest highest  strokes/bar")
    for style in STYLES:
        rows = [measure(style, song, seed) for seed, song in enumerate(songs)]
        moved, changes, parallel, right, notes, low, high, strokes, bars = map(
            list, zip(*rows, strict=True)
        )
        print(
            f"{style:<12} {sum(moved) / sum(changes):6.2f} {sum(parallel):17d} "
            f"{sum(right) / sum(notes):12.3f} {min(low):8d} {max(high):7d} "
            f"{sum(strokes) / sum(bars):11.1f}"
        )


def measure(
    style: str, song: LeadSheet, seed: int
) -> tuple[float, int, int, int, int, int, int, int, int]:
    context = context_of(song, style)
    plain = voicings(context, seed, {"texture": "pad", "complexity": 0.0})
    strict = voicings(context, seed, {"texture": "pad", "strict": True})
    moves = [motion(a, b) / len(b) for a, b in pairwise(plain) if a != b]
    run = EngineRun(engine="harmonyroo", context=context, parameters={}, seed=seed)
    bars = list(play(engine, run))
    notes = [note for bar in bars for note in bar.notes]
    right = sum(
        note.pitch % 12 in context.chord_at(note.start + 480).pitch_classes for note in notes
    )
    return (
        sum(moves),
        len(moves),
        sum(has_parallels(a, b) for a, b in pairwise(strict)),
        right,
        len(notes),
        min(note.pitch for note in notes),
        max(note.pitch for note in notes),
        sum(len({note.start for note in bar.notes}) for bar in bars),
        len(bars),
    )


def voicings(
    context: EngineContext, seed: int, parameters: dict[str, ParameterValue]
) -> list[tuple[int, ...]]:
    run = EngineRun(engine="harmonyroo", context=context, parameters=parameters, seed=seed)
    struck: dict[int, list[int]] = {}
    for bar in play(engine, run):
        for note in bar.notes:
            struck.setdefault(note.start, []).append(note.pitch)
    return [tuple(sorted(struck[start])) for start in sorted(struck)]


if __name__ == "__main__":
    main()
