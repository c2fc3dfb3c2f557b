"""DrummaRoo against human drummers: python benchmarks/bench_groove_compare.py [--table] [STYLE].

Human values are those of Groove MIDI in `engines/drummaroo/groove.json`, measured in the
same way by `training/groove_tables.py`. Prints one JSON line, or a table of ours / human.
"""

import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
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


def table(results: dict[str, dict[str, float]]) -> None:
    print(
        f"{'style':12} notes         LHL         Jaccard     backbeat    kick on 1   ghosts      "
        "snare sd  late ms (sd)"
    )
    for style, own in results.items():
        human = style_of(style).human
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


def summary(results: dict[str, dict[str, float]]) -> dict[str, object]:
    """Mean distance from human bars over styles, as a share of the human value."""
    apart = {
        name: round(
            statistics.mean(
                abs(own[name] * 1000 - getattr(style_of(style).human, name))
                / max(1, getattr(style_of(style).human, name))
                for style, own in results.items()
            ),
            3,
        )
        for name in ("notes", "syncopation", "repetition", "ghosts")
    }
    rounded = {
        style: {name: round(value, 2) for name, value in own.items()}
        for style, own in results.items()
    }
    return {"benchmark": "groove_compare", "apart": apart, "styles": rounded, "machine": facts()}


def main() -> None:
    styles = [name for name in sys.argv[1:] if name != "--table"] or list(STYLES)
    results = {style: measured(style) for style in styles}
    if "--table" in sys.argv[1:]:
        table(results)
    else:
        print(json.dumps(summary(results)))


if __name__ == "__main__":
    main()
