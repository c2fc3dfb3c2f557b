"""How fast the store acknowledges: python benchmarks/bench_commits.py [--postgres] [--folder DIR].

Each write is what a command costs: one event appended and its answer kept, durable when it
returns. `writes_per_s` are acknowledged writes with so many in flight, `commits_per_s` the
transactions that carried them; ack times in milliseconds. `read_us` is a project read by its
id, in microseconds. SQLite's data lies in DIR (the system's folder for temporary files unless
given; a memory disk there would flatter), the PostgreSQL is that of the tests with fsync on.
Prints one JSON line.
"""

import argparse
import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.storage.opening import open_store
from tests.contract.making import access, answer, event, with_song
from tests.servers.postgres import running

IN_FLIGHT = (1, 20, 100)
WRITES = 6000
WRITES_ALONE = 1500
READS = 20_000


def quantiles(values: list[float], scale: float) -> dict[str, float]:
    ordered = sorted(values)
    picked = {"p50": 0.5, "p99": 0.99}
    return {n: round(ordered[int(q * (len(ordered) - 1))] * scale, 4) for n, q in picked.items()}


async def writing(store: Any, in_flight: int, first: int) -> dict[str, object]:
    count = WRITES if in_flight > 1 else WRITES_ALONE
    numbers = iter(range(first, first + count))
    acks: list[float] = []

    async def one_client() -> None:
        for number in numbers:
            stored, kept = event(number, body=b"x" * 200), answer(f"c{number}", body=b"x" * 200)

            def work(tx: Any, stored: Any = stored, kept: Any = kept) -> None:
                tx.sessions.append([stored])
                tx.answers.put(kept)

            began = time.perf_counter()
            await store.write(work)
            acks.append(time.perf_counter() - began)

    before, began = store.commits, time.perf_counter()
    await asyncio.gather(*(one_client() for _ in range(in_flight)))
    seconds = time.perf_counter() - began
    return {
        "in_flight": in_flight,
        "writes_per_s": round(count / seconds),
        "commits_per_s": round((store.commits - before) / seconds),
        "ack_ms": quantiles(acks, 1e3),
    }


async def reading(store: Any) -> dict[str, float]:
    song = access("song")
    times: list[float] = []
    for _ in range(READS):
        began = time.perf_counter()
        await store.read(lambda tx: tx.projects.get(song))
        times.append(time.perf_counter() - began)
    return quantiles(times, 1e6)


async def measured(url: str | None, folder: Path) -> dict[str, object]:
    store = open_store(url, folder)
    await with_song(store)
    await writing(store, 20, 1)  # warm
    rows = [await writing(store, n, 10_000 * (i + 2)) for i, n in enumerate(IN_FLIGHT)]
    read = await reading(store)
    await store.close()
    return {"writes": rows, "read_us": read}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    machine = facts() | {"sqlite": sqlite3.sqlite_version, "commit": commit.stdout.strip()}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=arguments.folder)))
        url = None
        if arguments.postgres:
            server = stack.enter_context(running(durable=True))
            url = server.url(server.create())
        result = asyncio.run(measured(url, folder))
    database = "postgresql" if arguments.postgres else "sqlite"
    print(json.dumps({"benchmark": "commits", "database": database, **result, "machine": machine}))


if __name__ == "__main__":
    main()
