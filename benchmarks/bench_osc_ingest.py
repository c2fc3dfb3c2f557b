"""What the OSC transport takes in: python benchmarks/bench_osc_ingest.py [--seconds N].

`paced`: 20 sources send 1,000 one-float messages a second each, over loopback UDP, to the
endpoint with a sink behind it that counts. `flood`: 50,000 datagrams a second of sources that
are not admitted. The sender is a process of its own and says what rate it kept. `core` is the
share of one core that the receiving process used; `late_ms` how late the event loop came to a
timer of 10 ms. Prints one JSON line.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Message, OscRefused, encode
from musearoo.protocols.osc.endpoint import Endpoint, open_endpoint
from musearoo.protocols.osc.source import Source
from musearoo.security.ambient import SystemClock

SOURCES, RATE = 20, 1_000
FLOOD = 50_000
STEP = 0.004  # seconds between bursts of the sender
TICK = 0.010


class Sink:
    """A `Receiver` that counts what comes from each source, and what is missing of it."""

    def __init__(self, *, admits: bool) -> None:
        self.admits = admits
        self.taken = 0
        self.last: dict[Source, float] = {}
        self.missing = 0

    def admit(self, source: Source, packet: bytes) -> bool:  # noqa: ARG002
        return self.admits

    def receive(self, source: Source, messages: tuple[Message, ...]) -> None:
        for message in messages:
            number = message.arguments[0]
            assert isinstance(number, float)
            self.missing += int(number - self.last.get(source, -1.0)) - 1
            self.last[source] = number
            self.taken += 1

    def refused(self, source: Source, refusal: OscRefused) -> None:  # noqa: ARG002
        raise AssertionError(refusal)

    def closed(self, source: Source) -> None:
        pass


def send(port: int, sources: int, rate: int, seconds: float) -> dict[str, Any]:
    """The sender: bursts of every source each few milliseconds, on a fixed timetable."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sources)]
    for each in sockets:
        each.connect(("127.0.0.1", port))
    head = encode(Message("/musearoo/drums/complexity", (0.0,)))[:-4]
    began, sent, latest = time.perf_counter(), 0, 0.0
    total = round(rate * seconds)
    while sent < total:
        due = min(total, round((time.perf_counter() - began + STEP) * rate))
        for number in range(sent, due):
            packet = head + struct.pack(">f", number)
            for each in sockets:
                each.send(packet)
        sent = max(sent, due)
        pause = began + sent / rate - STEP - time.perf_counter()
        latest = max(latest, -pause)
        if pause > 0:
            time.sleep(pause)
    took = time.perf_counter() - began
    answered = 0
    for each in sockets:
        each.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            answered += len(each.recv(65_536))
        each.close()
    return {
        "sent": total * sources,
        "seconds": round(took, 2),
        "per_second": round(total * sources / took),
        "behind_ms": round(latest * 1_000, 1),
        "answered_bytes": answered,
    }


async def lateness(values: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(TICK)
        values.append((time.monotonic() - began - TICK) * 1_000)


async def measured(*, admits: bool, rate: int, seconds: float) -> dict[str, Any]:
    tasks, sink = Tasks(), Sink(admits=admits)
    endpoint = await open_endpoint(sink, host="127.0.0.1", port=0, clock=SystemClock(), spawn=tasks)
    late: list[float] = []
    tasks(lateness(late), name="lateness")
    process, before = psutil.Process(), psutil.Process().memory_info().rss
    began, cpu = time.monotonic(), time.process_time()
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--send", str(endpoint.port), "--rate", str(rate)),
        *("--seconds", str(seconds)),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await sender.communicate()
    sent = json.loads(told)
    await all_taken(endpoint, sent["sent"])
    core = (time.process_time() - cpu) / (time.monotonic() - began)
    grown = process.memory_info().rss - before
    await endpoint.close()
    await tasks.close()
    late.sort()
    return {
        "sender": sent,
        "received": endpoint.counts.received,
        "lost": sent["sent"] - endpoint.counts.received,
        "taken": sink.taken,
        "missing": sink.missing,
        "core": round(core, 3),
        "late_ms": {
            "p50": round(late[len(late) // 2], 2),
            "p99": round(late[len(late) * 99 // 100], 2),
            "max": round(late[-1], 2),
        },
        "grown_kib": grown // 1024,
    }


async def all_taken(endpoint: Endpoint, count: int) -> None:
    """Until everything has come, or nothing more comes."""
    last = -1
    while last < endpoint.counts.received < count:
        last = endpoint.counts.received
        await asyncio.sleep(0.2)


async def run(seconds: float) -> dict[str, Any]:
    return {
        "paced": await measured(admits=True, rate=RATE, seconds=seconds),
        "flood": await measured(admits=False, rate=FLOOD // SOURCES, seconds=seconds / 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--send", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=int, default=RATE, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.send:
        print(json.dumps(send(asked.send, SOURCES, asked.rate, asked.seconds)))
        return
    machine = facts()
    try:
        import uvloop  # noqa: PLC0415  (not on every platform)

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        result = runner.run(run(asked.seconds))
    print(json.dumps({"benchmark": "osc_ingest", "machine": machine, **result}))


if __name__ == "__main__":
    main()
