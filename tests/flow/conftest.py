"""Real servers on real sockets: the whole product, or the door over a house of doubles."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from musearoo.conductor.world import Rules
from musearoo.protocols.rest.app import create_app
from musearoo.protocols.rest.options import RestOptions
from tests.doubles.house import PASSWORD, House, house
from tests.servers.server import ServerProcess, serving
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """`musearoo serve` as a user starts it, shared by the stories of a process."""
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@dataclass
class Wired:
    """A house with its door on a socket."""

    place: House
    url: str

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A client of the API, logged in if it has a token."""
        login = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v3", headers={**login, **headers}, timeout=2 * PATIENCE
        )

    async def person(self, name: str) -> httpx.AsyncClient:
        """Somebody who has just registered."""
        async with self.client() as anyone:
            body = {"email": f"{name}@example.org", "username": name, "password": PASSWORD}
            login = (await anyone.post("/auth/register", json=body)).json()
        return self.client(login["access_token"])


@contextlib.asynccontextmanager
async def wired(
    folder: Path, rules: Rules | None = None, options: RestOptions | None = None
) -> AsyncIterator[Wired]:
    """A house answering on a free port, which is in no hurry to send a caller away."""
    options, rules = options or RestOptions(pace=None), rules or Rules()
    async with house(folder, replace(rules, generate_wait=PATIENCE)) as place:
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
            config = uvicorn.Config(
                create_app(place.conductor, options), log_config=None, lifespan="off", ws="none"
            )
            running = uvicorn.Server(config)
            task = asyncio.create_task(running.serve(sockets=[listener]))
            try:
                await until(lambda: running.started or task.done(), "a server that answers")
                yield Wired(place, f"http://127.0.0.1:{listener.getsockname()[1]}")
            finally:
                running.should_exit = True
                await task
