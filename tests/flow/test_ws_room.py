"""Two people in a live room, on the whole product over real sockets."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.flow.ws_client import Live
from tests.servers.server import ServerProcess, serving
from tests.waiting import PATIENCE


@pytest.fixture
def http(server: ServerProcess):
    with server.client() as client:
        yield client


def project_of(http: httpx.Client) -> str:
    made: str = http.post("/api/v3/projects", json={"name": "Riff"}).json()["id"]
    return made


async def pair(server: ServerProcess, http: httpx.Client) -> tuple[Live, Live]:
    project = project_of(http)
    first = await Live(server.url, http, project).join()
    return first, await Live(server.url, http, project).join()


def wire(client: Live) -> asyncio.Transport:
    assert client.socket is not None
    return client.socket.transport


def knob(value: float, path: str = "drums/complexity") -> dict[str, Any]:
    return {"path": path, "value": value}


async def test_two_clients_hear_the_same_in_the_same_order(server, http):
    first, second = await pair(server, http)
    for number in range(10):
        await first.send("parameter_change", knob(number / 10), message_id=f"a{number}")
        await second.send("chat_message", {"text": f"bar {number}"}, message_id=f"b{number}")
    await first.answered("a9")
    await second.answered("b9")
    for client in (first, second):
        await client.until(lambda m: m.get("seq") == 20)
        await client.close()
    assert first.events() == second.events()
    assert list(range(1, 21)) == [event["seq"] for event in first.events()]


async def test_a_part_is_played_to_everyone_bar_by_bar(server, http):
    first, second = await pair(server, http)
    request = {"engine": "drummaroo", "bars": 4, "parameters": {"complexity": 0.6}}
    await first.send("generation_request", request, message_id="g")
    ack = await first.answered("g")
    for client in (first, second):
        done = await client.until(lambda m: m["type"] == "generation_complete")
        bars = [m["data"]["bar"] for m in client.messages if m["type"] == "take_bar"]
        assert [1, 2, 3, 4] == bars
        assert ack["data"]["take_id"] == done["data"]["take_id"]
        await client.close()
    assert ack["data"]["lands_at"]["bar"] >= 1
    assert any(m["type"] == "generation_progress" for m in second.messages)


async def test_after_a_cut_exactly_the_missing_comes(server, http):
    first, second = await pair(server, http)
    await first.send("parameter_change", knob(0.1), message_id="one")
    await second.until(lambda m: m.get("cause") == "one")
    await second.cut()
    for number in range(30):
        await first.send("parameter_change", knob(number / 30), message_id=f"n{number}")
    await first.answered("n29")
    await second.resume()
    assert second.welcome["resumed"]
    await second.until(lambda m: m.get("seq") == 31)
    assert list(range(1, 32)) == [event["seq"] for event in second.events()]
    assert first.events() == second.events()
    await first.close()
    await second.close()


async def test_a_stalled_reader_does_not_keep_others_waiting(server, http):
    first, second = await pair(server, http)
    stalled = await Live(server.url, http, first.project).join()
    wire(stalled).pause_reading()
    texts = "x" * 1_900
    for number in range(60):
        await first.send("chat_message", {"text": texts}, message_id=f"t{number}")
        await second.send("parameter_change", knob(number / 60), message_id=f"s{number}")
        await asyncio.sleep(0.01)
    await second.until(lambda m: m.get("seq") == 120)
    wire(stalled).resume_reading()
    await stalled.until(lambda m: m.get("seq") == 120)
    chats = [m["data"]["text"] for m in stalled.messages if m["type"] == "chat_message"]
    assert [texts] * 60 == chats
    for client in (first, second, stalled):
        await client.close()


async def test_rest_and_websocket_are_two_doors_of_one_room(server, http):
    first, second = await pair(server, http)
    other = await Live(server.url, http, project_of(http)).join()
    commands = [
        ("set_parameter", knob(0.3)), ("set_parameter", {"path": "session/tempo", "value": 128}),
        ("transport", {"action": "play"}), ("set_form", {"bars": 16}), ("undo", {}),
    ]  # fmt: skip
    for number, (name, args) in enumerate(commands):
        answer = http.post(
            f"/api/v3/sessions/{first.project}/commands", json={"name": name, "args": args}
        )
        assert answer.status_code == 200, answer.text
        await other.send("command", {"name": name, "args": args}, message_id=f"c{number}")
        assert "ack" == (await other.answered(f"c{number}"))["type"]
    for client in (first, other):
        await client.until(lambda m: m.get("seq") == 5)
    assert list(map(shape, first.events())) == list(map(shape, other.events()))
    listed = http.get(f"/api/v3/sessions/{other.project}/events").json()["events"]
    assert other.events() == listed
    for client in (first, second, other):
        await client.close()


def shape(event: dict[str, Any]) -> Any:
    data = {k: v for k, v in event["data"].items() if k not in {"since", "tick", "lands_at"}}
    return event["type"], event["seq"], data


@pytest.mark.parametrize("proof", [{"ticket": "x"}, {"resume_token": "x"}, None])
async def test_a_wrong_proof_is_told_and_closed(server, http, proof):
    client = Live(server.url, http, project_of(http))
    ticket = await client.ticket()
    if proof is None:  # one that was used
        await (await client.join({"ticket": ticket})).close()
        client.epoch = ""
    socket = await websockets.connect(client.url, compression=None, open_timeout=PATIENCE)
    client.socket = socket
    await client.send("session_join", proof or {"ticket": ticket})
    assert '"unauthenticated"' in await socket.recv()
    with pytest.raises(websockets.ConnectionClosed):
        await socket.recv()
    assert 4401 == socket.close_code


async def test_a_ticket_opens_its_own_session_only(server, http):
    client = Live(server.url, http, project_of(http))
    socket = await websockets.connect(client.url, compression=None, open_timeout=PATIENCE)
    client.socket = socket
    await client.send("session_join", {"ticket": await client.ticket()}, session_id="another")
    assert '"forbidden"' in await socket.recv()
    with pytest.raises(websockets.ConnectionClosed):
        await socket.recv()
    assert 4403 == socket.close_code


async def test_a_page_of_another_origin_is_not_let_in(server, http):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await Live(server.url, http, "x").join({"ticket": "x"}, origin="https://evil.example")
    assert 403 == refused.value.response.status_code


async def test_logging_out_ends_the_connection(tmp_path: Path):
    with serving(tmp_path / "data") as own, own.client() as http:
        client = await Live(own.url, http, project_of(http)).join()
        http.post("/api/v3/auth/logout")
        await client.ended()
        assert client.socket is not None
        assert 4401 == client.socket.close_code


async def test_a_restart_loses_nothing(tmp_path: Path):
    with serving(tmp_path / "data") as own, own.client() as http:
        project = project_of(http)
        first = await Live(own.url, http, project).join()
        for number in range(20):
            await first.send("parameter_change", knob(number / 20), message_id=f"p{number}")
        await first.answered("p9")  # the others are on their way
        await asyncio.to_thread(_terminate, own.pid)
        await first.until(lambda m: m["type"] == "going_away")
        await first.ended()
        own.stop()
        own.start()
        with own.client() as again:
            second = Live(own.url, again, project)
            second.epoch, second.last_seq = first.epoch, 0
            await second.join()
            assert second.welcome["resumed"]
            acked = {m["cause"]: m["data"]["seq"] for m in first.messages if m["type"] == "ack"}
            end = max(first.last_seq, *acked.values())
            await second.until(lambda m: m.get("seq") == end)
            stored = {event["seq"]: event for event in second.events()}
            assert {seq: stored[seq]["cause"] for seq in acked.values()} == {
                seq: cause for cause, seq in acked.items()
            }
            assert {event["seq"]: event for event in first.events()}.items() <= stored.items()
            assert [f"p{n}" for n in range(len(stored))] == [e["cause"] for e in stored.values()]
            await second.close()


def _terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


async def test_a_second_signal_does_not_end_the_storing(tmp_path: Path):
    with serving(tmp_path / "data") as own, own.client() as http:
        client = await Live(own.url, http, project_of(http)).join()
        await client.send("parameter_change", knob(0.3), message_id="p")
        await client.answered("p")
        os.kill(own.pid, signal.SIGTERM)
        ends = time.monotonic() + 2 * PATIENCE
        while _alive(own.pid):
            assert time.monotonic() < ends, own.log()[-3000:]
            _terminate(own.pid)
            await asyncio.sleep(0.002)
        assert 0 == own.stop()


def _alive(pid: int) -> bool:
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
