"""OSCQuery on a running server: the tree over HTTP, values over a WebSocket, pages kept out."""

import asyncio
import json

import httpx
import pytest
import websockets

from musearoo.codecs.osc import Message, decode, encode
from tests.servers.server import ServerProcess
from tests.waiting import PATIENCE, until

DRUMS = "/musearoo/drums/complexity"


@pytest.fixture
def http(server: ServerProcess):
    with server.client() as client:
        yield client


@pytest.fixture
def session(http: httpx.Client) -> str:
    """A project that its owner has opened, where loopback devices act."""
    project = http.post("/api/v3/projects", json={"name": "Riff"}).json()["id"]
    opened: str = http.post(f"/api/v3/projects/{project}/sessions").json()["session_id"]
    return opened


def asked(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=PATIENCE)


def test_the_tree_says_what_may_be_sent(server: ServerProcess):
    node = asked(f"{server.url}{DRUMS}").json()
    assert (DRUMS, "f", 2) == (node["FULL_PATH"], node["TYPE"], node["ACCESS"])
    assert [{"MIN": 0.0, "MAX": 1.0}] == node["RANGE"]
    assert "VALUE" not in node
    whole = asked(server.url, Accept="application/json").json()
    assert {"drums", "bass", "melody", "harmony"} <= set(whole["CONTENTS"]["musearoo"]["CONTENTS"])


def test_host_info_names_the_ports(server: ServerProcess):
    info = asked(f"{server.url}/?HOST_INFO").json()
    assert info["WS_PORT"] == httpx.URL(server.url).port
    assert info["OSC_PORT"] > 0
    assert info["EXTENSIONS"]["LISTEN"] is True
    assert "VALUE" not in info["EXTENSIONS"]  # values come to listeners only


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"{DRUMS}?RANGE", 200), (f"{DRUMS}?VALUE", 204), (f"{DRUMS}?X", 400), ("/musearoo/no", 404)],
)
def test_attributes(server: ServerProcess, path: str, status: int):
    assert status == asked(f"{server.url}{path}").status_code


def test_the_page_is_still_at_the_root(server: ServerProcess):
    page = asked(server.url, Accept="text/html,*/*")
    assert "text/html" in page.headers["content-type"]


def test_another_host_gets_no_tree(server: ServerProcess):
    assert 421 == asked(f"{server.url}/musearoo", Host="evil.example").status_code


def listening(server: ServerProcess, **more):
    url = server.url.replace("http", "ws") + "/"
    return websockets.connect(url, open_timeout=PATIENCE, **more)


async def heard(socket, address: str) -> Message:
    return (await told_up_to(socket, address))[-1]


async def told_up_to(socket, address: str) -> list[Message]:
    """All messages up to the first at an address."""
    told: list[Message] = []
    async with asyncio.timeout(PATIENCE):
        while not told or told[-1].address != address:
            message = decode(await socket.recv())
            assert isinstance(message, Message)
            told.append(message)
    return told


async def test_a_listener_hears_the_value_in_force_and_every_change(server, http, session):
    async with listening(server) as socket:
        await socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": DRUMS}))
        assert (0.5,) == (await heard(socket, DRUMS)).arguments
        change = {"name": "set_parameter", "args": {"path": "drums/complexity", "value": 0.25}}
        assert http.post(f"/api/v3/sessions/{session}/commands", json=change).is_success
        assert (0.25,) == (await heard(socket, DRUMS)).arguments


async def test_a_listener_sends_packets_and_hears_nothing_it_did_not_ask_for(server, http, session):
    async with listening(server) as socket:
        await socket.send(encode(Message("/musearoo/ping")))
        assert (session,) == (await heard(socket, "/musearoo/pong")).arguments
        await socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/musearoo/bass/density"}))
        await heard(socket, "/musearoo/bass/density")
        await socket.send(encode(Message(DRUMS, (0.75,))))
        await socket.send(encode(Message("/musearoo/bass/density", (0.125,))))
        assert await set_values(http, session, 2) == {
            "drums/complexity": 0.75, "bass/density": 0.125,
        }  # fmt: skip
        # What it moved itself is confirmed to it when it has come to rest.
        told = await told_up_to(socket, "/musearoo/bass/density")
        assert told == [Message("/musearoo/bass/density", (0.125,))]
        await socket.send(encode(Message("/musearoo/ping")))
        assert Message("/musearoo/pong", (session,)) == decode(await socket.recv())


async def set_values(http: httpx.Client, session: str, number: int) -> dict[str, float]:
    """The first parameters that were set in a session, once there are so many."""

    async def values() -> dict[str, float]:
        listed = await asyncio.to_thread(http.get, f"/api/v3/sessions/{session}/events?after=0")
        found = [event["data"] for event in listed.json()["events"]]
        return {each["path"]: each["value"] for each in found} if len(found) >= number else {}

    return await until(values, f"{number} parameters")


async def test_rubbish_harms_nobody(server, session):
    async with listening(server) as socket:
        for rubbish in ("{", "[]", json.dumps({"COMMAND": "X", "DATA": 1}), b"\0\1\2"):
            await socket.send(rubbish)
        await socket.send(encode(Message("/musearoo/ping")))
        await heard(socket, "/musearoo/pong")


async def test_a_web_page_is_turned_away(server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with listening(server, origin=server.url):
            pass
    assert 403 == refused.value.response.status_code
