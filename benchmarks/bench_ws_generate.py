"""From a generation request over the WebSocket to its first bar, and to the whole part.

    python benchmarks/bench_ws_generate.py [--requests 100] [--bars 8]

One client asks again as soon as the part is there; the server is the product as a user runs it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_ws_fanout import waited
from machine import facts

from tests.flow.ws_client import Live
from tests.servers.server import ServerProcess

ENGINES = ("drummaroo", "bassaroo", "melodyroo", "harmonyroo")


async def ask(live: Live, number: int, bars: int) -> tuple[float, float]:
    """Milliseconds to the first bar and to the end of one part."""
    live.messages.clear()
    cause = f"g{number}"
    began = time.perf_counter()
    request = {"engine": ENGINES[number % 4], "bars": bars, "seed": abs(number)}
    await live.send("generation_request", request, message_id=cause)
    await live.until(lambda m: m["type"] == "take_bar" and m.get("cause") == cause, 30)
    first = time.perf_counter()
    await live.until(lambda m: m["type"] == "generation_complete" and m.get("cause") == cause, 30)
    return 1e3 * (first - began), 1e3 * (time.perf_counter() - began)


async def measured(server: ServerProcess, requests: int, bars: int) -> list[tuple[float, float]]:
    with server.client() as http:
        made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "bench"})
        live = await Live(server.url, http, made.json()["id"]).join()
        for number in range(8):
            await ask(live, -8 + number, bars)
        times = [await ask(live, number, bars) for number in range(requests)]
        await live.close()
        return times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--bars", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quiet = {"MUSEAROO_LOG_LEVEL": "warning"}
        server = ServerProcess(Path(folder) / "data", quiet)
        server.start()
        starved, began = waited(server.pid), time.perf_counter()
        times = asyncio.run(measured(server, options.requests, options.bars))
        share = (waited(server.pid) - starved) / (time.perf_counter() - began)
        server.stop()
    result: dict = {"name": "ws_generate", "requests": options.requests, "bars": options.bars}
    for index, name in enumerate(("first_bar", "whole_part")):
        ordered = sorted(pair[index] for pair in times)
        result[f"{name}_p50_ms"] = round(ordered[len(ordered) // 2], 1)
        result[f"{name}_p99_ms"] = round(ordered[int(len(ordered) * 0.99)], 1)
    result["server_starved"] = round(share, 2)
    print(json.dumps({**result, "machine": facts()}))


if __name__ == "__main__":
    main()
