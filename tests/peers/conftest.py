"""A running server with an open session, as programs of other people meet it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.servers.server import ServerProcess, serving
from tests.waiting import wait_until

PROGRAM_SECONDS = 120.0
"""What a program of other people may take to start on a busy machine."""


@dataclass
class Room:
    """A session on a server of its own, and where its OSC is."""

    server: ServerProcess
    http: httpx.Client
    session: str
    port: int

    def events(self) -> list[dict[str, Any]]:
        """What has happened in the session."""
        answer = self.http.get(f"/api/v3/sessions/{self.session}/events", params={"after": 0})
        listed: list[dict[str, Any]] = answer.json()["events"]
        return listed

    def value(self, path: str) -> object:
        """The latest value that a parameter was set to; None if it never was."""
        found = [
            event["data"]["value"] for event in self.events() if event["data"].get("path") == path
        ]
        return found[-1] if found else None

    def until_value(self, path: str, value: object) -> None:
        """Wait until a parameter has a value."""
        wait_until(
            lambda: self.value(path) == value,
            lambda: f"{path} = {value!r}; last were {self.events()[-3:]}",
            PROGRAM_SECONDS,
        )

    def set(self, path: str, value: object) -> None:
        """Change a parameter through another door."""
        change = {"name": "set_parameter", "args": {"path": path, "value": value}}
        answer = self.http.post(f"/api/v3/sessions/{self.session}/commands", json=change)
        assert answer.is_success, answer.text


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("peers") / "data"
    with serving(folder, {"MUSEAROO_OSC_PORT": "0"}) as server, server.client() as http:
        project = http.post("/api/v3/projects", json={"name": "Peers"}).json()["id"]
        session = http.post(f"/api/v3/projects/{project}/sessions").json()["session_id"]
        info = httpx.get(f"{server.url}/?HOST_INFO").json()
        yield Room(server, http, session, info["OSC_PORT"])
