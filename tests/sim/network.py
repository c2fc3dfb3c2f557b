"""TCP in virtual time between the server's own protocol class and RFC 6455 clients.

Bytes travel through `Stream`s that delay, freeze, hold and cut them, in the middle of a frame
too. One end may learn of a cut long after the other.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from musearoo.client.refusals import Unreachable
from musearoo.client.wire import WireClosed
from musearoo.codecs.ws import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON
from musearoo.codecs.ws.happened import MAXIMUM_SERVER_FRAME
from musearoo.protocols.ws.transport import RoomProtocol

_ABNORMAL: Final = 1006
_UNREAD: Final = 8  # messages that a client takes from its socket before it reads them
_OPEN_SECONDS: Final = 10.0
URL: Final = "ws://localhost/api/v3/ws"


class Stream:
    """One direction: chunks arrive in order, later than they were sent."""

    def __init__(self, chance: Random, arrived: Callable[[bytes | None], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._chance = chance
        self._arrived = arrived
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self.latency = (0.0002, 0.002)
        self.bytes_per_second = 1e9
        self.frozen_until = 0.0
        self.held = False
        self.closed = False
        self.pending = 0
        self.drained: Callable[[], None] = lambda: None

    def push(self, data: bytes | None) -> None:
        """Send bytes, or the end of the stream."""
        if self.closed:
            return
        size = len(data) if data is not None else 0
        if size > 1 and self._chance.random() < 0.2:
            cut = self._chance.randrange(1, size)
            self.push(data[:cut])  # type: ignore[index]
            data, size = data[cut:], size - cut  # type: ignore[index]
        at = max(self._last, self._loop.time() + self._chance.uniform(*self.latency))
        self._last = at + size / self.bytes_per_second
        self._queue.append((self._last, data))
        self.pending += size
        self._arm()

    def freeze(self, seconds: float) -> None:
        """Let nothing through for a while."""
        self.frozen_until = self._loop.time() + seconds

    def hold(self, held: bool) -> None:
        """Nobody takes what arrives."""
        self.held = held
        self._arm()

    def cut(self) -> None:
        """What is under way gets lost, but for some bytes of the next chunk."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._queue and not self.held:
            data = self._queue[0][1]
            if data is not None and (some := data[: self._chance.randrange(len(data) + 1)]):
                self._arrived(some)
        self._queue.clear()

    def _arm(self) -> None:
        if self._timer is None and self._queue and not self.held and not self.closed:
            at = max(self._queue[0][0], self.frozen_until)
            self._timer = self._loop.call_at(at, self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        if self.closed or self.held or self._loop.time() < self.frozen_until:
            self._arm()
            return
        _, data = self._queue.popleft()
        self.pending -= len(data) if data is not None else 0
        self._arrived(data)
        self.drained()
        self._arm()


class ServerEnd(asyncio.Transport):
    """The transport that the server's protocol writes to."""

    def __init__(self, line: "Line", most_unsent: int) -> None:
        super().__init__()
        self._line = line
        self._most = most_unsent
        self._full = False
        self._closing = False
        self.lost = False
        line.down.drained = self._drained

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.7", 40_000) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The wire's own limit counts."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        self._line.down.push(bytes(data))
        if not self._full and self._line.down.pending > self._most:
            self._full = True
            self._line.protocol.pause_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._line.down.push(None)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._line.up.hold(True)

    def resume_reading(self) -> None:
        self._line.up.hold(False)

    def close(self) -> None:
        self.write_eof()
        self.lose()

    def abort(self) -> None:
        self._line.cut(server_knows_in=0.0, client_knows_in=0.001)

    def lose(self) -> None:
        """The connection is over for this end."""
        self._closing = True
        if not self.lost:
            self.lost = True
            asyncio.get_running_loop().call_soon(self._line.protocol.connection_lost, None)

    def _drained(self) -> None:
        if self._full and self._line.down.pending <= self._most // 4:
            self._full = False
            if not self._closing:
                self._line.protocol.resume_writing()


class Line:
    """A TCP connection."""

    def __init__(self, protocol: RoomProtocol, chance: Random, most_unsent: int) -> None:
        self.protocol = protocol
        self.client: Wire | None = None
        self.up = Stream(chance, self._at_server)
        self.down = Stream(chance, self._at_client)
        self.server = ServerEnd(self, most_unsent)

    @property
    def streams(self) -> tuple[Stream, Stream]:
        return self.up, self.down

    @property
    def ended(self) -> bool:
        return self.up.closed and self.down.closed

    def cut(self, *, server_knows_in: float, client_knows_in: float) -> None:
        """The connection is broken; each end hears of it in its own time."""
        loop = asyncio.get_running_loop()
        for stream in self.streams:
            stream.cut()
        loop.call_later(server_knows_in, self.server.lose)
        loop.call_later(client_knows_in, self._client_lost)

    def _client_lost(self) -> None:
        if self.client is not None:
            self.client.lost()

    def _at_server(self, data: bytes | None) -> None:
        if self.server.lost:
            return
        if data is not None:
            self.protocol.data_received(data)
        elif not self.protocol.eof_received():
            self.server.close()

    def _at_client(self, data: bytes | None) -> None:
        if self.client is not None:
            self.client.arrived(data)


@dataclass
class Tape:
    """What one connection of a client was told, and with what it had joined."""

    joined_with: dict[str, Any] = field(default_factory=dict)
    frames: list[tuple[float, bytes | str]] = field(default_factory=list)


class Wire:
    """The client's end: what `musearoo.client.wire.Wire` is on real sockets."""

    def __init__(self, line: Line, tape: Tape, chance: Random, *, binary: bool) -> None:
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._line = line
        self.tape = tape
        spoken = SUBPROTOCOL_BINARY if binary else SUBPROTOCOL_JSON
        self._ws = ClientProtocol(
            parse_uri(URL), subprotocols=[Subprotocol(spoken)], max_size=MAXIMUM_SERVER_FRAME
        )
        self._open: asyncio.Future[None] = self._loop.create_future()
        self._open.add_done_callback(_seen)
        self._unread: deque[bytes | str] = deque()
        self._news = asyncio.Event()
        self._over = False
        self.lag: Callable[[], float] = lambda: 0.0
        line.client = self

    async def open(self) -> "Wire":
        """Shake hands."""
        self._ws.send_request(self._ws.connect())
        self._flush()
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._open
        except (TimeoutError, WireClosed) as late:
            self.abort()
            raise Unreachable("nobody shakes hands") from late
        return self

    async def text(self, message: bytes) -> None:
        if message.startswith(b'{"type":"session_join"'):
            self.tape.joined_with = json.loads(message)["data"]
        await self._hesitate()
        self._check()
        self._ws.send_text(message)
        self._flush()

    async def binary(self, records: bytes) -> None:
        await self._hesitate()
        self._check()
        self._ws.send_binary(records)
        self._flush()

    async def _hesitate(self) -> None:
        """A full socket makes its writer wait."""
        if self._chance.random() < 0.2:
            await asyncio.sleep(self._chance.uniform(0.0, 0.05))

    async def receive(self) -> bytes | str:
        if lag := self.lag():
            await asyncio.sleep(lag)
        while not self._unread:
            if self._over:
                raise self._closed()
            self._news.clear()
            await self._news.wait()
        frame = self._unread.popleft()
        self.tape.frames.append((self._loop.time(), frame))
        if len(self._unread) <= _UNREAD // 2:
            self._line.down.hold(False)
        return frame

    async def close(self, code: int = 1000) -> None:
        if not self._over and self._ws.state.name == "OPEN":
            self._ws.send_close(code)
            self._flush()
            await self._ended()
        self.abort()

    async def _ended(self) -> None:
        for _ in range(40):
            if self._over:
                return
            self._line.down.hold(False)  # what is not read any more hinders nothing
            await asyncio.sleep(0.05)

    def abort(self) -> None:
        self._line.cut(server_knows_in=0.003, client_knows_in=0.0)
        self.lost()

    def arrived(self, data: bytes | None) -> None:
        """Bytes of the server, or its end of the stream."""
        if self._over:
            return
        if data is None:
            self._ws.receive_eof()
        else:
            self._ws.receive_data(data)
        for event in self._ws.events_received():
            if isinstance(event, Response):
                self._shaken()
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()
        if data is None:
            self.abort()

    def lost(self) -> None:
        """Nothing will come any more."""
        if not self._over:
            self._over = True
            if not self._open.done():
                self._open.set_exception(WireClosed(_ABNORMAL, ""))
            self._news.set()

    def _shaken(self) -> None:
        if self._open.done():
            return
        if self._ws.handshake_exc is None:
            self._open.set_result(None)
        else:
            self._open.set_exception(WireClosed(_ABNORMAL, repr(self._ws.handshake_exc)))

    def _frame(self, frame: Frame) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY}:
            return
        assert frame.fin
        data = bytes(frame.data)
        message = data.decode() if frame.opcode is Opcode.TEXT else data
        self._unread.append(message)
        self._news.set()
        if len(self._unread) > _UNREAD:
            self._line.down.hold(True)

    def _flush(self) -> None:
        for piece in self._ws.data_to_send():
            self._line.up.push(piece or None)

    def _check(self) -> None:
        if self._over or self._ws.state.name != "OPEN":
            raise self._closed()

    def _closed(self) -> WireClosed:
        frame = self._ws.close_rcvd or self._ws.close_sent
        return WireClosed(_ABNORMAL, "") if frame is None else WireClosed(frame.code, frame.reason)


def _seen(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()
