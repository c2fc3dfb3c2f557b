"""RFC 6455 over raw sockets: what a careless or hostile peer may send, and what it gets."""

import base64
import os
import socket
from collections.abc import Iterator

import pytest

from tests.servers.server import ServerProcess
from tests.waiting import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG, CONT = 1, 2, 8, 9, 10, 0
OPENING = (
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Raw:
    """A socket that speaks frames, wrongly if asked to."""

    def __init__(self, server: ServerProcess, **headers: str | None) -> None:
        port = int(server.url.rpartition(":")[2])
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = {
            "Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        self.socket.sendall(f"GET /api/v3/ws HTTP/1.1\r\n{head}\r\n".encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        self.answer, _, self.bytes = self.bytes.partition(b"\r\n\r\n")

    @property
    def status(self) -> int:
        return int(self.answer.split()[1])

    def send(self, opcode: int, payload: bytes = b"", **faults: bool) -> None:
        first = (
            opcode | (0 if faults.get("unfinished") else 0x80) | (0x40 if faults.get("rsv") else 0)
        )
        mask = b"" if faults.get("unmasked") else os.urandom(4)
        bit = 0x80 if mask else 0
        size = len(payload)
        if size < 126:
            length = bytes((bit | size,))
        elif size < 65_536:
            length = bytes((bit | 126,)) + size.to_bytes(2, "big")
        else:
            length = bytes((bit | 127,)) + size.to_bytes(8, "big")
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload
        self.socket.sendall(bytes((first,)) + length + mask + body)

    def frame(self) -> tuple[int, bytes]:
        size = self._take(2)[1]
        if size == 126:
            size = int.from_bytes(self._take(2, 2), "big") + 2
        head = 2 if size < 126 else 4
        first = self.bytes[0]
        while len(self.bytes) < head + (size if head == 2 else size - 2):
            self._more()
        payload = self.bytes[head : head + (size if head == 2 else size - 2)]
        self.bytes = self.bytes[head + len(payload) :]
        return first & 15, payload

    def closed(self) -> int:
        """The code of the close frame that comes, past other frames."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005

    def _take(self, count: int, at: int = 0) -> bytes:
        while len(self.bytes) < at + count:
            self._more()
        return self.bytes[at : at + count]

    def _more(self) -> None:
        chunk = self.socket.recv(65_536)
        assert chunk, "the server hung up"
        self.bytes += chunk


@pytest.fixture
def raw(server: ServerProcess) -> Iterator[Raw]:
    opened = Raw(server)
    yield opened
    opened.socket.close()


class TestHandshake:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 101),
            ({"Connection": "keep-alive, Upgrade"}, 101),
            ({"Origin": "http://localhost:1234"}, 101),
            ({"Sec_WebSocket_Protocol": "other, musearoo.v3.json"}, 101),
            ({"Sec_WebSocket_Protocol": "other"}, 101),
            ({"Sec_WebSocket_Extensions": "permessage-deflate"}, 101),
            ({"Origin": "http://evil.example"}, 403),
            ({"Host": "evil.example"}, 421),
            ({"Sec_WebSocket_Version": "8"}, 400),
            ({"Sec_WebSocket_Key": "short"}, 400),
            ({"Sec_WebSocket_Key": None}, 400),
        ],
    )
    def test_each_head_has_its_answer(self, server, headers, status):
        opened = Raw(server, **headers)
        assert status == opened.status
        assert b"permessage-deflate" not in opened.answer
        assert (b"musearoo.v3.json" in opened.answer) == ("musearoo" in str(headers))
        opened.socket.close()

    def test_an_older_http_opens_nothing(self, server):
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as other:
            other.sendall(b"GET /api/v3/ws HTTP/1.0\r\n" + OPENING)
            answer = other.makefile("rb").read()
        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert b"HTTP/1.1 (RFC 6455" in answer

    def test_another_path_is_not_ours(self, server):
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as other:
            other.sendall(b"GET /elsewhere HTTP/1.1\r\n" + OPENING)
            assert b" 403 " in other.makefile("rb").readline()


class TestFrames:
    def test_a_ping_is_answered_with_its_own_bytes(self, raw):
        raw.send(PING, b"are you there")
        assert (PONG, b"are you there") == raw.frame()

    def test_a_message_may_come_in_pieces_with_a_ping_between(self, raw):
        raw.send(TEXT, b'{"type": "heart', unfinished=True)
        raw.send(PING, b"x")
        assert (PONG, b"x") == raw.frame()
        raw.send(CONT, b'beat", "message_id": "m"}')
        opcode, payload = raw.frame()
        assert TEXT == opcode
        assert b'"reply_to":"m"' in payload  # nobody has joined yet, but it was read

    def test_bytes_may_come_one_by_one(self, raw):
        for byte in bytes((0x89, 0x82, 0, 0, 0, 0)) + b"ab":
            raw.socket.sendall(bytes((byte,)))
        assert (PONG, b"ab") == raw.frame()

    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            ([(TEXT, b"{}", {"unmasked": True})], 1002),
            ([(TEXT, b"{}", {"rsv": True})], 1002),
            ([(3, b"", {})], 1002),
            ([(11, b"", {})], 1002),
            ([(PING, bytes(126), {})], 1002),
            ([(PING, b"", {"unfinished": True})], 1002),
            ([(CONT, b"", {})], 1002),
            ([(TEXT, b"a", {"unfinished": True}), (TEXT, b"b", {})], 1002),
            ([(TEXT, b"\xff\xfe", {})], 1007),
            ([(TEXT, b"\xed\xa0\x80", {})], 1007),
            ([(TEXT, b"\xce", {"unfinished": True}), (CONT, b"x", {})], 1007),
            ([(TEXT, bytes(65_537), {})], 1009),
            ([(BINARY, bytes(40_000), {"unfinished": True}), (CONT, bytes(40_000), {})], 1009),
            ([(CLOSE, b"\x03", {})], 1002),
            ([(CLOSE, b"\x03\xec", {})], 1002),
            ([(CLOSE, b"\x03\xe8\xff", {})], 1007),
            ([(CLOSE, b"\x03\xe8", {})], 1000),
            ([(CLOSE, b"\x0f\xa0bye", {})], 4000),
            ([(CLOSE, b"", {})], 1005),
        ],
    )
    def test_each_fault_has_its_close_code(self, raw, frames, code):
        for opcode, payload, faults in frames:
            raw.send(opcode, payload, **faults)
        assert code == raw.closed()
        assert b"" == raw.socket.recv(1)

    def test_a_huge_length_is_refused_before_its_bytes_come(self, raw):
        raw.socket.sendall(bytes((0x82, 0xFF)) + (1 << 62).to_bytes(8, "big") + bytes(4))
        assert 1009 == raw.closed()

    def test_whoever_does_not_join_is_closed(self, raw):
        """It takes five seconds."""
        assert 4401 == raw.closed()
