"""The REST door over a house, called in-process as a client would."""

from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from musearoo.protocols.rest.app import RestOptions, create_app
from tests.doubles.house import House

HOST = "rest.test"
BASE = f"http://{HOST}"
OPTIONS = RestOptions(allowed_hosts=(HOST,), version="test", pace=None)


def door(place: House, options: RestOptions = OPTIONS) -> FastAPI:
    """The application over a house."""
    return create_app(place.conductor, options)


def client(
    app: FastAPI, token: str | None = None, *, address: str = "127.0.0.1", **headers: str
) -> httpx.AsyncClient:
    """A client of the application at a network address, logged in if it has a token."""
    login = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=True, client=(address, 123)),
        base_url=BASE,
        headers={**login, **headers},
    )


@dataclass
class FixedTokens:
    """One-time tokens of local mode that a test knows."""

    live: set[str]

    def redeem(self, token: str) -> bool:
        if token not in self.live:
            return False
        self.live.remove(token)
        return True


@dataclass
class KeptMetrics:
    """Metrics that remember what they were told."""

    seen: list[tuple[str, int]]

    def observe(self, route: str, status: int, seconds: float) -> None:
        self.seen.append((route, status))

    def __call__(self) -> bytes:
        return b"# nothing\n"
