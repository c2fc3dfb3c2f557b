"""From a generation request over the WebSocket to its first bar, and to the whole part.

    python benchmarks/bench_ws_generate.py [--requests 100] [--bars 8] [--overload]

First one client asks again as soon as the part is there and stored: times, the stages that the
server tells of, and the processor time of the server's process for each generation, by thread.
With `--overload` many clients then ask at random times: the highest rate is found that keeps
p99 within 150 ms and refuses at most a twentieth, 70 % of it is held, and then four times as
much is asked for. There latency counts from when a request was to be sent, and of what was let
in the share is told that was complete within 150 ms. The server is the product as a user runs it.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import psutil
import websockets
from machine import facts

from tests.servers.server import ServerProcess

ENGINES = ("drummaroo", "bassaroo", "melodyroo", "harmonyroo")
PROMISE_MS = 150.0
FIRST_RATE = 8.0
CLIENTS = 16
_ENDS = frozenset({"generation_complete", "generation_error", "error"})
PROBE_SECONDS, HOLD_SECONDS, OVERLOAD_SECONDS = 4.0, 15.0, 6.0


class Asked:
    """One request: when its first bar came (0 if none did) and its end, and what that said."""

    def __init__(self) -> None:
        self.first = self.ended = 0.0
        self.kind = ""
        self.data: dict[str, Any] = {}
        self.answered = False
        self.over = asyncio.Event()

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        waits = kind == "generation_request" and data.get("queued")
        if kind == "take_bar" and not self.first:
            self.first = time.perf_counter()
        elif (kind in _ENDS or waits) and not self.kind:
            self.ended, self.kind, self.data = time.perf_counter(), kind, data
        self.answered = self.answered or kind in {"ack", "error"}
        if self.kind and self.answered:
            self.over.set()


class Asker:
    """One connection to a session of its own, and what became of each of its requests."""

    def __init__(self, socket: Any, connection: str) -> None:
        self.socket = socket
        self.connection = connection
        self.number = 0
        self.asked: dict[str, Asked] = {}
        self.reading = asyncio.create_task(self._read())

    @classmethod
    async def joined(cls, url: str, http: httpx.Client) -> "Asker":
        made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "bench"})
        place = {"session_id": made.json()["id"]}
        ticket = (await asyncio.to_thread(http.post, "/api/v3/ws-tickets", json=place)).json()
        socket = await websockets.connect(
            url.replace("http", "ws", 1) + "/api/v3/ws", compression=None
        )
        await socket.send(
            json.dumps({"type": "session_join", "data": {"ticket": ticket["ticket"]}})
        )
        welcome = json.loads(await socket.recv())
        return cls(socket, welcome["data"]["connection"])

    async def ask(self, engine: str, bars: int, quality: str) -> "Asked":
        """What became of a request, once it has ended and was answered."""
        self.number += 1
        mark = f"{self.connection}:{self.number}"
        asked = self.asked[mark] = Asked()
        data = {"engine": engine, "bars": bars, "seed": self.number, "quality_target": quality}
        await self.socket.send(
            json.dumps({"type": "generation_request", "message_id": mark, "data": data})
        )
        async with asyncio.timeout(60):
            await asked.over.wait()
        del self.asked[mark]
        return asked

    async def close(self) -> None:
        await self.socket.close()
        self.reading.cancel()

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                message = json.loads(await self.socket.recv())
                if message.get("cause") in self.asked:
                    self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        self.asked[message["cause"]].hear(message["type"], message["data"])


@dataclass
class Outcome:
    """What happened at one rate; latencies are milliseconds of what was played."""

    rate: float
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    first_bars: list[float] = field(default_factory=list)
    refused: int = 0
    generator_cpu: float = 0.0

    def told(self) -> dict[str, Any]:
        met = sum(latency <= PROMISE_MS for latency in self.latencies)
        return {
            "rate_per_s": round(self.rate, 1),
            "sent": self.sent,
            "completed": len(self.latencies),
            "refused": self.refused,
            "first_bar_p50_ms": quantile(self.first_bars, 0.5),
            "first_bar_p99_ms": quantile(self.first_bars, 0.99),
            "p50_ms": quantile(self.latencies, 0.5),
            "p99_ms": quantile(self.latencies, 0.99),
            "in_time_of_admitted": round(met / max(1, len(self.latencies)), 3),
            "generator_cpu_share": round(self.generator_cpu, 2),
        }


def quantile(values: list[float], share: float) -> float | None:
    ordered = sorted(values)
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def processor_ms(pid: int) -> dict[str, float]:
    """Processor time of each thread of a process so far (Linux); main thread and writer first."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            nanoseconds = int((task / "schedstat").read_text().split()[0])
            found["loop" if task.name == str(pid) else task.name] = nanoseconds / 1e6
    return found


