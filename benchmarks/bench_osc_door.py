"""What the OSC door bears: python benchmarks/bench_osc_door.py [--seconds 10] [--sources 20].

A server as a user starts it. Three loads one after another: sources that each move one control
at the pacing limit (1,000 a second), nothing, and a flood of 50,000 datagrams a second from
nobody. For each the server's processor time as a share of one core, what was lost, its memory,
and how long a REST answer and a WebSocket heartbeat took meanwhile (milliseconds). Prints one
JSON line.

The flood goes to a door that is not in local mode: there all sources of this machine are known.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import uvloop
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.codecs.osc import Message, encode
from musearoo.protocols.osc.door import Door
from musearoo.protocols.osc.endpoint import open_endpoint
from tests.doubles.house import house
from tests.servers.server import ServerProcess, serving

RATE = 1_000
FLOOD = 50_000
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def dropped_by_system(port: int) -> int:
    """Datagrams for which the socket had no room."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port:
            return int(fields[-1])
    return 0


def memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def move(port: int, sources: int, seconds: float, sent: Any) -> None:
    """Every source moves its control, each message at its own moment."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sources)]
    names = ["drums/complexity", "bass/complexity", "melody/complexity", "harmony/complexity"]
    names += [
        f"{part}/{name}"
        for part in ("drums", "bass")
        for name in (
            "density",
            "intensity",
            "variation",
            "humanise",
            "fills",
            "follow",
            "swing",
            "push",
        )
    ]
    count, began, total = 0, time.perf_counter(), round(RATE * seconds)
    for step in range(total):
        due = began + step / RATE
        while (left := due - time.perf_counter()) > 0:
            time.sleep(left)
        for number, each in enumerate(sockets):
            address = f"/musearoo/{names[number % len(names)]}"
            value = (step % 997) / 997
            each.sendto(encode(Message(address, (value,))), ("127.0.0.1", port))
            count += 1
    sent.value = count


def flood(port: int, seconds: float, sent: Any) -> None:
    """Datagrams of a stranger."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.setblocking(False)
    packets = [
        encode(Message("/musearoo/drums/complexity", (0.5,))),
        encode(Message("/musearoo/pair", ("00000000",))),
        b"\x00" * 400,
    ]
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        while count < passed * FLOOD:
            try:
                wire.sendto(packets[count % 3], ("127.0.0.1", port))
            except BlockingIOError:
                continue
            count += 1
        time.sleep(0.0005)
    try:
        wire.recv(65_536)
    except BlockingIOError:
        sent.value = count
    else:
        raise AssertionError("a stranger was answered")


