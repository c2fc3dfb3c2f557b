"""OSC against a running server: real clients, real sockets, pairing as a user does it."""

import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from musearoo.codecs.osc import FrameReader, Message, decode, encode, length_frame
from musearoo.domain.ids import SessionId
from musearoo.protocols.osc.door import Door
from musearoo.protocols.osc.endpoint import Endpoint, open_endpoint
from tests.doubles.house import ORIGIN, PASSWORD, House, house
from tests.flow.outcomes import LONG
from tests.servers.server import ServerProcess, serving
from tests.waiting import PATIENCE, until, wait_until


class Listener:
    """A UDP port that hears, and sends from where it hears."""

    def __init__(self, to: tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.to = to

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, address: str, *arguments: Any) -> None:
        self.socket.sendto(encode(Message(address, arguments)), self.to)

    def next(self) -> object:
        """Whatever comes next."""
        self.socket.settimeout(PATIENCE)
        return decode(self.socket.recv(65_536))

    def hears(self, address: str, seconds: float = PATIENCE) -> tuple[Any, ...]:
        """The arguments of the next message at an address."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                heard = decode(self.socket.recv(65_536))
                if isinstance(heard, Message) and heard.address == address:
                    return heard.arguments
        raise AssertionError(f"nothing came at {address}")


@pytest.fixture
def session(server: ServerProcess) -> Iterator[tuple[httpx.Client, str, tuple[str, int]]]:
    """The owner's client, a session opened by it, and where OSC is answered."""
    with server.client() as http:
        project = http.post("/api/v3/projects", json={"name": "Over OSC"}).json()["id"]
        http.post(f"/api/v3/projects/{project}/sessions").raise_for_status()
        port = http.get("/api/v3/osc/monitor").json()["port"]
        yield http, project, ("127.0.0.1", port)


def events(http: httpx.Client, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/api/v3/sessions/{session}/events").json()["events"]
    return found


def test_another_program_plays(session: tuple[httpx.Client, str, tuple[str, int]]) -> None:
    """python-osc sets a parameter and plays a take, and hears of both."""
    http, project, to = session
    client = SimpleUDPClient(*to)
    with Listener(to) as hears, client:
        hears.send("/musearoo/hello", hears.port)
        client.send_message("/musearoo/drums/complexity", 0.7)
        # Who greets is told all values in force, and perhaps before the change has come.
        while hears.hears("/musearoo/drums/complexity/echo") != (pytest.approx(0.7),):
            continue
        client.send_message("/musearoo/generate/drums", [0.4, "funk", "now"])
        confidence, milliseconds, take = hears.hears("/musearoo/drums/generated")
        assert 0 < confidence <= 1
        assert milliseconds >= 0
    state = http.get(f"/api/v3/sessions/{project}").json()["state"]
    assert state["parameters"] == {"drums/complexity": 0.7}
    assert state["parts"]["drums"]["selected"] == take
    # Events leave before the disk has them.
    wait_until(lambda: http.get(f"/api/v3/takes/{take}").json().get("notes"), "the take")
    types = [each["type"] for each in events(http, project)]
    assert types[:2] == ["parameter_change", "generation_request"]
    assert types[-1] == "generation_complete"


@pytest.mark.needs("oscsend")
def test_liblo_plays(session: tuple[httpx.Client, str, tuple[str, int]]) -> None:
    """`oscsend` over UDP and over TCP reaches the session."""
    http, project, (host, port) = session
    for scheme, value in (("osc.udp", "0.25"), ("osc.tcp", "0.75")):
        subprocess.run(
            ["oscsend", f"{scheme}://{host}:{port}/", "/musearoo/bass/density", "f", value],
            check=True, timeout=PATIENCE,
        )  # fmt: skip
        wanted = {"bass/density": float(value)}
        wait_until(partial(_has, http, project, wanted), str(wanted))


def _has(http: httpx.Client, session: str, wanted: dict[str, float]) -> bool:
    state = http.get(f"/api/v3/sessions/{session}").json()["state"]
    return bool(state["parameters"] == wanted)


def test_a_stream_carries_both_ways(session: tuple[httpx.Client, str, tuple[str, int]]) -> None:
    """Over TCP the answers come back on the connection."""
    _, _, to = session
    with socket.create_connection(to, timeout=PATIENCE) as stream:
        stream.sendall(length_frame(encode(Message("/musearoo/ping"))))
        stream.sendall(length_frame(encode(Message("/musearoo/drums/fills", (1.0,)))))
        reader, heard = FrameReader(), set[str]()
        while "/musearoo/drums/fills/echo" not in heard:
            chunk = stream.recv(4096)
            assert chunk, f"the server hung up; heard {heard}"
            for packet in reader.feed(chunk):
                message = decode(packet)
                assert isinstance(message, Message)
                heard.add(message.address)
        assert "/musearoo/pong" in heard


def test_localhost_may_be_of_either_kind(
    session: tuple[httpx.Client, str, tuple[str, int]],
) -> None:
    """Whether a program takes "localhost" for 127.0.0.1 or for ::1, it is heard and answered."""
    _, _, (_, port) = session
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        try:
            six.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        six.settimeout(PATIENCE)
        six.sendto(encode(Message("/musearoo/ping")), ("::1", port))
        answer = decode(six.recv(65_536))
        assert isinstance(answer, Message)
        assert answer.address == "/musearoo/pong"


def test_a_web_page_cannot_speak_osc(session: tuple[httpx.Client, str, tuple[str, int]]) -> None:
    """A browser that is sent to the OSC port gets no answer, and changes nothing."""
    http, project, to = session
    body = encode(Message("/musearoo/session/tempo", (33.0,)))
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"http://{to[0]}:{to[1]}/", content=body, timeout=PATIENCE)
    with Listener(to) as later:  # who is answered came after it
        later.send("/musearoo/ping")
        later.hears("/musearoo/pong")
    assert events(http, project) == []


