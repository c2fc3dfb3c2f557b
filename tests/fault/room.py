"""A room on a bad network to watch: people in processes of their own play for some minutes.

    make room                                  three people, ten minutes
    make room ARGS="--people 2 --minutes 1"

The address that is printed leads through the same bad network: open it in browsers, wide and
narrow, and watch. At the end each says what it saw; the exit code is 0 if all saw the same.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec

from musearoo.client import Account, ClientError, Connected, Options, Session
from musearoo.codecs.events import snapshot
from musearoo.domain.events import Sequenced, is_state_class
from musearoo.domain.session.state import SessionState
from tests.fault.ws_proxy import FaultyNetwork
from tests.servers.server import ServerProcess, serving

Login = tuple[str, str]
PATHS = ("drums/complexity", "drums/intensity", "bass/complexity", "session/tempo")


class Person:
    """One client process."""

    def __init__(self, url: str, login: Login, project: str, seed: int) -> None:
        self.chance = Random(seed)
        options = Options(binary=seed % 2 == 1, device="phone" if seed == 0 else None)
        self.live = Session(Account(url, token=login[0], refresh_token=login[1]), project, options)
        self.heard: dict[int, str] = {}
        self.kinds: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.snapshots = 0

    async def perform(self) -> None:
        """Play until told to stop on standard input, then say what there was."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async with self.live:
            listening = asyncio.create_task(self._listen())
            playing = asyncio.create_task(self._play())
            await reader.readline()
            playing.cancel()
            print("waiting", flush=True)
            end = int(await reader.readline())
            while self.live.seq < end or self.live.waiting:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            print(json.dumps(self.report()), flush=True)
            listening.cancel()

    def report(self) -> dict[str, Any]:
        """What this person saw; state-class events may be coalesced, so they are only counted."""
        told = sorted(self.heard.items())
        return {
            "seq": self.live.seq,
            "state": _digest(_shown(self.live.state)),
            "events": told,
            "kinds": dict(self.kinds),
            "reconnects": self.live.reconnects,
            "snapshots": self.snapshots,
            "coalesced": len(self.live.coalesced),
            "refused": dict(self.refused),
        }

    async def _listen(self) -> None:
        async for happening in self.live.happenings():
            if isinstance(happening, Sequenced):
                kind = type(happening.event).__name__
                self.kinds[kind] += 1
                if not is_state_class(happening.event):
                    self.heard[happening.seq] = kind
            elif isinstance(happening, Connected):
                self.snapshots += not happening.resumed

    async def _play(self) -> None:
        acts = self._turn, self._turn, self._turn, self._say, self._undo, self._generate, self._move
        async with asyncio.TaskGroup() as doing:
            while True:
                await asyncio.sleep(self.chance.expovariate(2.0))
                doing.create_task(self._tried(self.chance.choice(acts)))

    async def _tried(self, act: Any) -> None:
        try:
            await act()
        except ClientError as failure:
            self.refused[getattr(failure, "code", None) or type(failure).__name__] += 1

    async def _turn(self) -> None:
        path = self.chance.choice(PATHS)
        value = self.chance.randrange(70, 160) if "tempo" in path else self.chance.random()
        await self.live.set(path, value)

    async def _say(self) -> None:
        await self.live.chat(f"@bar {self.chance.randrange(1, 9)}")

    async def _undo(self) -> None:
        await self.live.undo()

    async def _generate(self) -> None:
        if self.chance.random() < 0.2:
            await self.live.generate(self.chance.choice(("drummaroo", "bassaroo")), bars=4)

    async def _move(self) -> None:
        await self.live.command("transport", {"action": self.chance.choice(("play", "stop"))})


def _shown(state: SessionState | None) -> Any:
    assert state is not None
    shown = msgspec.to_builtins(snapshot(state, 0.0))
    shown["transport"].pop("position", None)
    return {name: value for name, value in shown.items() if name != "undo"}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


async def watch(people: int, minutes: float, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as server:
        with server.client() as http:
            made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "Watched"})
            project = made.json()["id"]
            async with FaultyNetwork(int(server.url.rpartition(":")[2]), seed) as network:
                url = f"http://127.0.0.1:{network.port}"
                print(f"Look at {url}/#local={server.token} (project Watched)", flush=True)
                reports = await _played(network, url, server, project, people, minutes)
                print(f"faults {network.faults}")
        return _verdict(reports, server)


async def _played(
    network: FaultyNetwork,
    url: str,
    server: ServerProcess,
    project: str,
    people: int,
    minutes: float,
) -> list[dict[str, Any]]:
    pipe = asyncio.subprocess.PIPE
    clients = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fault.room", "--as", url, *_login(server), project, str(n),
            stdin=pipe, stdout=pipe, limit=1 << 26,
        )
        for n in range(people)
    ]  # fmt: skip
    end = asyncio.get_running_loop().time() + 60 * minutes
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(network.chance.uniform(0.2, 1.0))
        network.strike()
    network.calm()
    for client in clients:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"stop\n")
        await client.stdout.readline()
    await asyncio.sleep(3.0)  # generations under way end
    with server.client() as http:  # a login of ten minutes ago is over
        answer = await asyncio.to_thread(http.get, f"/api/v3/sessions/{project}")
    reports = []
    for client in clients:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{answer.json()['seq']}\n".encode())
        line = await asyncio.wait_for(client.stdout.readline(), 60)
        reports.append(json.loads(line))
        await client.wait()
    return reports


def _login(server: ServerProcess) -> Login:
    body = {"token": server.local_token()}
    login = httpx.post(f"{server.url}/api/v3/auth/local", json=body, timeout=30).json()
    return login["access_token"], login["refresh_token"]


def _verdict(reports: list[dict[str, Any]], server: ServerProcess) -> int:
    """Print what each saw; 0 if all saw the same."""
    first = reports[0]
    begin = max(int(each["events"][0][0]) if each["events"] else 0 for each in reports)
    lists = [[event for event in each["events"] if event[0] >= begin] for each in reports]
    for number, each in enumerate(reports):
        print(f"person {number}:", {**each, "events": _digest(lists[number])})
    same = all(each["state"] == first["state"] for each in reports)
    alike = all(heard == lists[0] for heard in lists)
    calm = "Traceback" not in server.log()
    print(f"same state: {same}; same events from {begin} on: {alike}; no server error: {calm}")
    return 0 if same and alike and calm else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="People on a bad network, to watch.")
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--as", dest="person", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.person is not None:
        url, access, refresh, project, seed = given.person
        asyncio.run(_as(url, (access, refresh), project, int(seed)))
        return 0
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(watch(given.people, given.minutes, given.seed))
    return 1


async def _as(url: str, login: Login, project: str, seed: int) -> None:
    for _ in range(100):
        person = Person(url, login, project, seed)
        try:
            await person.perform()
        except ClientError:
            if person.live.seq:
                raise
            await asyncio.sleep(0.2)  # the network failed before it had begun
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
