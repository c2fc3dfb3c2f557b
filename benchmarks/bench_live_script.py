"""Writing clips through Live's remote script: python benchmarks/bench_live_script.py [--commits N].

Live is the fake one of the tests, in a process of its own: its timer, like Live's, comes every
10 ms at best, but its object model is Python and nothing sounds in it. So this measures our
server, our script and the way between them, not Live. Milliseconds from the call of
`write_clip` until Live's read-back has confirmed it, begun at random moments. Prints one JSON
line; `turn_ms` is what one turn of the script costs Live's thread.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.live.link import Place
from tests.application.live.script.stage import Stage, a_clip, load
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.song import Song

SLOTS = 8


def live(folder: Path) -> None:
    """Be Live until standard input ends, then tell what the turns cost."""
    host = FakeLive(load(folder), song=Song(midi_tracks=2, audio_tracks=0, scenes=SLOTS))
    bridge, costs = host.surface._musearoo, []  # noqa: SLF001
    turn = bridge.turn

    def timed() -> None:
        began = time.thread_time()
        turn()
        costs.append((time.thread_time() - began) * 1000)

    bridge.turn = timed
    host.start()
    sys.stdin.read()
    host.stop()
    print(json.dumps(shares(costs)))


def shares(values: list[float]) -> dict[str, float]:
    found = sorted(values)
    ranks = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    last = len(found) - 1
    return {
        name: round(found[min(last, int(rank * len(found)))], 2) for name, rank in ranks.items()
    }


async def measured(stage: Stage, track: int, notes: int, commits: int) -> dict[str, float]:
    """Into empty slots first, then over what is there."""
    taken = []
    for number in range(commits):
        clip = a_clip(notes, f"Take {number}")
        over = f"Take {number - SLOTS}" if number >= SLOTS else None
        await asyncio.sleep(random.uniform(0.005, 0.025))
        began = time.perf_counter()
        await stage.link.write_clip(Place(track, number % SLOTS), clip, over=over)
        taken.append((time.perf_counter() - began) * 1000)
    return shares(taken)


async def main(commits: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        await stage.link.open()
        stage.pair()
        command = [sys.executable, __file__, "--live", str(Path(folder) / "MuseAroo")]
        child = subprocess.Popen(  # noqa: ASYNC220  (nothing else runs meanwhile)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        await stage.here()
        result = {
            "notes_64_ms": await measured(stage, 0, 64, commits),
            "notes_1000_ms": await measured(stage, 1, 1000, commits // 4),
        }
        await stage.close()
        told, _ = await asyncio.to_thread(child.communicate, timeout=20)
        result["turn_ms"] = json.loads(told)
    line = {"benchmark": "live_script", "host": "fake", "commits": commits, **result}
    print(json.dumps({**line, "machine": facts()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--live", type=Path)
    given = parser.parse_args()
    if given.live is not None:
        live(given.live)
    else:
        asyncio.run(main(given.commits))
