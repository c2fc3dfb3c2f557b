"""How long the way into a worker and back is: python benchmarks/bench_dispatch.py [--loop asyncio].

Idle: one request after another. `dispatch` is from the call to the first step of the engine
in its process, `bar` until the bar was heard, `answer` until the call returned. Busy: open
loop at 70 % of what one worker can do, Poisson arrivals, runs of 2 ms; `overhead` is how much
later each answer came than from an ideal queue with the same arrivals and service times.
Prints one JSON line; times in milliseconds.
"""

import argparse
import asyncio
import gc
import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.domain.engine import Bar, EngineRun
from musearoo.jobs.pool import WorkerPool
from tests.doubles.pools import command, run_of, running, settings

IDLE_RUNS = 2000
BUSY_SECONDS = 8.0
SERVICE_US = 2000
SHARE = 0.7


def of_stopwatch(busy_us: int) -> EngineRun:
    return run_of("stopwatch", bars=1, parameters={"busy_us": busy_us})


async def timed(pool: WorkerPool, run: EngineRun) -> tuple[float, float, float]:
    """Milliseconds to the engine's first step, to the bar, to the answer."""
    heard: list[tuple[int, int]] = []

    def on_bar(bar: Bar) -> None:
        heard.append((time.monotonic_ns(), bar.notes[0].start))

    began = time.monotonic_ns()
    await pool.play(run, lane="interactive", on_bar=on_bar)
    ended = time.monotonic_ns()
    arrived, started = heard[0]
    return (started - began) / 1e6, (arrived - began) / 1e6, (ended - began) / 1e6


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    picked = {"p50": 0.5, "p99": 0.99}
    return {n: round(ordered[int(q * (len(ordered) - 1))], 4) for n, q in picked.items()}


async def idle(pool: WorkerPool) -> dict[str, object]:
    for _ in range(100):
        await timed(pool, of_stopwatch(0))
    rows = [await timed(pool, of_stopwatch(0)) for _ in range(IDLE_RUNS)]
    names = ("dispatch", "bar", "answer")
    return {
        name: quantiles(list(column))
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


async def busy(pool: WorkerPool) -> dict[str, object]:
    service = sorted([(await timed(pool, of_stopwatch(SERVICE_US)))[2] for _ in range(200)])[100]
    chance, arrivals, at = random.Random(1), [], 0.0
    while at < BUSY_SECONDS:
        arrivals.append(at)
        at += chance.expovariate(SHARE / (service / 1000))
    ends = [0.0] * len(arrivals)
    origin = time.monotonic()

    async def one(number: int) -> None:
        await timed(pool, of_stopwatch(SERVICE_US))
        ends[number] = time.monotonic() - origin

    async with asyncio.TaskGroup() as group:
        for number, scheduled in enumerate(arrivals):
            await asyncio.sleep(max(scheduled - (time.monotonic() - origin), 0.0))
            group.create_task(one(number))
    free, overhead, latency = 0.0, [], []
    for scheduled, end in zip(arrivals, ends, strict=True):
        free = max(free, scheduled) + service / 1000
        overhead.append((end - free) * 1000)
        latency.append((end - scheduled) * 1000)
    return {
        "runs": len(arrivals),
        "service": round(service, 3),
        "latency": quantiles(latency),
        "overhead": quantiles(overhead),
    }


async def measure() -> dict[str, object]:
    with TemporaryDirectory() as folder:
        plan = settings(command(Path(folder)), durable=0, analysis=0, queue_limit=10_000)
        async with running(plan) as pool:
            gc.collect()
            gc.freeze()
            return {"idle": await idle(pool), "busy": await busy(pool)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="uvloop")
    loop = parser.parse_args().loop
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    factory = None
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415  (absent on Windows)

        factory = uvloop.new_event_loop
    before = facts()
    with asyncio.Runner(loop_factory=factory) as runner:
        result = runner.run(measure())
    line = {"benchmark": "dispatch", "loop": loop, **result, "machine": before}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
