"""Writing clips into Live through AbletonOSC: python benchmarks/bench_live.py [--repeats N].

Live is the fake one of the tests, in a process of its own, with its 100 ms tick. The script in
it is AbletonOSC's own code where MUSEAROO_ABLETONOSC names a checkout, else our double of it
(`script` says which). So this measures our server and the way between, not Live.

Milliseconds from the call of `write_clip` until Live has read every note back as it was sent;
into an empty clip that was put there before ("prepared"), or into an empty slot ("empty"). Both
directions lose the given share of the datagrams. Prints one JSON line.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Message
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.link import Clip, LiveNote, Place
from musearoo.live.wire import Address
from musearoo.security.ambient import SystemClock
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.host import abletonosc
from tests.doubles.fake_live.song import Song
from tests.doubles.osc_surface import osc_surface

CHECKOUT = os.environ.get("MUSEAROO_ABLETONOSC", "")
SLOTS = 8
CASES = [("prepared", notes, loss) for loss in (0.0, 0.1, 0.3) for notes in (64, 300, 1000)]
CASES += [("empty", 64, 0.0), ("empty", 64, 0.3)]


def live(listen: int, reply: int, loss: float) -> None:
    """Be Live until standard input ends."""
    if CHECKOUT:
        create = abletonosc(Path(CHECKOUT), listen=listen, reply=reply)
    else:
        create = osc_surface(listen=listen, reply=reply)
    song = Song(midi_tracks=1, audio_tracks=0, scenes=SLOTS)
    host = FakeLive(create, song=song, loss=loss).start()
    sys.stdin.read()
    host.stop()


def a_clip(notes: int, name: str) -> Clip:
    """Four notes at a time, on the grid of triplets."""
    made = (
        LiveNote(pitch=(37 * index) % 128, start=index // 4 / 3, length=0.3)
        for index in range(notes)
    )
    return Clip(name=name, length=notes / 4, notes=tuple(made))


async def measured(slot: str, notes: int, loss: float, repeats: int) -> dict[str, object]:
    ports = [free_port(), free_port()]
    command = [sys.executable, __file__, "--live", *map(str, [*ports, loss])]
    child = subprocess.Popen(  # noqa: ASYNC220  (nothing else runs meanwhile)
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    tasks = Tasks()
    link = AbletonOscLink(Address("127.0.0.1", *ports), clock=SystemClock(), spawn=tasks)
    await link.open()
    while link.mirror.presence != "here":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    taken, resent, datagrams = [], 0, 0
    for number in range(repeats):
        place, over = Place(0, number % SLOTS), None
        if number >= SLOTS:
            await emptied(link, place)
        if slot == "prepared":
            over = "next"
            await link.prepare_clip(place, over, notes / 4)
            await asyncio.sleep(0.5)  # notes are being played
        await asyncio.sleep(random.uniform(0.0, 0.1))
        sent, began = link.wire.tally.sent, time.perf_counter()
        written = await link.write_clip(place, a_clip(notes, f"Take {number}"), over=over)
        taken.append((time.perf_counter() - began) * 1000)
        resent += written.resent
        datagrams += link.wire.tally.sent - sent
    await link.close()
    await tasks.close()
    child.communicate(timeout=10)
    return {
        "slot": slot, "notes": notes, "loss": loss, **shares(taken),
        "resent": round(resent / repeats, 1), "datagrams": round(datagrams / repeats, 1),
    }  # fmt: skip


async def emptied(link: AbletonOscLink, place: Place) -> None:
    """Ask until the mirror shows the slot empty: a request may be lost."""
    while link.mirror.tracks[place.track].clips[place.slot] is not None:
        link.wire.send(Message("/live/clip_slot/delete_clip", (place.track, place.slot)))
        await asyncio.sleep(0.8)


def shares(values: list[float]) -> dict[str, float]:
    found = sorted(values)
    last = len(found) - 1
    ranks = {"p50_ms": 0.5, "p95_ms": 0.95, "max_ms": 1.0}
    return {
        name: round(found[min(last, int(rank * len(found)))], 1) for name, rank in ranks.items()
    }


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def main(repeats: int, case: int | None) -> None:
    cases = CASES if case is None else CASES[case : case + 1]
    results = [await measured(slot, notes, loss, repeats) for slot, notes, loss in cases]
    line = {"benchmark": "live", "script": "AbletonOSC" if CHECKOUT else "double"}
    print(json.dumps({**line, "repeats": repeats, "cases": results, "machine": facts()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--case", type=int, help="one of the cases, from 0")
    parser.add_argument("--live", nargs=3)
    given = parser.parse_args()
    if given.live is not None:
        a, b, lost = given.live
        live(int(a), int(b), float(lost))
    else:
        asyncio.run(main(given.repeats, given.case))