def test_codes_lists_and_clicks(session: tuple[httpx.Client, str, tuple[str, int]]) -> None:
    """A device is paired by a code from REST, seen in the list and monitor, and ended by DELETE."""
    http, project, to = session
    with Listener(to) as device:
        asked = http.post("/api/v3/osc/pairings", json={"session_id": project})
        assert asked.status_code == 201
        assert asked.json()["expires_in"] == 300
        device.send("/musearoo/pair", asked.json()["code"], device.port)
        assert device.hears("/musearoo/pair") == (1,)
        (listed,) = http.get("/api/v3/osc/pairings").json()
        assert (listed["session_id"], listed["reply_port"]) == (project, device.port)
        assert listed["permissions"] == ["view", "edit", "generate", "export"]
        seen = [
            each
            for each in http.get("/api/v3/osc/monitor").json()["sources"]
            if each["pairing_id"] == listed["id"]
        ]
        assert [each["session_id"] for each in seen] == [project]
        assert http.delete(f"/api/v3/osc/pairings/{listed['id']}").status_code == 204
        assert http.get("/api/v3/osc/pairings").json() == []
        assert http.delete(f"/api/v3/osc/pairings/{listed['id']}").status_code == 404


def test_the_command_line_asks_for_a_code(
    server: ServerProcess, session: tuple[httpx.Client, str, tuple[str, int]]
) -> None:
    """`musearoo osc pair` prints a code with which a device plays in the named session."""
    http, project, to = session
    command = [sys.executable, "-m", "musearoo.app", "osc", "pair", "--json"]
    printed = subprocess.run(
        [*command, "--server", server.url, "--session", project],
        env={**os.environ, "MUSEAROO_DATA_DIR": str(server.data_dir)},
        check=True, capture_output=True, timeout=LONG,
    )  # fmt: skip
    with Listener(to) as device:
        device.send("/musearoo/pair", json.loads(printed.stdout)["code"])
        assert device.hears("/musearoo/pair") == (1,)
        device.send("/musearoo/ping")
        assert device.hears("/musearoo/pong") == (project,)
        device.send("/musearoo/unpair")
        wait_until(lambda: not http.get("/api/v3/osc/pairings").json(), "the end of the pairing")


def test_a_second_server_says_what_to_do(server: ServerProcess, tmp_path: Path) -> None:
    """A taken OSC port does not keep a server from starting; it says how to choose another."""
    with server.client() as http:
        port = http.get("/api/v3/osc/monitor").json()["port"]
    data = tmp_path / "data"
    with serving(data, osc_port=port) as second:
        assert "--osc-port" in second.log()
        with second.client() as http:
            assert http.get("/api/v3/osc/monitor").status_code == 503
            project = http.post("/api/v3/projects", json={"name": "Alone"}).json()["id"]
            refused = http.post("/api/v3/osc/pairings", json={"session_id": project})
            assert refused.status_code == 503


