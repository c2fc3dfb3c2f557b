"""How long an engine needs for eight bars: `python benchmarks/bench_engines.py [ENGINE ...]`.

Each style once a round, in its own process state (warm tables), default controls, the
band hearing each other. Prints one JSON line; times in milliseconds, of wall and of our
own processor time, which a busy machine does not stretch. Goal: 20 ms, aim: 5 ms.
"""

import json
import sys
import time
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))
import msgspec

from benchmarks.machine import facts
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.note import Note
from musearoo.domain.music.style import STYLES
from musearoo.engines.contract import play
from musearoo.engines.loading import load_engines

BARS = 8
ROUNDS = 12
SYMBOLS = ("A:min", "F:maj", "C:maj", "G:7")


def context(style: str) -> EngineContext:
    spans = tuple(ChordSpan(bar * 3840, 3840, Chord.parse(SYMBOLS[bar % 4])) for bar in range(BARS))
    return EngineContext(bars=BARS, style=style, key=Key.parse("A minor"), chords=spans)


def main() -> None:
    engines = load_engines()
    wanted = sys.argv[1:] or list(engines)
    heard: dict[str, dict[str, tuple[Note, ...]]] = {style: {} for style in STYLES}
    results: dict[str, dict[str, float]] = {}
    for name, engine in engines.items():
        walls, own = [], []
        for seed in range(ROUNDS + 1):
            for style in STYLES:
                music = msgspec.structs.replace(context(style), parts=dict(heard[style]))
                run = EngineRun(engine=name, context=music, parameters={}, seed=seed)
                wall, processor = time.perf_counter(), time.process_time()
                bars = list(play(engine, run))
                if seed:
                    walls.append(1000 * (time.perf_counter() - wall))
                    own.append(1000 * (time.process_time() - processor))
                else:
                    part = tuple(note for bar in bars for note in bar.notes)
                    heard[style][engine.description.default_part] = part
        if name in wanted:
            results[name] = {
                "p50": round(quantiles(walls, n=20)[9], 2),
                "p95": round(quantiles(walls, n=20)[18], 2),
                "processor_p50": round(quantiles(own, n=20)[9], 2),
                "processor_p95": round(quantiles(own, n=20)[18], 2),
            }
    print(json.dumps({"benchmark": "engines", "bars": BARS, **results, "machine": facts()}))


if __name__ == "__main__":
    main()
