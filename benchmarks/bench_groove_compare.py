"""DrummaRoo against human drummers, style by style: `python benchmarks/bench_groove_compare.py`.

Human values are those of Groove MIDI in `engines/drummaroo/groove.json`, measured in the
same way by `training/groove_tables.py`. Each cell is ours / human.
"""

import statistics
import sys

from musearoo.domain.context import EngineContext, Section
from musearoo.domain.engine import Bar, EngineRun
from musearoo.domain.music.rhythm import grid_of, mean_repetition, syncopation
from musearoo.domain.music.style import STYLES
from musearoo.engines.contract import play
from musearoo.engines.drummaroo import engine
from musearoo.engines.drummaroo.lexicon import style_of

BARS = 16
SEEDS = 24
TEMPO = {
    "jazz": 160, "punk": 170, "dance": 124, "ballad": 70, "hip hop": 90, "funk": 102,
    "reggae": 140, "metal": 150, "new orleans": 96, "soul": 100,
}  # fmt: skip
SNARES = ("snare", "rimshot")


def measured(style: str) -> dict[str, float]:
    context = EngineContext(
        bars=BARS,
        tempo_millibpm=1000 * TEMPO.get(style, 110),
        style=style,
        sections=(Section("verse", 0, 8), Section("chorus", 8, 8)),
    )
    takes = [
        list(play(engine, EngineRun(engine="drummaroo", context=context, parameters={}, seed=seed)))
        for seed in range(SEEDS)
    ]
    grid = grid_of(context.meter)
    bars = [bar for take in takes for bar in take]
    struck = [_struck(bar) for bar in bars]
    accents = [
        {_step(n.start) for n in bar.notes if n.voice in SNARES and n.velocity >= 45}
        for bar in bars
    ]
    snares = [n.velocity for bar in bars for n in bar.notes if n.voice in SNARES]
    late = [n.offset_us / 1000 for bar in bars for n in bar.notes]
    return {
        "notes": sum(len(bar.notes) for bar in bars) / len(bars),
        "syncopation": statistics.mean(
            syncopation({step for _, step in bar}, grid.weights) for bar in struck
        ),
        "repetition": statistics.mean(
            mean_repetition([_struck(bar) for bar in take]) / 1000 for take in takes
        ),
        "backbeat": sum((4 in bar) + (12 in bar) for bar in accents) / 2 / len(bars),
        "kick_on_one": sum(("kick", 0) in bar for bar in struck) / len(bars),
        "ghosts": sum(
            n.voice in SNARES and n.velocity < 45 for bar in bars for n in bar.notes
        ) / len(bars),
        "snare velocity sd": statistics.pstdev(snares),
        "late ms": statistics.mean(late),
        "late sd": statistics.pstdev(late),
    }  # fmt: skip


def _struck(bar: Bar) -> set[tuple[str, int]]:
    return {(n.voice, _step(n.start)) for n in bar.notes if n.voice in ("kick", *SNARES)}


def _step(tick: int) -> int:
    return (tick % 3840 + 80) // 240 % 16


def main() -> None:
    print(
        f"{'style':12} notes         LHL         Jaccard     backbeat    kick on 1   ghosts      "
        "snare sd  late ms (sd)"
    )
    for style in sys.argv[1:] or STYLES:
        own, human = measured(style), style_of(style).human
        pairs = [
            f"{own['notes']:5.1f}/{human.notes / 1000:4.1f}",
            f"{own['syncopation']:4.2f}/{human.syncopation / 1000:4.2f}",
            f"{own['repetition']:4.2f}/{human.repetition / 1000:4.2f}",
            f"{own['backbeat']:4.2f}/{human.backbeat / 1000:4.2f}",
            f"{own['kick_on_one']:4.2f}/{human.kick_on_one / 1000:4.2f}",
            f"{own['ghosts']:4.1f}/{human.ghosts / 1000:4.1f}",
            f"{own['snare velocity sd']:4.0f}",
            f"{own['late ms']:5.1f} ({own['late sd']:4.1f})",
        ]
        print(f"{style:12} " + "   ".join(pairs))


if __name__ == "__main__":
    main()
