"""Plain frames are read in one step, everything else by the library, whatever the pieces."""

import json
import random
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.utils import apply_mask

from musearoo.protocols.ws.plain import frame_size, plain_frame
from musearoo.protocols.ws.transport import RoomProtocol
from tests.application.protocols.ws.room_doubles import Hall, payloads

HEAD = (
    b"GET /api/v3/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
LARGEST = 65_536


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.sent = b""
        self.ended = False

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.ended

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def set_write_buffer_limits(self, high: int) -> None: ...
    def resume_reading(self) -> None: ...
    def pause_reading(self) -> None: ...
    def abort(self) -> None: ...


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """A masked frame; the mask is always the same, since names of tests are made of it."""
    mask, plain = b"7\xfa!=", Frame(opcode, payload, fin).serialize(mask=False)
    head = len(plain) - len(payload)
    return bytes((plain[0], plain[1] | 0x80)) + plain[2:head] + mask + apply_mask(payload, mask)


class TestPlain:
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 1_000, 65_535])
    @pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
    def test_it_reads_what_the_library_writes(self, size: int, opcode: Opcode):
        payload = random.Random(size).randbytes(size)
        data = b"...." + frame(opcode, payload) + b"next"
        found = plain_frame(data, 4, LARGEST)
        assert found == (0x80 | opcode, payload, len(data) - 4)
        assert frame_size(data, 4) == len(data) - 8

    def test_what_is_not_whole_is_left(self):
        data = frame(Opcode.TEXT, b"x" * 200)
        assert all(plain_frame(data[:end], 0, LARGEST) is None for end in range(len(data)))
        assert [None] * 4 == [frame_size(data[:end], 0) for end in range(4)]
        assert {len(data)} == {frame_size(data[:end], 0) for end in range(4, len(data))}

    @pytest.mark.parametrize(
        "data",
        [
            frame(Opcode.TEXT, b"x", fin=False), frame(Opcode.CONT, b"x"),
            frame(Opcode.PING, b""), frame(Opcode.CLOSE, b"\x03\xe8"),
            b"\x81\x01x" + bytes(8), b"\xc1\x81" + bytes(5), b"\x83\x81" + bytes(5),
            b"\x81\xfe\x00\x05" + bytes(9), b"\x81\xff" + bytes(7) + b"\x05" + bytes(9),
            frame(Opcode.TEXT, b"x" * 101),
        ],
    )  # fmt: skip
    def test_what_is_not_plain_is_left(self, data: bytes):
        """Fragments, control frames, no mask, RSV bits, odd opcodes, long-winded lengths."""
        assert plain_frame(data, 0, 100) is None


async def joined(hall: Hall, *, hasty: bool = False) -> tuple[RoomProtocol, Wire, str]:
    """Somebody in a room; a hasty client sends the first frame with the head."""
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    protocol, wire = RoomProtocol(hall.door, set()), Wire()
    protocol.connection_made(wire)  # type: ignore[arg-type]
    ticket = await hall.ticket(owner, project)
    join = frame(Opcode.TEXT, said("session_join", {"ticket": ticket}))
    for piece in (HEAD + join,) if hasty else (HEAD, join):
        protocol.data_received(piece)
    connection = protocol._connection
    assert connection is not None
    while connection.busy:
        await hall.place.world.clock.sleep(0.001)
    protocol.flush()
    assert wire.sent.startswith(b"HTTP/1.1 101")
    wire.sent = b""
    return protocol, wire, connection.name


def flush(protocol: RoomProtocol) -> None:
    """As at the end of a turn of the loop."""
    connection = protocol._connection
    assert connection is not None
    if connection.room is not None:
        connection.room.fan.flush()
    protocol.flush()


def said(type_: str, data: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"type": type_, "data": data, **more}).encode()


