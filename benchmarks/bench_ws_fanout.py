"""Parameter changes to everyone in the session: our door and the founding document's manager.

    python benchmarks/bench_ws_fanout.py [--sessions 100] [--clients 5] [--rates 1000 5000 10000]

Open loop: each change is due at a time, and its latency counts from there to its arrival at each
member. Server on one core with all its threads, generator on another; `generator_cores` past 0.9
or a `generator_late_ms` near the latencies means that the generator measures itself. The
reference is the manager of the founding document in the same run. `--stalled` compares, in turns,
the latency of the others while one client of each session reads nothing.
"""

import argparse
import json
from statistics import median
from typing import Any

from machine import facts
from ws_load import Load, Meter
from ws_servers import ours, reference


def measure(load: Load, pid: int, rate: float, seconds: float, per: int) -> dict[str, Any]:
    """One open-loop run with the server's processor time."""
    meter = Meter(pid)
    run: dict[str, Any] = load.open_loop(rate, seconds, per)
    whole, loop, waited = meter.spent()
    sent = max(1, run["sent"])
    return run | {
        "server_cpu_us_per_message": round(1e6 * whole / sent, 1),
        "loop_cpu_us_per_message": round(1e6 * loop / sent, 1),
        "server_cores": round(whole / run["seconds"], 2),
        "server_kept_waiting": round(waited / run["seconds"], 2),
    }


def stalled(load: Load, options: argparse.Namespace) -> dict[str, Any]:
    """p99 of the readers with and without one stalled client in each session, in turns."""
    sessions, per = min(options.sessions, 20), options.clients
    found: dict[str, list[float]] = {"without": [], "with": []}
    with ours(load, sessions, per):
        some = [session * per for session in range(sessions)]
        load.open_loop(options.stalled_rate, 1.0, per)
        for _ in range(options.turns):
            for name in ("without", "with"):
                if name == "with":
                    load.stall(some, stalled=True)
                hear = per - (name == "with")
                run = load.open_loop(options.stalled_rate, options.seconds, hear)
                found[name].append(run["ms"]["p99"])
                if name == "with":
                    load.stall(some, stalled=False)
                    load.drain(0.5)
    change = median(found["with"]) / median(found["without"]) - 1
    return {
        "sessions": sessions, "in_per_s": options.stalled_rate, "p99_ms": found,
        "p99_change": round(change, 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[1_000, 5_000, 10_000])
    parser.add_argument("--without-reference", action="store_true")
    parser.add_argument("--stalled", action="store_true")
    parser.add_argument("--stalled-rate", type=float, default=2_000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    result: dict[str, Any] = {"name": "ws_fanout", "machine": facts()}
    load = Load()
    if options.stalled:
        result["stalled"] = stalled(load, options)
    else:
        result |= {"sessions": options.sessions, "clients": options.clients}
        doors = {"ours": ours} | ({} if options.without_reference else {"reference": reference})
        for name, door in doors.items():
            with door(load, options.sessions, options.clients) as pid:
                load.open_loop(500, 1.0, options.clients)
                result[name] = [
                    measure(load, pid, rate, options.seconds, options.clients)
                    for rate in options.rates
                ]
    load.end()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