async def one_client(server: ServerProcess, requests: int, bars: int) -> dict[str, Any]:
    with server.client() as http:
        asker = await Asker.joined(server.url, http)
        for number in range(8):
            await asker.ask(ENGINES[number % 4], bars, "balanced")
        firsts, wholes, stages = [], [], []
        before = processor_ms(server.pid)
        for number in range(requests):
            began = time.perf_counter()
            asked = await asker.ask(ENGINES[number % 4], bars, "balanced")
            firsts.append(1e3 * (asked.first - began))
            wholes.append(1e3 * (asked.ended - began))
            stages.append(asked.data.get("stages", {}))
        after = processor_ms(server.pid)
        await asker.close()
    spent = {name: (after[name] - before.get(name, 0.0)) / requests for name in after}
    names = ("admitted", "dispatched", "first_bar", "last_bar", "sent")
    return {
        "first_bar_p50_ms": quantile(firsts, 0.5),
        "first_bar_p99_ms": quantile(firsts, 0.99),
        "whole_part_p50_ms": quantile(wholes, 0.5),
        "whole_part_p99_ms": quantile(wholes, 0.99),
        "stages_p50_ms": {n: quantile([s[n] for s in stages if n in s], 0.5) for n in names},
        "server_cpu_ms_per_generation": {
            "all": round(sum(spent.values()), 2),
            "loop": round(spent["loop"], 2),
        },
    }


async def at_rate(askers: list[Asker], rate: float, seconds: float, bars: int) -> Outcome:
    """Poisson arrivals of `rate` a second, spread over the clients."""
    outcome, dice, process = Outcome(rate), random.Random(7), psutil.Process()
    cpu, began = sum(process.cpu_times()[:2]), time.perf_counter()

    async def one(scheduled: float, number: int) -> None:
        asker = askers[number % len(askers)]
        asked = await asker.ask(ENGINES[number % 4], bars, "fast")
        if asked.kind == "generation_complete":
            outcome.latencies.append(1e3 * (asked.ended - scheduled))
            outcome.first_bars.append(1e3 * (asked.first - scheduled))
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


async def many_clients(server: ServerProcess, bars: int) -> dict[str, Any]:
    with server.client() as http:
        askers = [await Asker.joined(server.url, http) for _ in range(CLIENTS)]
        await at_rate(askers, FIRST_RATE, 2.0, bars)
        rate = FIRST_RATE
        while True:
            probe = await at_rate(askers, rate, PROBE_SECONDS, bars)
            late = quantile(probe.latencies, 0.99)
            if probe.refused > 0.05 * probe.sent or late is None or late > PROMISE_MS:
                break
            rate *= 1.25
        highest = rate / 1.25
        held = await at_rate(askers, 0.7 * highest, HOLD_SECONDS, bars)
        over = await at_rate(askers, 4 * highest, OVERLOAD_SECONDS, bars)
        for asker in askers:
            await asker.close()
    return {
        "highest_rate_per_s": round(highest, 1),
        "at_70_percent": held.told(),
        "at_4_times": over.told(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--overload", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {
        "name": "ws_generate",
        "requests": options.requests,
        "bars": options.bars,
    }
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        try:
            result |= asyncio.run(one_client(server, options.requests, options.bars))
            if options.overload:
                result |= asyncio.run(many_clients(server, options.bars))
        finally:
            server.stop()
    print(json.dumps({**result, "machine": facts()}))


if __name__ == "__main__":
    main()
