"""How wrong a client is about the server's clock, idle, under load and over slow paths.

    python benchmarks/bench_ws_clock.py [--samples 120]

Server and client read the same clock of this machine, so that the true offset is known. `single`
is the error of one heartbeat, `estimate` that of the client's estimator over its last 40;
`bound` is the half round trip that the estimator itself allows for. Milliseconds, of absolute
errors. Delays are put in by a proxy; where the two ways differ, no filter can know.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import facts

from musearoo.client.clock import SAMPLES, ClockEstimator
from tests.flow.ws_client import Live
from tests.servers.server import ServerProcess

SPACING = 0.02
PATHS = {
    "loopback": None,
    "loopback under load": None,
    "20 ms each way": (0.020, 0.020, 0.0),
    "20 ms each way, up to 10 ms jitter": (0.020, 0.020, 0.010),
    "5 ms there, 25 ms back": (0.005, 0.025, 0.0),
}


class Timed(Live):
    """A client that notes when each heartbeat came back, and the true offset at that moment."""

    samples: list[tuple[float, float, float, float, float]]

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "heartbeat_ack":
            t3, wall = time.monotonic(), time.time()
            data = message["data"]
            self.samples.append((data["t0"], data["t1"], data["t2"], t3, wall - t3))
        super()._take(message)


class Way:
    """A proxy that delays each direction, at times by more."""

    def __init__(self, port: int, there: float, back: float, jitter: float) -> None:
        self.target = port
        self.there, self.back, self.jitter = there, back, jitter
        self.chance = Random(7)
        self.port = 0

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator["Way"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(
            self._pump(reader, far[1], self.there), self._pump(far[0], writer, self.back)
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
    ) -> None:
        loop, last = asyncio.get_running_loop(), 0.0
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65_536):
                last = max(last, loop.time() + delay + self.chance.random() * self.jitter)
                loop.call_at(last, writer.write, chunk)
        writer.close()


async def beat(live: Timed, count: int) -> None:
    live.samples = []
    for _ in range(count):
        await live.send("heartbeat", {"t0": time.monotonic(), "last_seq": live.last_seq})
        await asyncio.sleep(SPACING)
    async with asyncio.timeout(30):
        while len(live.samples) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def busy(live: Live) -> None:
    """Generations and parameter changes without a pause, from another connection."""
    for number in range(1_000_000):
        mark = f"load-{number}"
        await live.send("generation_request", {"engine": "drummaroo", "bars": 8}, message_id=mark)
        for step in range(20):
            change = {"path": "drums/complexity", "value": step / 20}
            await live.send("parameter_change", change)
        await live.answered(mark)
        live.messages.clear()


def errors(samples: list[tuple[float, float, float, float, float]]) -> dict[str, float]:
    single, estimate, bound = [], [], []
    clock = ClockEstimator()
    for number, (t0, t1, t2, t3, truth) in enumerate(samples):
        single.append(abs(clock.add(t0, t1, t2, t3).offset - truth))
        if number >= SAMPLES:
            estimate.append(abs(clock.offset - truth))
            bound.append(clock.error or 0.0)
    return {
        "round_trip_p50": quantile([(s[3] - s[0]) - (s[2] - s[1]) for s in samples], 0.5),
        "single_p50": quantile(single, 0.5),
        "single_p95": quantile(single, 0.95),
        "estimate_p50": quantile(estimate, 0.5),
        "estimate_max": quantile(estimate, 1.0),
        "bound_p50": quantile(bound, 0.5),
    }


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)


async def measured(server: ServerProcess, samples: int) -> dict[str, dict[str, float]]:
    results = {}
    with server.client() as http:
        made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "clock"})
        project = made.json()["id"]
        for name, way in PATHS.items():
            async with contextlib.AsyncExitStack() as opened:
                url = server.url
                if way is not None:
                    port = int(url.rpartition(":")[2])
                    proxy = await opened.enter_async_context(Way(port, *way).opened())
                    url = f"http://127.0.0.1:{proxy.port}"
                live = Timed(url, http, project)
                live.samples = []
                await live.join()
                load = None
                if "load" in name:
                    other = await Live(server.url, http, project).join()
                    load = asyncio.create_task(busy(other))
                await beat(live, samples)
                if load is not None:
                    load.cancel()
                    await other.close()
                results[name] = errors(live.samples)
                await live.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        try:
            results = asyncio.run(measured(server, options.samples))
        finally:
            server.stop()
    print(json.dumps({"name": "ws_clock", "milliseconds": results, "machine": facts()}, indent=1))


if __name__ == "__main__":
    main()
