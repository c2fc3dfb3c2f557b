"""A rehearsal over OSC: python benchmarks/rehearse_osc.py [--minutes N] [--seed N].

Pure Data turns controls by itself, liblo's programs have parts played and takes committed, Live is
faked around AbletonOSC's genuine code where MUSEAROO_ABLETONOSC names a checkout, else around
our double, a WebSocket client looks on. At the end the event lists of REST and WebSocket are
compared, what OSC was told with the state, and the clips in Live with the committed takes. Prints
one JSON line; exits with 1 if anything differs. Needs pd, oscsend and oscdump.
"""

import argparse
import asyncio
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.client import Account, Session, connect
from musearoo.codecs.events import envelope
from musearoo.domain.events import Sequenced
from musearoo.domain.music.note import Note
from musearoo.live.clips import clip_name, live_notes
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.host import abletonosc
from tests.doubles.osc_surface import osc_surface
from tests.servers.server import serving

CHECKOUT = "MUSEAROO_ABLETONOSC"
EXACT = 1e-4  # quarter notes; OSC carries 32-bit floats
PARTS = ("drums", "bass", "melody", "harmony")
TURNED = tuple(
    f"{part}_{name}" for part in PARTS for name in ("complexity", "intensity", "density")
)
_GENERATED = re.compile(r'/musearoo/(\w+)/generated fis \S+ \S+ "([^"]+)"')
_ECHO = re.compile(r"/musearoo/(\w+)/(\w+)/echo f (\S+)")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def osc_port(url: str) -> int:
    port: int = httpx.get(f"{url}/?HOST_INFO").json()["OSC_PORT"]
    return port


def hands(seed: int) -> str:
    """A patch that moves each control at random, at a pace of its own."""
    chance = random.Random(seed)
    lines = ["#N canvas 0 0 400 300 12;", "#X obj 10 10 loadbang;", "#X obj 10 40 delay 2000;"]
    cords = ["#X connect 0 0 1 0;"]
    for number, name in enumerate(TURNED):
        first = 2 + 4 * number
        lines += [
            f"#X obj 10 70 metro {chance.randint(150, 900)};",
            "#X obj 10 100 random 1000;",
            "#X obj 10 130 / 1000;",
            f"#X obj 10 160 s musearoo-{name};",
        ]
        cords += [f"#X connect 1 0 {first} 0;"]
        cords += [f"#X connect {first + step} 0 {first + step + 1} 0;" for step in range(3)]
    return "\n".join([*lines, *cords]) + "\n"


class Musician:
    """Somebody at a terminal with liblo's programs."""

    def __init__(self, port: int, log: Path) -> None:
        self._port = port
        self._log = log
        self.committed: dict[str, str] = {}
        self.taken: set[str] = set()
        self.asked = 0

    def send(self, *message: str) -> None:
        subprocess.run(["oscsend", "localhost", str(self._port), *message], check=True, timeout=20)

    def play(self, part: str, style: str) -> None:
        self.asked += 1
        self.send("/musearoo/command", "ss", "set_parameter",
                  json.dumps({"path": "session/style", "value": style}))  # fmt: skip
        self.send(f"/musearoo/generate/{part}")

    def commit_latest(self) -> None:
        for part, take in _GENERATED.findall(self._log.read_text(errors="replace")):
            if take not in self.taken:
                self.taken.add(take)
                self.committed[part] = take
                self.send("/musearoo/take/commit", "ss", part, take)

    def told(self) -> dict[str, float]:
        """The value of each parameter that OSC told last."""
        found = _ECHO.findall(self._log.read_text(errors="replace"))
        return {f"{part}/{name}": float(value) for part, name, value in found}


async def rehearse(options: argparse.Namespace, folder: Path, stack: ExitStack) -> dict[str, Any]:
    listen, reply = free_port(), free_port()
    checkout = os.environ.get(CHECKOUT)
    ports = {"listen": listen, "reply": reply}
    create = abletonosc(Path(checkout), **ports) if checkout else osc_surface(**ports)
    live = FakeLive(create).start()
    stack.callback(live.stop)
    settings = {
        "MUSEAROO_LIVE": "abletonosc",
        "MUSEAROO_LIVE_PORT": str(listen), "MUSEAROO_LIVE_REPLY_PORT": str(reply),
    }  # fmt: skip
    server = stack.enter_context(serving(folder / "data", settings))
    port = osc_port(server.url)
    account = Account(server.url)
    await account.login_local(server.local_token())
    project = (await account.call("POST", "/projects", json={"name": "Rehearsal"}))["id"]
    session = await account.open_session(project)
    seen: list[Sequenced] = []
    async with connect(account=account, session=session) as onlooker:
        watching = asyncio.create_task(watch(onlooker, seen))
        log = folder / "osc.log"
        musician = Musician(port, log)
        players = start_players(folder, port, log, options.seed)
        try:
            await asyncio.to_thread(play, options, musician)
        finally:
            for player in reversed(players):  # what moves first, what listens when all is told
                player.kill()
                player.wait()
                await asyncio.sleep(2)
        listed = await all_events(account, session)
        state = onlooker.state
        watching.cancel()
    values = dict(state.parameters) if state is not None else {}
    takes = {part: await take_notes(account, take) for part, take in musician.committed.items()}
    await account.close()
    return verdict(listed, seen, values, musician, live, takes)


