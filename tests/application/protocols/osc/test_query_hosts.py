"""OSCQuery in local mode is for this machine: what a proxy or tunnel brings acts for nobody."""

from typing import Any

import pytest
from starlette.types import Message as Asgi
from starlette.types import Receive, Scope, Send

from musearoo.protocols.osc.query import OscQuery, QueryOptions
from tests.doubles.osc_stage import Stage


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError(scope["path"])


async def answered(stage: Stage, *headers: tuple[bytes, bytes]) -> list[str]:
    """What a WebSocket from loopback is answered, which leaves at once."""
    options = QueryOptions(("localhost", "studio.example"), 8000, 8765)
    scope: dict[str, Any] = {
        "type": "websocket", "path": "/", "query_string": b"", "headers": list(headers),
        "client": ("127.0.0.1", 40_000), "subprotocols": [],
    }  # fmt: skip
    came: list[Asgi] = [
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1000},
    ]
    sent: list[str] = []

    async def receive() -> Asgi:
        return came.pop(0)

    async def send(message: Asgi) -> None:
        sent.append(message["type"])

    await OscQuery(nothing, stage.door, options)(scope, receive, send)
    return sent


async def test_this_machine_listens(local: Stage) -> None:
    """A program here that calls the server by a name of this machine is let in."""
    assert await answered(local, (b"host", b"localhost:8000")) == ["websocket.accept"]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", b"studio.example")],
        [(b"host", b"localhost:8000"), (b"x-forwarded-for", b"192.0.2.1")],
        [(b"host", b"localhost:8000"), (b"forwarded", b"for=192.0.2.1")],
    ],
)
async def test_what_a_tunnel_brings_is_turned_away(
    local: Stage, headers: list[tuple[bytes, bytes]]
) -> None:
    """From loopback, but from elsewhere before: in local mode it would act for the owner."""
    assert await answered(local, *headers) == ["websocket.close"]


async def test_behind_a_proxy_devices_pair(stage: Stage) -> None:
    """Without local mode nobody acts unpaired, so a proxy in front is welcome."""
    headers = [(b"host", b"studio.example"), (b"x-forwarded-for", b"192.0.2.1")]
    assert await answered(stage, *headers) == ["websocket.accept"]
