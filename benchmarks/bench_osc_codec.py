"""What the OSC codec costs: python benchmarks/bench_osc_codec.py [--rounds N].

Microseconds of the processor to write and to read a packet, beside python-osc in the same run,
every check on. Both codecs take turns and the best of the rounds counts: what is slower was
disturbed. Prints one JSON line.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.codecs.osc import Bundle, Message, Packet, compile_pattern, decode, encode

ADDRESS = "/musearoo/drums/complexity"
KINDS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "one_float": (ADDRESS, (0.75,)),
    "int_int_string": ("/musearoo/generate/drums", (8, 2, "funk")),
    "sixty_five_notes": ("/notes", tuple(v for n in range(65) for v in (60, n / 4, 0.25, 100, 0))),
    "four_hundred_notes": (
        "/notes",
        tuple(v for n in range(400) for v in (60, n / 4, 0.25, 100, 0)),
    ),
}
TABLE = [f"/musearoo/part{part}/parameter{name}" for part in range(5) for name in range(100)]


def theirs(address: str, arguments: tuple[Any, ...]) -> bytes:
    builder = OscMessageBuilder(address)
    for value in arguments:
        builder.add_arg(value)
    return builder.build().dgram


def spent(work: Callable[[], object], count: int) -> float:
    began = time.thread_time_ns()
    for _ in range(count):
        work()
    return (time.thread_time_ns() - began) / count / 1_000


def compared(
    ours: Callable[[], object], others: Callable[[], object], rounds: int, count: int
) -> dict[str, float]:
    """The best of the rounds for each, in microseconds, and how many times faster ours is."""
    mine = yours = float("inf")
    for _ in range(rounds):
        mine = min(mine, spent(ours, count))
        yours = min(yours, spent(others, max(1, count // 4)))
    return {"us": round(mine, 3), "python_osc_us": round(yours, 3), "times": round(yours / mine, 1)}


def of(name: str, rounds: int) -> dict[str, object]:
    address, arguments = KINDS[name]
    count = 8_000 if len(arguments) < 10 else 80
    octets = encode(Message(address, arguments))
    assert octets == theirs(address, arguments)

    def both() -> Packet:
        return decode(encode(Message(address, arguments)))

    def both_theirs() -> object:
        return OscMessage(theirs(address, arguments)).params

    return {
        "bytes": len(octets),
        "both": compared(both, both_theirs, rounds, count),
        "encode": compared(
            lambda: encode(Message(address, arguments)),
            lambda: theirs(address, arguments),
            rounds,
            count,
        ),
        "decode": compared(
            lambda: decode(octets), lambda: OscMessage(octets).params, rounds, count
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    machine = facts()
    results = {name: of(name, rounds) for name in KINDS}
    ten = encode(Bundle(1, (Message(ADDRESS, (0.75,)),) * 10))
    pattern = compile_pattern("/musearoo/*/parameter[0-4]?")
    result = {
        "benchmark": "osc_codec",
        "machine": machine,
        **results,
        "bundle_of_ten": {
            "decode": compared(
                lambda: decode(ten),
                lambda: [message.params for message in OscBundle(ten)],  # type: ignore[union-attr]
                rounds,
                800,
            )
        },
        "pattern_over_500_addresses_us": round(
            min(spent(lambda: pattern.among(TABLE), 10) for _ in range(rounds)), 1
        ),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