async def watch(onlooker: Session, seen: list[Sequenced]) -> None:
    async for event in onlooker.events():
        seen.append(event)  # noqa: PERF401  (it is read before the events end)


def start_players(folder: Path, port: int, log: Path, seed: int) -> list["subprocess.Popen[bytes]"]:
    layout, patch, feedback = folder / "musearoo.pd", folder / "hands.pd", free_port()
    patch.write_text(hands(seed))
    subprocess.run(
        [sys.executable, "-m", "musearoo.app", "osc", "layout", "puredata", "-o", layout],
        check=True, env={**os.environ, "MUSEAROO_OSC_PORT": str(port)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with log.open("wb") as out:
        dump = subprocess.Popen(["oscdump", "-L", str(feedback)], stdout=out)
    quiet = ["pd", "-nogui", "-noaudio", "-nomidi", "-open", layout, "-open", patch]
    pd = subprocess.Popen(quiet, stderr=subprocess.DEVNULL)
    time.sleep(1)
    hello = ["oscsend", "localhost", str(port), "/musearoo/hello", "i", str(feedback)]
    subprocess.run(hello, check=True, timeout=20)
    return [dump, pd]


def play(options: argparse.Namespace, musician: Musician) -> None:
    chance = random.Random(options.seed)
    ends = time.monotonic() + 60 * options.minutes
    turn = 0
    while time.monotonic() < ends:
        musician.play(PARTS[turn % len(PARTS)], chance.choice(("rock", "funk", "jazz", "blues")))
        time.sleep(chance.uniform(3, 6))
        musician.commit_latest()
        if turn % 4 == 3:
            musician.send("/musearoo/session/tempo", "f", str(chance.randint(*options.tempo)))
            musician.send(
                "/musearoo/transport/play" if turn % 8 == 3 else "/musearoo/transport/stop"
            )
        turn += 1
    time.sleep(2)
    musician.commit_latest()


async def all_events(account: Account, session: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        after = events[-1]["seq"] if events else 0
        query = {"after": after, "limit": 500}
        page = await account.call("GET", f"/sessions/{session}/events", params=query)
        events += page["events"]
        if not page["events"]:
            return events


async def take_notes(account: Account, take: str) -> tuple[Note, ...]:
    return msgspec.convert((await account.call("GET", f"/takes/{take}"))["notes"], tuple[Note, ...])


def clips_in(live: FakeLive) -> dict[str, list[tuple[int, float]]]:
    """The notes of each clip in the set, by its name."""
    found = {}
    for track in live.song.tracks:
        for slot in track.clip_slots:
            if slot.has_clip and slot.clip.is_midi_clip:
                notes = slot.clip.get_notes_extended(0, 128, -8192, 16384)
                found[slot.clip.name] = sorted((each.pitch, each.start_time) for each in notes)
    return found


def verdict(
    listed: list[dict[str, Any]],
    seen: list[Sequenced],
    values: dict[str, Any],
    musician: Musician,
    live: FakeLive,
    takes: dict[str, tuple[Note, ...]],
) -> dict[str, Any]:
    heard = [msgspec.to_builtins(envelope(each)) for each in seen]
    told = musician.told()
    clips = clips_in(live)
    tempi = {120.0, *(each["data"]["tempo"] for each in listed if each["type"] == "tempo_change")}
    furthest = {
        part: _furthest(notes, clips.get(clip_name(part, musician.committed[part]), []), tempi)
        for part, notes in takes.items()
    }
    wrong_echo = {
        path: (value, told.get(path)) for path, value in values.items()
        if isinstance(value, float) and abs(told.get(path, -1.0) - value) > 1e-5
    }  # fmt: skip
    kinds = Counter(str(each["data"].get("name") or each["type"]) for each in listed)
    return {
        "events": len(listed),
        "kinds": kinds,
        "lists_equal": _plain(listed) == _plain(heard),
        "gapless": [each["seq"] for each in listed] == list(range(1, len(listed) + 1)),
        "asked": musician.asked,
        "committed": len(musician.taken),
        "clips": len(clips),
        "clips_off_by": furthest,
        "wrong_clips": [part for part, off in furthest.items() if not 0 <= off < EXACT],
        "wrong_echo": wrong_echo,
    }


def _furthest(notes: tuple[Note, ...], clip: list[tuple[int, float]], tempi: set[float]) -> float:
    """How far the clip is from the take at the best tempo, in quarter notes; -1 if notes differ."""
    apart = []
    for bpm in tempi:
        meant = sorted((each.pitch, each.start) for each in live_notes(notes, bpm))
        if [pitch for pitch, _ in meant] == [pitch for pitch, _ in clip]:
            apart.append(
                max((abs(x[1] - y[1]) for x, y in zip(meant, clip, strict=True)), default=0)
            )
    return min(apart, default=-1.0)


def _plain(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (each["seq"], each["type"], json.dumps(each["data"], sort_keys=True)) for each in events
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tempo", type=int, nargs=2, default=(80, 160))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = asyncio.run(rehearse(options, Path(folder), stack))
    found["live"] = "AbletonOSC" if os.environ.get(CHECKOUT) else "double"
    print(json.dumps({"benchmark": "rehearse_osc", "minutes": options.minutes, **found, **facts()}))
    fine = found["lists_equal"] and found["gapless"] and not found["wrong_clips"]
    return 0 if fine and not found["wrong_echo"] else 1


if __name__ == "__main__":
    sys.exit(main())
