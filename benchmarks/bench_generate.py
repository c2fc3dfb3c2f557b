"""From a generation request to the completed answer, under open-loop load.

First the highest rate is found that keeps p99 within 150 ms; then 70 % of it is held and
measured, then four times the highest rate to see what admission does. Latency counts from
the scheduled time of the request, so that a stalled generator cannot hide a stalled server.
The answer arrives after the event `generation_complete` is durable and published.
"""

import asyncio
import json
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import psutil

from benchmarks.machine import facts
from tests.servers.server import ServerProcess, serving

PROMISE_MS = 150.0
ENGINES = ("drummaroo", "bassaroo", "harmonyroo", "melodyroo")
PROBE_SECONDS = 5.0
HOLD_SECONDS = 20.0
FIRST_RATE = 8.0
CONNECTIONS = 64


@dataclass
class Outcome:
    """What happened at one rate. Latencies are milliseconds of completed generations."""

    rate: float
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    worker_ms: list[float] = field(default_factory=list)
    deferred: int = 0
    refused: int = 0
    generator_cpu: float = 0.0

    def percentile(self, percent: int) -> float:
        """A latency percentile in milliseconds; infinite when nothing was completed."""
        if len(self.latencies) < 2:
            return float("inf")
        return quantiles(self.latencies, n=100, method="inclusive")[percent - 1]

    @property
    def in_time(self) -> float:
        """Share of admitted work that met the promise."""
        met = sum(latency <= PROMISE_MS for latency in self.latencies)
        return met / max(1, len(self.latencies))


class Connection:
    """One keep-alive connection that posts generations."""

    def __init__(self, port: int, token: str, project: str) -> None:
        self._port = port
        self._head = (
            f"POST /api/v3/projects/{project}/generate HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def generate(self, engine: str) -> tuple[int, dict[str, object]]:
        """Post one generation of 8 bars; answers status and body."""
        body = json.dumps({"engine": engine, "parameters": {}, "quality_target": "fast"})
        self._writer.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return int(head.split(" ", 2)[1]), json.loads(await self._reader.readexactly(length))


async def at_rate(port: int, token: str, project: str, rate: float, seconds: float) -> Outcome:
    """Send Poisson arrivals of `rate` a second, each on a free connection."""
    outcome, dice = Outcome(rate), random.Random(7)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        connection = Connection(port, token, project)
        await connection.open()
        free.put_nowait(connection)
    process = psutil.Process()
    cpu, began = sum(process.cpu_times()[:2]), time.perf_counter()

    async def one(scheduled: float, number: int) -> None:
        connection = await free.get()
        status, body = await connection.generate(ENGINES[number % len(ENGINES)])
        free.put_nowait(connection)
        if status == 200:
            outcome.latencies.append(1000 * (time.perf_counter() - scheduled))
            outcome.worker_ms.append(float(str(body["generation_time_ms"])))
        elif status == 202:
            outcome.deferred += 1
        else:
            outcome.refused += 1

    async with asyncio.TaskGroup() as group:
        scheduled = began
        while scheduled < began + seconds:
            await asyncio.sleep(max(0.0, scheduled - time.perf_counter()))
            group.create_task(one(scheduled, outcome.sent))
            outcome.sent += 1
            scheduled += dice.expovariate(rate)
    outcome.generator_cpu = (sum(process.cpu_times()[:2]) - cpu) / (time.perf_counter() - began)
    return outcome


def highest_rate(server: ServerProcess, token: str, project: str) -> float:
    """The highest rate, in steps of a quarter, that keeps p99 and refuses nothing."""
    port, rate = int(server.url.rpartition(":")[2]), FIRST_RATE
    while True:
        outcome = asyncio.run(at_rate(port, token, project, rate, PROBE_SECONDS))
        held = outcome.percentile(99) <= PROMISE_MS and not outcome.refused + outcome.deferred
        if not held:
            return rate / 1.25
        rate *= 1.25


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        quiet = {"MUSEAROO_LOG_LEVEL": "warning"}
        with serving(Path(name) / "data", quiet) as server, server.client() as client:
            project = client.post("/api/v3/projects", json={"name": "Load"}).json()["id"]
            token = client.headers["Authorization"].removeprefix("Bearer ")
            port = int(server.url.rpartition(":")[2])
            highest = highest_rate(server, token, project)
            held = asyncio.run(at_rate(port, token, project, 0.7 * highest, HOLD_SECONDS))
            over = asyncio.run(at_rate(port, token, project, 4 * highest, PROBE_SECONDS))
    print(
        json.dumps(
            {
                "benchmark": "generate_request_to_completed",
                "highest_rate_per_s": round(highest, 1),
                "load": 0.7,
                "sent": held.sent,
                "p50_ms": round(held.percentile(50), 1),
                "p95_ms": round(held.percentile(95), 1),
                "p99_ms": round(held.percentile(99), 1),
                "worker_p50_ms": round(quantiles(held.worker_ms, n=2)[0], 1),
                "refused": held.refused,
                "overload": {
                    "sent": over.sent,
                    "completed": len(over.latencies),
                    "refused": over.refused,
                    "deferred": over.deferred,
                    "in_time_of_admitted": round(over.in_time, 3),
                    "p99_ms": round(over.percentile(99), 1),
                },
                "generator_cpu_share": round(held.generator_cpu, 2),
                "machine": facts(),
            }
        )
    )


if __name__ == "__main__":
    main()
