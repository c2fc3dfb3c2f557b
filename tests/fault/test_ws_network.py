"""On a bad network nobody loses an edit: all clients end with the same state and events.

`WS_FAULTS=10000` for longer, `WS_SEED` for other faults; a failure names its seed.
"""

import asyncio
import os
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from musearoo.client import Account, Options
from musearoo.protocols.ws.room import LOG_EVENTS
from tests.fault.ws_players import ByClient, ByHand, until
from tests.fault.ws_proxy import FaultyNetwork
from tests.flow.ws_client import Live
from tests.servers.server import ServerProcess, serving

FAULTS = int(os.environ.get("WS_FAULTS", "500"))
SEED = int(os.environ.get("WS_SEED", "7"))


@pytest.mark.slow
async def test_all_clients_end_with_the_same_state_and_events(tmp_path: Path) -> None:
    with serving(tmp_path / "data", {"MUSEAROO_LOG_LEVEL": "warning"}) as server:
        with server.client() as http:
            try:
                await _rounds(server, http)
            except Exception as failure:
                failure.add_note(f"WS_SEED={SEED} WS_FAULTS={FAULTS}")
                raise
        assert "Traceback" not in server.log(), server.log()[-3000:]


async def _rounds(server: ServerProcess, http: httpx.Client) -> None:
    made = await asyncio.to_thread(http.post, "/api/v3/projects", json={"name": "Bad network"})
    project = made.json()["id"]
    async with FaultyNetwork(int(server.url.rpartition(":")[2]), SEED) as network:
        door = f"http://127.0.0.1:{network.port}"
        hands = [ByHand(f"p{n}", Live(door, http, project), Random(SEED + n)) for n in range(2)]
        clients = [
            ByClient(
                Account(door, token=_token(http)), project, Options(binary=n > 0), Random(SEED - n)
            )
            for n in range(1, 3)
        ]
        done, over = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as playing:
            by_hand = [playing.create_task(player.play(done)) for player in hands]
            by_client = [playing.create_task(player.play(done, over)) for player in clients]
            while sum(network.faults.values()) < FAULTS:
                await asyncio.sleep(network.chance.uniform(0.005, 0.03))
                network.strike()
            network.calm()
            done.set()
            try:
                await _settled(hands, clients)
                await asyncio.gather(*by_hand)
                await _verdict(server, http, hands, clients)
                print("faults", network.faults, "resumed", [each.resumed for each in hands])
            finally:
                over.set()
                await asyncio.wait(by_client, timeout=30)
                for client in clients:
                    await client.account.close()


async def _settled(hands: list[ByHand], clients: list[ByClient]) -> None:
    """Wait until everything that was asked has its answer."""
    try:
        await until(
            lambda: not any(each.outbox for each in hands) and not any(map(_waits, clients)), 90
        )
    except TimeoutError:
        left = [[*each.outbox][:5] for each in hands], [_left(each) for each in clients]
        raise AssertionError(f"never answered: {left}") from None


def _waits(client: ByClient) -> int:
    return sum(not answer.done() for answer in client.answers)


def _left(client: ByClient) -> object:
    live = client.live
    waiting = live and [*live._outbox._waiting][:5]
    return live and (live.connected, live.connection, live.reconnects, waiting, _waits(client))


def _token(http: httpx.Client) -> str:
    return http.headers["Authorization"].removeprefix("Bearer ")


async def _verdict(
    server: ServerProcess, http: httpx.Client, hands: list[ByHand], clients: list[ByClient]
) -> None:
    calm = await Live(server.url, http, hands[0].live.project).join()
    for player in hands:
        if player.live.socket is not None:
            await player.live.cut()
        player.live.url = calm.url
        await player.live.resume()
    end = calm.welcome["seq"]
    for player in hands:
        await player.live.until(lambda _m: player.live.last_seq >= end)  # noqa: B023
    await until(lambda: all(each.live and each.live.seq >= end for each in clients))
    stored = await asyncio.to_thread(_stored, http, calm.project)
    said = [event["cause"] for event in stored]
    assert len(set(said)) == len(said), "something was applied twice"
    ids = [f"{player.name}:{n + 1}" for player in hands for n in range(player.sent)]
    undone = {cause: code for player in hands for cause, code in player.undone.items()}
    for client in clients:
        assert client.live is not None
        ids += client.live.ids
        undone |= client.live.undone
    assert set(said) <= set(ids)
    # What comes too fast may be merged or refused, and everyone is told of it.
    assert set(undone.values()) <= {"coalesced", "too-many-requests"}
    lost = [each for each in ids if each not in said and each not in undone]
    assert not lost, f"lost: {lost[:9]}"
    expected = calm.welcome["state"]["parameters"]
    for player in hands:
        _check_hand(player, stored, expected)
    for client in clients:
        _check_client(client, stored, expected)
    await calm.close()


def _check_hand(player: ByHand, stored: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    messages = player.live.messages
    numbers = [event["seq"] for event in player.live.events()]
    events = {event["seq"]: event for event in player.live.events()}
    assert sorted(set(numbers)) == numbers, "out of order or twice"
    assert all(events[event["seq"]] == event for event in stored if event["seq"] in events)
    began = next(m for m in messages if m["type"] == "welcome")["data"]["seq"]
    ranges = [
        (m["data"]["from"], m["data"]["to"])
        for m in messages
        if m["type"] == "reconnect" and m["data"]["status"] == "coalesced"
    ]
    _check_missing(stored, began, set(numbers), ranges, player.jumps())
    assert expected == player.folded()


def _check_client(client: ByClient, stored: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert client.failure is None, client.failure
    assert client.live is not None
    assert client.live.state is not None
    numbers = [event.seq for event in client.heard]
    assert sorted(set(numbers)) == numbers, "out of order or twice"
    ranges, jumps = list(client.live.coalesced), client.live.jumps
    _check_missing(stored, client.began, set(numbers), ranges, jumps)
    by_seq = {event["seq"]: event for event in stored}
    for event in client.heard:
        assert event.at == pytest.approx(by_seq[event.seq]["timestamp"], abs=2e-6)
    assert expected == dict(client.live.state.parameters)


def _check_missing(
    stored: list[dict[str, Any]],
    began: int,
    heard: set[int],
    ranges: list[tuple[int, int]],
    jumps: list[tuple[int, int]],
) -> None:
    """Only state, and only of announced ranges, may be left out.

    Whoever comes back gets what is missing, and the state only if that is more than is kept:
    on a machine that stands still somebody may be away for so long.
    """
    assert all(to - since > LOG_EVENTS for since, to in jumps), f"given the state: {jumps}"
    for event in stored:
        seq = event["seq"]
        if seq <= began or seq in heard or any(since < seq <= to for since, to in jumps):
            continue
        assert event["type"] == "parameter_change", f"{seq} was lost"
        assert any(first <= seq <= last for first, last in ranges), f"{seq} is missing"


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
