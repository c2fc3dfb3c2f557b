"""The room under an ASGI server that leaves us only messages: the stories of `test_ws_room`."""

import asyncio
import contextlib
from collections.abc import Iterator

import httpx
import pytest
import websockets

from tests.flow.test_ws_conformance import Raw
from tests.flow.test_ws_room import (
    knob,
    pair,
    project_of,
    test_a_page_of_another_origin_is_not_let_in,
    test_a_part_is_played_to_everyone_bar_by_bar,
    test_a_stalled_reader_does_not_keep_others_waiting,
    test_a_ticket_opens_its_own_session_only,
    test_a_wrong_proof_is_told_and_closed,
    test_after_a_cut_exactly_the_missing_comes,
    test_rest_and_websocket_are_two_doors_of_one_room,
    test_two_clients_hear_the_same_in_the_same_order,
)
from tests.flow.ws_client import Live
from tests.servers.server import ServerProcess, serving
from tests.waiting import PATIENCE

__all__ = [
    "test_a_page_of_another_origin_is_not_let_in",
    "test_a_part_is_played_to_everyone_bar_by_bar",
    "test_a_stalled_reader_does_not_keep_others_waiting",
    "test_a_ticket_opens_its_own_session_only",
    "test_a_wrong_proof_is_told_and_closed",
    "test_after_a_cut_exactly_the_missing_comes",
    "test_rest_and_websocket_are_two_doors_of_one_room",
    "test_two_clients_hear_the_same_in_the_same_order",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("asgi") / "data"
    with serving(folder, None, "-m", "tests.servers.asgi") as running:
        yield running
        assert "Traceback" not in running.log(), running.log()[-3000:]


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)],
)
def test_a_handshake_is_refused_with_its_reason(
    server: ServerProcess, headers: dict[str, str], status: int
) -> None:
    """Host and Origin are checked here as everywhere."""
    opened = Raw(server, **headers)
    assert status == opened.status
    opened.socket.close()


async def test_faults_are_told_and_only_floods_closed(
    server: ServerProcess, http: httpx.Client
) -> None:
    """A typed error for each, 4429 for who does not stop, and the other is not touched."""
    first, second = await pair(server, http)
    assert first.socket is not None
    await first.socket.send('{"type": "dance", "message_id": "x"}')
    error = await first.until(lambda m: m["type"] == "error")
    assert ("unknown-type", "x") == (error["data"]["code"], error["data"]["reply_to"])
    with contextlib.suppress(websockets.ConnectionClosed):  # before all were sent, perhaps
        for _ in range(600):
            await first.socket.send("{")
    await first.ended()
    assert 4429 == first.socket.close_code
    await second.send("parameter_change", knob(0.5), message_id="k")
    assert "ack" == (await second.answered("k"))["type"]
    await second.close()


async def test_records_go_and_come(server: ServerProcess, http: httpx.Client) -> None:
    """The binary subprotocol is agreed on and spoken."""
    client = Live(server.url, http, project_of(http))
    async with websockets.connect(
        client.url,
        subprotocols=[websockets.Subprotocol("musearoo.v3.bin")],
        compression=None,
        open_timeout=PATIENCE,
    ) as socket:
        client.socket = socket
        assert "musearoo.v3.bin" == socket.subprotocol
        await client.send("session_join", {"ticket": await client.ticket()})
        assert '"parameters":[{"handle"' in str(await socket.recv())
        await client.send("parameter_change", knob(0.5), message_id="records")
        async with asyncio.timeout(PATIENCE):
            while not isinstance(heard := await socket.recv(), bytes) or heard[0] != 3:
                continue


async def test_who_leaves_is_let_go(server: ServerProcess, http: httpx.Client) -> None:
    """`session_leave` is answered with 1000."""
    client = await Live(server.url, http, project_of(http)).join()
    await client.send("session_leave")
    await client.ended()
    assert client.socket is not None
    assert 1000 == client.socket.close_code
