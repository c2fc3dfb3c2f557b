"""On a bad network nobody loses an edit: all clients end with the same state and events."""

import asyncio
import os
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import websockets

from tests.fault.ws_proxy import FaultyNetwork
from tests.flow.ws_client import Live
from tests.servers.server import serving

FAULTS = int(os.environ.get("WS_FAULTS", "500"))
SEED = int(os.environ.get("WS_SEED", "7"))
CLIENTS = 4
PATHS = ("drums/complexity", "drums/intensity", "bass/complexity")


class Player:
    """A client that keeps what it sent until it is answered, and sends it again if need be."""

    def __init__(self, number: int, live: Live, seed: int) -> None:
        self.number = number
        self.live = live
        self.chance = Random(seed)
        self.outbox: dict[str, tuple[str, dict[str, Any]]] = {}
        self.sent = 0
        self.resumed = 0
        self.snapshots = 0

    async def play(self, done: asyncio.Event) -> None:
        while not done.is_set() or self.outbox:
            try:
                await self._connected(done)
            except (OSError, websockets.WebSocketException, TimeoutError, AssertionError):
                await asyncio.sleep(self.chance.uniform(0.01, 0.05))

    async def _connected(self, done: asyncio.Event) -> None:
        live = self.live
        async with asyncio.timeout(5):
            await (live.resume() if live.epoch else live.join())
        self.resumed += live.welcome["resumed"]
        self.snapshots += not live.welcome["resumed"]
        for message_id, (type_, data) in list(self.outbox.items()):
            await live.send(type_, data, message_id=message_id)
        while not done.is_set() or self.outbox:
            self._settle()
            if not done.is_set():
                await self._say()
            assert live.socket is not None
            if live.socket.state is not websockets.protocol.State.OPEN:
                await live.ended()
                return
            await asyncio.sleep(self.chance.uniform(0.005, 0.02))
        self._settle()

    async def _say(self) -> None:
        self.sent += 1
        message_id = f"p{self.number}:{self.sent}"
        if self.chance.random() < 0.3:
            entry: tuple[str, dict[str, Any]] = ("chat_message", {"text": f"says {message_id}"})
        else:
            value = round(self.chance.random(), 3)
            entry = "parameter_change", {"path": self.chance.choice(PATHS), "value": value}
        self.outbox[message_id] = entry
        await self.live.send(entry[0], entry[1], message_id=message_id)

    def _settle(self) -> None:
        for message in self.live.messages:
            if message["type"] in {"ack", "error"}:
                self.outbox.pop(message.get("cause") or "", None)


def folded(live: Live) -> dict[str, Any]:
    """What a client believes the parameters to be."""
    values: dict[str, Any] = {}
    for message in live.messages:
        if message["type"] == "welcome" and "state" in message["data"]:
            values = dict(message["data"]["state"]["parameters"])
        elif message["type"] == "parameter_change":
            values[message["data"]["path"]] = message["data"]["value"]
    return values


@pytest.mark.slow
async def test_all_clients_end_with_the_same_state_and_events(tmp_path: Path):
    with serving(tmp_path / "data", {"MUSEAROO_LOG_LEVEL": "warning"}) as server:
        with server.client() as http:
            await _rounds(server.url, http)
        assert "Traceback" not in server.log(), server.log()[-3000:]


async def _rounds(url: str, http: httpx.Client) -> None:
    made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "Bad network"})
    project = made.json()["id"]
    async with FaultyNetwork(int(url.rpartition(":")[2]), SEED) as network:
        door = f"http://127.0.0.1:{network.port}"
        players = [
            Player(number, Live(door, http, project), SEED + number) for number in range(CLIENTS)
        ]
        done = asyncio.Event()
        playing = [asyncio.create_task(player.play(done)) for player in players]
        while sum(network.faults.values()) < FAULTS:
            await asyncio.sleep(network.chance.uniform(0.01, 0.04))
            network.strike()
        done.set()
        async with asyncio.timeout(60):
            await asyncio.gather(*playing)
    calm = await Live(url, http, project).join()
    for player in players:
        if player.live.socket is not None:
            await player.live.cut()
        player.live.url = calm.url
        await player.live.resume()
    end = calm.welcome["seq"]
    for player in players:
        await player.live.until(lambda m: player.live.last_seq >= end)  # noqa: B023
    stored = _stored(http, project)
    said = [event["cause"] for event in stored]
    assert len(set(said)) == len(said), "something was applied twice"
    assert sum(player.sent for player in players) == len(said), "something was lost"
    expected = calm.welcome["state"]["parameters"]
    print("faults", network.faults, "resumed", [p.resumed for p in players], "events", len(said))
    for player in players:
        events = {event["seq"]: event for event in player.live.events()}
        numbers = [event["seq"] for event in player.live.events()]
        assert sorted(set(numbers)) == numbers, "out of order or twice"
        assert all(events[event["seq"]] == event for event in stored if event["seq"] in events)
        began = next(m for m in player.live.messages if m["type"] == "welcome")["data"]["seq"]
        missing = {event["seq"] for event in stored if event["seq"] > began} - set(numbers)
        assert not missing, f"missing {sorted(missing)[:9]}"
        assert 1 == player.snapshots, "whoever comes back gets what is missing, not the state"
        assert expected == folded(player.live)
    await calm.close()


def _stored(http: httpx.Client, project: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        answer = http.get(
            f"/api/v3/sessions/{project}/events", params={"after": after, "limit": 500}
        )
        page = answer.json()["events"]
        if not page:
            return found
        found += page
