"""Ten thousand connections held, with a little traffic: make soak [ARGS="--minutes 10"].

Connections are made from several processes, because one may open few files. Each session changes
a parameter every few seconds and every delivery is counted; resident memory is read every ten
seconds. Ends with an error if connections broke, deliveries are missing, or memory grew by more
than a twentieth from its reading after the first minute (or the first third of a shorter run).
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_ws_room import resident_kib
from machine import facts
from ws_load import Load
from ws_servers import connect_ours

from tests.servers.server import ServerProcess

SPARE_FILES = 500
GROWTH = 1.05


def most_files() -> int:
    """How many files a process here may open, raised as far as it may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def joined(options: argparse.Namespace, server: ServerProcess) -> tuple[list[Load], int]:
    """All connections, from as many processes as are needed."""
    room = most_files() - SPARE_FILES
    held = min(options.connections, room)  # the server too is one process
    share = -(-held // options.processes)
    per = options.per_session
    loads = []
    for _ in range(options.processes):
        load = Load()
        connect_ours(load, server, -(-share // per), per)
        loads.append(load)
    return loads, -(-share // per) * per * options.processes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--per-session", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20.0, help="changes a second in all")
    options = parser.parse_args()
    most_files()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", {"MUSEAROO_LOG_LEVEL": "warning"})
        server.start()
        try:
            before = resident_kib(server.pid)
            began = time.monotonic()
            loads, held = joined(options, server)
            result = {
                "name": "ws_soak", "machine": facts(), "connections": held,
                "joined_in_s": round(time.monotonic() - began, 1),
                "kib_per_connection": round((resident_kib(server.pid) - before) / held, 1),
            }  # fmt: skip
            result |= held_for(loads, server, options)
            for load in loads:
                load.end()
        finally:
            server.stop()
    print(json.dumps(result))
    grown = result["resident_kib"][-1] / result["settled_kib"]
    if not result["all_delivered"] or grown > GROWTH:
        sys.exit("connections broke, deliveries are missing, or memory grew")


def held_for(
    loads: list[Load], server: ServerProcess, options: argparse.Namespace
) -> dict[str, Any]:
    """Sparse traffic until the time is over."""
    ends = time.monotonic() + 60 * options.minutes
    settles = time.monotonic() + min(60.0, 20 * options.minutes)
    readings, settled, delivered, whole = [], 0, 0, True
    while time.monotonic() < ends:
        for load in loads:
            load.beat()
            run = load.open_loop(options.rate, 10 / len(loads), options.per_session)
            delivered += run["delivered"]
            whole = whole and run["delivered"] == run["expected"]
        readings.append(resident_kib(server.pid))
        if not settled and time.monotonic() > settles:
            settled = readings[-1]
    return {
        "minutes": options.minutes, "delivered": delivered, "all_delivered": whole,
        "resident_kib": readings, "settled_kib": settled or readings[0],
        "files": len(list(Path(f"/proc/{server.pid}/fd").iterdir())),
    }  # fmt: skip


if __name__ == "__main__":
    main()