def test_a_server_on_the_network_answers_nobody_unpaired(tmp_path: Path) -> None:
    """Not even this machine: with a code it plays, and it is silent again after the logout."""
    environment = {"MUSEAROO_OSC_HOST": "0.0.0.0"}
    with serving(tmp_path / "data", environment) as server:
        with httpx.Client(base_url=f"{server.url}/api/v3", timeout=PATIENCE) as http:
            person = {"email": "ana@example.org", "username": "ana", "password": PASSWORD}
            login = http.post("/auth/register", json=person).json()
            http.headers["Authorization"] = f"Bearer {login['access_token']}"
            project = http.post("/projects", json={"name": "Stage"}).json()["id"]
            http.post(f"/projects/{project}/sessions").raise_for_status()
            to = ("127.0.0.1", http.get("/osc/monitor").json()["port"])
            with Listener(to) as device:
                device.send("/musearoo/drums/complexity", 0.7)
                device.send("/musearoo/ping")
                code = http.post("/osc/pairings", json={"session_id": project}).json()["code"]
                device.send("/musearoo/pair", code)
                assert device.next() == Message("/musearoo/pair", (1,))
                device.send("/musearoo/ping")
                assert device.hears("/musearoo/pong") == (project,)
                assert http.get(f"/sessions/{project}").json()["state"]["parameters"] == {}
                http.post("/auth/logout").raise_for_status()
                wait_until(lambda: not answered(device), "the end of the pairing")
        assert "osc.reachable" in server.log()


def answered(device: Listener) -> bool:
    """Whether a ping comes back within a second."""
    device.send("/musearoo/ping")
    try:
        device.hears("/musearoo/pong", 1.0)
    except AssertionError:
        return False
    return True


@dataclass
class Wired:
    """A door that only paired devices can use, on real sockets."""

    place: House
    door: Door
    endpoint: Endpoint

    @property
    def to(self) -> tuple[str, int]:
        """Where it listens."""
        return self.endpoint.host, self.endpoint.port


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with house(tmp_path) as place:
        door = Door(place.conductor)
        world = place.world
        endpoint = await open_endpoint(
            door, host="127.0.0.1", port=0, clock=world.clock, spawn=world.spawn
        )
        door.start(endpoint.send, endpoint.drop, (endpoint.host, endpoint.port))
        yield Wired(place, door, endpoint)
        door.close()
        await endpoint.close()


def speaker(host: str = "127.0.0.1") -> socket.socket:
    """A socket that sends and listens without waiting."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.setblocking(False)
    return made


def came(listener: socket.socket) -> bytes:
    """What has come, or nothing."""
    with contextlib.suppress(BlockingIOError):
        return listener.recv(65_536)
    return b""


async def test_a_flood_of_strangers(wired: Wired) -> None:
    """Thousands of datagrams that nobody sent: no byte is answered, nothing is kept."""
    with speaker() as stranger, speaker("127.0.0.2") as device:  # two machines, when it guesses
        await flooded(wired, stranger)
        counts = wired.endpoint.counts
        assert (counts.sent, counts.failed) == (0, 0)
        assert came(stranger) == b""
        assert len(wired.door.peers) == 0
        ana = await wired.place.person("ana")
        project = await wired.place.project(ana)
        code, _ = await wired.place.conductor.pairings.code(ana, SessionId(project), origin=ORIGIN)
        asked = encode(Message("/musearoo/pair", (code,)))
        asked_at = -math.inf

        def paired() -> bytes:
            """The answer to asking, each tenth of a second, until the flood is forgotten."""
            nonlocal asked_at
            if time.monotonic() - asked_at > 0.1 and not (answer := came(device)):
                device.sendto(asked, wired.to)
                asked_at = time.monotonic()
                return answer
            return came(device)

        answer = await until(paired, "the answer to the code")
        assert decode(answer) == Message("/musearoo/pair", (1,))
        assert len(answer) <= len(asked)


async def flooded(wired: Wired, stranger: socket.socket) -> None:
    """Send 5,000 datagrams, never more than the system keeps for a reader that is slow."""
    builder = OscMessageBuilder("/musearoo/drums/complexity")
    builder.add_arg(0.7)
    packets = [
        builder.build().dgram,
        encode(Message("/musearoo/pair", ("00000000",))),
        encode(Message("/musearoo/ping")),
        encode(Message("//*", (1,))),
        b"\x00" * 1_000,
    ]
    for sent in range(50, 5_001, 50):
        for number in range(50):
            stranger.sendto(packets[number % len(packets)], wired.to)
        await until(partial(_arrived, wired, sent), f"{sent} of 5,000")


def _arrived(wired: Wired, number: int) -> bool:
    return wired.endpoint.counts.received >= number
