"""What reading and writing WebSocket frames costs, without anything of ours behind it.

    python benchmarks/bench_ws_transport.py [--picows PYTHON] [--seconds 3] [--turns 3]

The library's core, our plain reader before it, and picows where `--picows` names a Python that
has it (it is no dependency of ours). They take turns in one run, on one core, from one generator:
380-byte messages, each passed on to five. Read the ratios.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from machine import facts
from ws_load import Load, Meter, pin


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--picows", help="a Python with picows and uvloop")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=4_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    script = str(Path(__file__).with_name("ws_transports.py"))
    kinds = {"library": sys.executable, "plain": sys.executable}
    if options.picows:
        kinds["picows"] = options.picows
    doors: dict[str, tuple[Any, subprocess.Popen[str]]] = {}
    for kind, python in kinds.items():
        server = subprocess.Popen([python, script, kind], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        port, load = int(server.stdout.readline()), Load()
        pin(server.pid)
        load.connect(port, [["/", ""]] * options.clients, "relay")
        doors[kind] = load, server
    spent: dict[str, list[float]] = {kind: [] for kind in doors}
    for _ in range(options.turns):
        for kind, (load, server) in doors.items():
            meter = Meter(server.pid)
            run = load.open_loop(options.rate, options.seconds, 5)
            assert run["delivered"] == run["expected"], run
            spent[kind].append(1e6 * meter.spent()[0] / run["sent"])
    for load, server in doors.values():
        load.end()
        server.terminate()
        server.wait()
    middle = {kind: round(median(values), 1) for kind, values in spent.items()}
    result = {
        "name": "ws_transport", "machine": facts(), "in_per_s": options.rate,
        "cpu_us_per_message_to_five": middle,
        "to_plain": {kind: round(value / middle["plain"], 2) for kind, value in middle.items()},
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