class Asking(threading.Thread):
    """Asks for something small again and again."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.milliseconds: list[float] = []
        self.over = False

    def run(self) -> None:
        with httpx.Client(base_url=self._url) as http:
            while not self.over:
                began = time.perf_counter()
                http.get("/healthz")
                self.milliseconds.append((time.perf_counter() - began) * 1000)
                time.sleep(0.01)

    def end(self) -> dict[str, float]:
        self.over = True
        self.join()
        cuts = statistics.quantiles(self.milliseconds, n=100)
        return {"rest_p50_ms": round(cuts[49], 2), "rest_p99_ms": round(cuts[98], 2)}


class Beating(threading.Thread):
    """A WebSocket client in the same session that sends heartbeats and waits for each answer."""

    def __init__(self, server: ServerProcess, http: httpx.Client, session: str) -> None:
        super().__init__(daemon=True)
        ticket = http.post("/api/v3/ws-tickets", json={"session_id": session}).json()["ticket"]
        self._wire = connect(f"ws{server.url[4:]}/api/v3/ws", max_size=None)
        self._wire.send(json.dumps({"type": "session_join", "data": {"ticket": ticket}}))
        self.milliseconds: list[float] = []
        self.over = False

    def run(self) -> None:
        while not self.over:
            began = time.perf_counter()
            beat = {"type": "heartbeat", "data": {"t0": began}}
            self._wire.send(json.dumps(beat))
            while json.loads(self._wire.recv())["type"] != "heartbeat_ack":
                continue
            self.milliseconds.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)

    def end(self) -> dict[str, float]:
        self.over = True
        self.join()
        self._wire.close()
        cuts = statistics.quantiles(self.milliseconds, n=100)
        return {"ws_p50_ms": round(cuts[49], 2), "ws_p99_ms": round(cuts[98], 2)}


def measured(
    server: ServerProcess, http: httpx.Client, session: str, work: Any, *args: Any
) -> dict[str, float]:
    context = get_context("spawn")
    sent = context.Value("q", 0)
    before, memory = cpu_seconds(server.pid), memory_mib(server.pid)
    asking, beating = Asking(server.url), Beating(server, http, session)
    asking.start()
    beating.start()
    began = time.perf_counter()
    process = context.Process(target=work, args=(*args, sent))
    process.start()
    process.join()
    wall = time.perf_counter() - began
    if process.exitcode:
        raise SystemExit(f"the load failed with {process.exitcode}")
    return {
        "sent": sent.value,
        "per_second": round(sent.value / args[-1]) if sent.value else 0,
        "core_share": round((cpu_seconds(server.pid) - before) / wall, 3),
        "memory_grown_mib": round(memory_mib(server.pid) - memory, 2),
        **asking.end(),
        **beating.end(),
    }


def rest(seconds: float, sent: Any) -> None:
    time.sleep(seconds)
    sent.value = 0


def moving(sources: int, seconds: float, folder: Path) -> dict[str, Any]:
    with serving(folder / "local") as server, server.client() as http:
        port = http.get("/api/v3/osc/monitor").json()["port"]
        project = http.post("/api/v3/projects", json={"name": "Load"}).json()["id"]
        http.post(f"/api/v3/projects/{project}/sessions")
        idle = measured(server, http, project, rest, seconds / 2)
        load = measured(server, http, project, move, port, sources, seconds)
        time.sleep(0.5)
        seen = http.get("/api/v3/osc/monitor").json()["sources"]
        events = http.get(f"/api/v3/sessions/{project}").json()["seq"]
        received = sum(each["received"] for each in seen)
        return {
            "idle": idle,
            "load": load,
            "lost_on_the_way": load["sent"] - received,
            "dropped_by_system": dropped_by_system(port),
            "lost_for_pace": sum(each["dropped"] for each in seen),
            "events": events,
        }


def door(folder: str, port: Any, counts: Any) -> None:
    """A door that only paired devices can use, until it is told to end."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_door(Path(folder), port, counts))


def _wait_for_zero(value: Any) -> None:
    while value.value:
        time.sleep(0.05)


async def _door(folder: Path, port: Any, counts: Any) -> None:
    async with house(folder) as place:
        made, world = Door(place.conductor), place.world
        endpoint = await open_endpoint(
            made, host="127.0.0.1", port=0, clock=world.clock, spawn=world.spawn
        )
        made.start(endpoint.send, endpoint.drop, (endpoint.host, endpoint.port))
        port.value = endpoint.port
        await asyncio.to_thread(_wait_for_zero, port)
        counts[0], counts[1] = endpoint.counts.received, endpoint.counts.sent
        made.close()
        await endpoint.close()


def strangers(seconds: float, folder: Path) -> dict[str, Any]:
    context = get_context("spawn")
    port, sent, counts = context.Value("q", 0), context.Value("q", 0), context.Array("q", 2)
    (folder / "door").mkdir()
    listening = context.Process(target=door, args=(str(folder / "door"), port, counts))
    listening.start()
    while not port.value:
        time.sleep(0.05)
    pid = listening.pid or 0
    flood(port.value, 0.5, sent)  # whatever is made at first is made
    before, memory = cpu_seconds(pid), memory_mib(pid)
    sending = context.Process(target=flood, args=(port.value, seconds, sent))
    sending.start()
    sending.join()
    time.sleep(0.3)
    result = {
        "sent": sent.value,
        "per_second": round(sent.value / seconds),
        "answered": "no",
        "core_share": round((cpu_seconds(pid) - before) / seconds, 3),
        "memory_grown_mib": round(memory_mib(pid) - memory, 2),
    }
    port.value = 0
    listening.join()
    if sending.exitcode or counts[1]:
        raise SystemExit("a stranger was answered")
    return {**result, "received_with_warm_up": counts[0]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--sources", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(
            json.dumps(
                {
                    "benchmark": "osc_door",
                    **facts(),
                    "sources": options.sources,
                    "moving": moving(options.sources, options.seconds, Path(folder)),
                    "strangers": strangers(options.seconds, Path(folder)),
                }
            )
        )


if __name__ == "__main__":
    main()
