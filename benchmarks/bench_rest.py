"""REST hot read with authentication against the textbook endpoint, in turn, in one run.

The figure is requests per CPU second of the server process, so that the load generator on
the other core does not blur it. Both run uvicorn with uvloop and httptools.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.load import Load, hammer, request_bytes
from benchmarks.machine import facts
from tests.servers.server import serving

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 32


@contextmanager
def textbook(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    """The textbook server: process id, port and request."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.textbook", str(folder / "book.sqlite3"), str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        token = process.stdout.readline().strip()
        _await_port(port)
        yield process.pid, port, request_bytes("/projects/7", {"Authorization": f"Bearer {token}"})
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ours(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    """Our server with as many projects."""
    with (
        serving(folder / "data", {"MUSEAROO_LOG_LEVEL": "warning"}) as server,
        server.client() as client,
    ):
        ids = [
            client.post("/api/v3/projects", json={"name": f"Riff {n}"}).json()["id"]
            for n in range(200)
        ]
        headers = {"Authorization": client.headers["Authorization"]}
        port = int(server.url.rpartition(":")[2])
        yield server.pid, port, request_bytes(f"/api/v3/projects/{ids[6]}", headers)


def _await_port(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ours(folder) as mine, textbook(folder) as book:
            runs: list[tuple[Load, Load]] = [
                (
                    hammer(*mine, connections=CONNECTIONS, seconds=SECONDS),
                    hammer(*book, connections=CONNECTIONS, seconds=SECONDS),
                )
                for _ in range(ROUNDS)
            ]
    ratios = [one.per_cpu_second / two.per_cpu_second for one, two in runs]
    print(
        json.dumps(
            {
                "benchmark": "rest_hot_read",
                "ratio_to_textbook": round(median(ratios), 2),
                "ratios": [round(ratio, 2) for ratio in ratios],
                "requests_per_cpu_second": round(median(one.per_cpu_second for one, _ in runs)),
                "textbook_per_cpu_second": round(median(two.per_cpu_second for _, two in runs)),
                "p50_ms": round(median(one.percentile(50) for one, _ in runs), 2),
                "p99_ms": round(median(one.percentile(99) for one, _ in runs), 2),
                "connections": CONNECTIONS,
                "generator_cpu_share": round(
                    median(one.generator_cpu / one.seconds for one, _ in runs), 2
                ),
                "machine": facts(),
            }
        )
    )


if __name__ == "__main__":
    main()