class TestPieces:
    @pytest.mark.parametrize("seed", range(25))
    async def test_however_it_is_cut_the_same_is_understood(self, hall, seed: int):
        """Plain, fragmented and control frames in random order and random pieces."""
        chance = random.Random(seed)
        protocol, wire, name = await joined(hall)
        stream, pings = b"", []
        for number in range(1, 41):
            data = {"path": "drums/complexity", "value": number / 100}
            more = {"padding": "x" * chance.choice([0, 0, 80, 400])}
            message = said("parameter_change", data, message_id=f"{name}:{number}", **more)
            kind = chance.random()
            if kind < 0.2:
                cut = chance.randrange(len(message))
                stream += frame(Opcode.TEXT, message[:cut], fin=False)
                if chance.random() < 0.5:
                    pings.append(b"in %d" % number)
                    stream += frame(Opcode.PING, pings[-1])
                stream += frame(Opcode.CONT, message[cut:])
                continue
            if kind < 0.3:
                pings.append(b"before %d" % number)
                stream += frame(Opcode.PING, pings[-1])
            stream += frame(Opcode.TEXT, message)
        while stream:
            size = chance.choice([1, 2, 3, 5, 7, 50, 200, 1_000, 10_000])
            protocol.data_received(stream[:size])
            stream = stream[size:]
        flush(protocol)
        found = payloads(wire.sent)
        assert pings == [payload for opcode, payload in found if opcode == Opcode.PONG]
        read = [json.loads(payload) for opcode, payload in found if opcode == Opcode.TEXT]
        told = [each for each in read if each["type"] == "parameter_change"]
        assert list(range(1, 41)) == [each["seq"] for each in told]
        assert [f"{name}:{n}" for n in range(1, 41)] == [each["cause"] for each in told]

    @pytest.mark.parametrize("cut", range(1, 9))
    async def test_the_middle_of_a_frame_is_no_frame(self, hall, cut: int):
        """What follows a cut may look like a head: here the length does, with the mask."""
        protocol, wire, name = await joined(hall, hasty=True)
        change = {"path": "drums/complexity", "value": 0.5}
        message = said("parameter_change", change, message_id=f"{name}:1").replace(b" ", b"")
        whole, mask = bytearray(frame(Opcode.TEXT, message.ljust(0x82))), b"\xa8\x07\xda\x04"
        assert len(whole) == 8 + 0x82
        whole[4:] = mask + apply_mask(message.ljust(0x82), mask)
        for piece in (whole[:1], whole[1:cut], whole[cut:]):
            protocol.data_received(bytes(piece))
        flush(protocol)
        told = [json.loads(body) for op, body in payloads(wire.sent) if op == Opcode.TEXT]
        assert ["parameter_change"] == [m["type"] for m in told if m["type"] != "ack"]

    @pytest.mark.parametrize(
        ("bad", "code"),
        [
            (frame(Opcode.TEXT, b"\xff"), 1007),
            (frame(Opcode.CONT, b"x"), 1002),
            (b"\x81\x01x", 1002),
            (b"\xc1\x80" + bytes(4), 1002),
            (b"\x81\xff" + (LARGEST + 1).to_bytes(8, "big") + bytes(4), 1009),
            (frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"{}"), 1002),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("size", [1, 1_000])
    async def test_faults_end_the_connection_and_nothing_after_them_counts(
        self, hall, bad: bytes, code: int, size: int
    ):
        """The close code is that of RFC 6455, and a plain frame behind a fault is not read."""
        protocol, wire, name = await joined(hall)
        good = said(
            "parameter_change", {"path": "drums/complexity", "value": 0.5}, message_id=f"{name}:1"
        )
        stream = bad + frame(Opcode.TEXT, good)
        for at in range(0, len(stream), size):
            protocol.data_received(stream[at : at + size])
        flush(protocol)
        found = payloads(wire.sent)
        codes = [int.from_bytes(body[:2], "big") for op, body in found if op == Opcode.CLOSE]
        assert [code] == codes
        assert not [body for op, body in found if b"parameter_change" in body]
