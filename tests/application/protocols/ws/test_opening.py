"""Usual opening handshakes are answered in one step, as the RFC 6455 library would answer them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.opening import acceptance, plain_head
from musearoo.protocols.ws.options import WsOptions
from musearoo.protocols.ws.transport import RoomProtocol
from tests.application.protocols.ws.room_doubles import payloads
from tests.doubles.house import house
from tests.waiting import until

USUAL = {
    "host": "localhost", "upgrade": "websocket", "connection": "Upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13",
}  # fmt: skip
OURS = [Subprotocol("musearoo.v3.json"), Subprotocol("musearoo.v3.bin")]


def fields(**changed: str | None) -> list[tuple[bytes, bytes]]:
    """The usual head with some fields changed, added, or (None) left out."""
    named = USUAL | {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name.encode(), value.encode()) for name, value in named.items() if value is not None]


def by_library(head: list[tuple[bytes, bytes]]) -> tuple[int, str | None, str | None]:
    """Status, proof and subprotocol as `websockets` answers."""

    def choose(_ws: ServerProtocol, offered: Any) -> Subprotocol | None:
        return next((each for each in OURS if each in offered), None)

    library = ServerProtocol(subprotocols=OURS, select_subprotocol=choose)
    headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in head])
    answer = library.accept(Request("/api/v3/ws", headers))
    proof = answer.headers.get("Sec-WebSocket-Accept")
    return answer.status_code, proof, answer.headers.get("Sec-WebSocket-Protocol")


def by_us(head: list[tuple[bytes, bytes]]) -> tuple[int, str | None, str | None] | None:
    """The same as we answer; None if that is left to the library."""
    plain = plain_head(head)
    if plain is None:
        return None
    answer, spoken = acceptance(plain, 1_760_000_000.0)
    first, *lines = answer.decode().removesuffix("\r\n\r\n").split("\r\n")
    told = dict(line.split(": ", 1) for line in lines)
    assert "HTTP/1.1 101 Switching Protocols" == first
    assert "Thu, 09 Oct 2025 08:53:20 GMT" == told["Date"]
    assert {"Upgrade": "websocket", "Connection": "Upgrade"}.items() <= told.items()
    assert spoken == told.get("Sec-WebSocket-Protocol")
    return 101, told["Sec-WebSocket-Accept"], spoken


VALUES = st.sampled_from(
    ["", "Upgrade", "upgrade , x", "a,,Upgrade", "keep-alive, Upgrade", "websocket", "WebSocket",
     "13", "8", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", "é", "musearoo.v3.bin",
     "x, musearoo.v3.bin, musearoo.v3.json", "musearoo.v3.json;q=1", " 13 ", "a b", "Upgrade,"]
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=12)  # fmt: skip
NAMES = st.sampled_from([*USUAL, "sec-websocket-protocol", "origin", "Upgrade"])


class TestOpening:
    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"connection": "keep-alive, Upgrade", "origin": "http://localhost"},
            {"sec_websocket_protocol": "other, musearoo.v3.bin, musearoo.v3.json"},
            {"sec_websocket_protocol": "musearoo.v3.bin", "upgrade": "WebSocket"},
            {"sec_websocket_extensions": "permessage-deflate; client_max_window_bits"},
            {"user_agent": "Mozilla/5.0", "cookie": "a=b", "x_forwarded_for": "203.0.113.9"},
        ],
    )
    def test_what_browsers_and_programs_send_needs_no_library(self, changed):
        assert by_library(fields(**changed)) == by_us(fields(**changed))

    @pytest.mark.parametrize(
        "changed",
        [
            {"upgrade": None},
            {"upgrade": "h2c"},
            {"upgrade": "websocket, h2c"},
            {"connection": "close"},
            {"connection": "Upgrade,"},
            {"sec_websocket_version": "8"},
            {"sec_websocket_key": None},
            {"sec_websocket_key": "short"},
            {"sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ=="[:-1]},
            {"sec_websocket_protocol": "a b"},
            {"content_length": "3"},
            {"transfer_encoding": "chunked"},
            {"origin": "http://büro.example"},
            {"x_long": "a" * 5_000},
        ],
    )
    def test_the_rest_is_left_to_the_library(self, changed):
        assert plain_head(fields(**changed)) is None

    def test_what_comes_twice_is_left_to_the_library(self):
        for name in ("origin", "sec-websocket-key", "Sec-WebSocket-Key", "x-other"):
            twice = [(name.encode(), b"a"), (name.lower().encode(), b"b")]
            assert plain_head([*fields(), *twice]) is None
        many = [(f"x-{n}".encode(), b"") for n in range(100)]
        assert plain_head([*fields(), *many]) is None

    @given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
    def test_nobody_is_let_in_whom_the_library_would_refuse(self, changes):
        head = fields()
        for name, value in changes:
            head = [each for each in head if each[0] != name.encode()]
            head.append((name.encode(), value.encode("latin-1")))
        ours = by_us(head)
        assert ours is None or by_library(head) == ours


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def masked(message: dict[str, Any]) -> bytes:
    return Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True)


class TestPlace:
    """Connections that wait in the lobby behind a plain head."""

    def knocking(self, door: Door) -> tuple[RoomProtocol, Wire]:
        wire, protocol = Wire(), RoomProtocol(door, set())
        protocol.connection_made(wire)
        head = plain_head(fields(host="localhost"))
        assert head is not None
        protocol.opened(head)
        return protocol, wire

    async def test_what_came_too_early_is_read_when_there_is_a_place(self, tmp_path: Path):
        async with house(tmp_path) as place:
            door = Door(place.conductor, WsOptions(unauthenticated=1))
            first, former = self.knocking(door)
            second, wire = self.knocking(door)
            frame = masked({"type": "heartbeat"})
            second.data_received(frame[:9])
            second.data_received(frame[9:])
            assert former.written.startswith(b"HTTP/1.1 101 ")
            assert b"" == wire.written
            first.connection_lost(None)
            await until(lambda: b"unauthenticated" in wire.written, "an answer to the early one")
            head, _, stream = wire.written.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            (_, error), (opcode, _) = payloads(stream)
            assert "error" == json.loads(error)["type"]
            assert Opcode.CLOSE == opcode
            second.connection_lost(None)

    async def test_too_much_too_early_ends_it(self, tmp_path: Path):
        async with house(tmp_path) as place:
            door = Door(place.conductor, WsOptions(unauthenticated=1))
            first, _ = self.knocking(door)
            second, wire = self.knocking(door)
            for _ in range(10):
                second.data_received(bytes(10_000))
            assert wire.closed
            second.connection_lost(None)
            third, last = self.knocking(door)
            third.connection_lost(None)  # gone before it had a place
            first.connection_lost(None)
            assert b"" == wire.written + last.written
            assert not door.connections

    async def test_a_refusal_has_its_reason(self, tmp_path: Path):
        async with house(tmp_path) as place:
            wire = Wire()
            protocol = RoomProtocol(Door(place.conductor), set())
            protocol.connection_made(wire)
            head = plain_head(fields(host="evil.example"))
            assert head is not None
            protocol.opened(head)
            assert wire.written.startswith(b"HTTP/1.1 421 ")
            assert wire.closed
            protocol.connection_lost(None)
