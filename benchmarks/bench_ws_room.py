"""One session with 100 clients: deliveries per processor second, beside a C `send()` loop.

    python benchmarks/bench_ws_room.py [--clients 100] [--seconds 3] [--turns 3] [--picows PYTHON]

Closed loop: each sender sends its next change when it hears of its last one. With one sender no
two messages can share a write, so the kernel's `send()` is the floor; with many senders messages
that share a flush share a write. Ours and the floor take turns in one run, on the same core, from
the same generator, with frames of the same length; read the ratio. Without a C compiler there is
no floor, and the result says so. `--picows` names a Python that has picows and uvloop: the fastest
public server for Python, which here only passes on what it gets.
"""

import argparse
import json
import os
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from machine import facts
from ws_load import Load, Meter
from ws_servers import floor, ours, picows


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def measure(load: Load, pid: int, senders: int, seconds: float) -> dict[str, Any]:
    """A closed-loop run with the server's processor time."""
    meter = Meter(pid)
    run: dict[str, Any] = load.closed_loop(senders, seconds)
    whole, loop, _ = meter.spent()
    return run | {
        "per_cpu_s": round(run["delivered"] / whole),
        "per_loop_cpu_s": round(run["delivered"] / loop),
        "per_s": round(run["delivered"] / run["seconds"]),
        "server_cores": round(whole / run["seconds"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--picows", help="a Python with picows and uvloop")
    options = parser.parse_args()
    senders = (1, 8, options.clients)
    loads = [Load() for _ in range(3)]
    found: dict[str, dict[int, list[dict[str, Any]]]] = {}
    with ExitStack() as open_doors:
        pid = open_doors.enter_context(ours(loads[0], 1, options.clients))
        doors = {"ours": (loads[0], pid)}
        bare = open_doors.enter_context(floor(loads[1], options.clients))
        if bare is not None:
            doors["floor"] = (loads[1], bare)
        if options.picows:
            peer = open_doors.enter_context(picows(loads[2], options.picows, options.clients))
            doors["picows"] = (loads[2], peer)
        grown = resident_kib(pid)
        for load, _ in doors.values():
            load.closed_loop(8, 0.5)
        for _ in range(options.turns):
            for name, (load, process) in doors.items():
                for count in senders:
                    run = measure(load, process, count, options.seconds)
                    found.setdefault(name, {}).setdefault(count, []).append(run)
        result = {
            "name": "ws_room", "clients": options.clients, "machine": facts(),
            "floor": "C send() loop" if bare else "no C compiler here", "resident_kib": grown,
        }  # fmt: skip
    for name, runs in found.items():
        result[name] = {
            str(count): {
                "deliveries_per_cpu_s": round(median(run["per_cpu_s"] for run in each)),
                "deliveries_per_loop_cpu_s": round(median(run["per_loop_cpu_s"] for run in each)),
                "deliveries_per_s": round(median(run["per_s"] for run in each)),
                "server_cores": round(median(run["server_cores"] for run in each), 2),
                "generator_cores": round(max(run["generator_cores"] for run in each), 2),
                "all_delivered": all(run["delivered"] == run["expected"] for run in each),
            }
            for count, each in runs.items()
        }
    for name in found.keys() - {"ours"}:
        pairs = {
            str(count): median(
                a["per_cpu_s"] / b["per_cpu_s"]
                for a, b in zip(found["ours"][count], found[name][count], strict=True)
            )
            for count in senders
        }
        result[f"ratio_to_{name}"] = {count: round(ratio, 3) for count, ratio in pairs.items()}
    for load in loads:
        load.end()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
