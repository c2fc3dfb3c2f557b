"""OSC over TCP: both framings, told apart by a connection's first byte, answered in kind."""

import asyncio
import contextlib
import socket
from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import Final, TypeAlias, cast

from musearoo.codecs.osc import FrameReader, Framing, OscRefused, length_frame, slip_frame
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from musearoo.protocols.osc.source import Counts, Receiver, Source

MAXIMUM_CONNECTIONS: Final = 128
"""TCP connections at a time."""

MAXIMUM_CONNECTIONS_OF_HOST: Final = 16
"""TCP connections at a time from one address."""

MAXIMUM_UNSENT: Final = 262_144
"""Bytes that may wait for a peer to read; a slower one is closed."""

IDLE_SECONDS: Final = 600.0
"""A connection on which nothing moved in either direction for so long is closed."""

UNADMITTED_SECONDS: Final = 30.0
"""A connection of which no packet was admitted for so long after its start is closed."""

TURN_SECONDS: Final = 0.002
"""How long packets of all connections together may keep the event loop."""

_READ: Final = 16_384  # bytes at a time: some 1,400 of the shortest frames
_SWEEP_SECONDS: Final = 5.0

Taken: TypeAlias = Callable[[Source, bytes], bool]


class Connection(asyncio.BufferedProtocol):
    """One peer. What it sent waits in `packets` until it is its turn."""

    def __init__(self, streams: "Streams", now: float) -> None:
        self.source = Source("tcp", "", 0)
        self.packets: deque[bytes] = deque()
        self.opened = self.moved = now
        self.admitted = self.lost = self.queued = False
        self._paused = False
        self._streams = streams
        self._reader = FrameReader()
        self._buffer = bytearray(_READ)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        host, port, *_ = transport.get_extra_info("peername") or ("", 0)
        self.source = self._streams.opened(self, host, port)

    @property
    def refusal(self) -> OscRefused | None:
        """Why the stream cannot be read on."""
        return self._reader.refusal

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        with contextlib.suppress(OscRefused):  # which the reader keeps
            self.packets.extend(self._reader.feed(bytes(self._buffer[:nbytes])))
        if self.packets or self.refusal:
            self._streams.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.lost = True
        self._streams.ended(self)

    def write(self, packet: bytes) -> bool:
        """Send in the framing of the peer; False when it does not read."""
        if self._transport is None or self._transport.is_closing():
            return False
        slip = self._reader.framing is Framing.SLIP
        self._transport.write(slip_frame(packet) if slip else length_frame(packet))
        return self._transport.get_write_buffer_size() <= MAXIMUM_UNSENT

    def pause(self) -> None:
        """Read no more until what was read has had its turn."""
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Streams:
    """The listener and its connections, whose packets are taken one each in turn."""

    def __init__(
        self, taken: Taken, receiver: Receiver, counts: Counts, *, clock: Clock, spawn: Spawn
    ) -> None:
        self._taken = taken
        self._receiver = receiver
        self._counts = counts
        self._clock = clock
        self._spawn = spawn
        self._numbers = count(1)
        self._connections: dict[int, Connection] = {}
        self._hosts: Counter[str] = Counter()
        self._ready: deque[Connection] = deque()
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._turning = False

    def __len__(self) -> int:
        return len(self._connections)

    async def start(self, bound: socket.socket) -> None:
        """Listen on this socket too."""
        loop = asyncio.get_running_loop()
        self._servers.append(
            await loop.create_server(lambda: Connection(self, self._clock.monotonic()), sock=bound)
        )
        if self._sweeper is None:
            self._sweeper = self._spawn(self._sweep(), name="osc.tcp")

    def send(self, source: Source, packet: bytes) -> bool:
        connection = self._connections.get(source.connection)
        if connection is None:
            return False
        if connection.write(packet):
            connection.moved = self._clock.monotonic()
            return True
        self._counts.slow += not connection.lost
        connection.abort()
        return False

    def drop(self, source: Source) -> None:
        """Close a connection, without its packets that wait."""
        connection = self._connections.get(source.connection)
        if connection is not None:
            connection.packets.clear()
            connection.abort()

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in tuple(self._connections.values()):
            connection.packets.clear()
            connection.abort()

    def opened(self, connection: Connection, host: str, port: int) -> Source:
        source = Source("tcp", host.partition("%")[0], port, next(self._numbers))
        if (
            len(self._connections) >= MAXIMUM_CONNECTIONS
            or self._hosts[source.host] >= MAXIMUM_CONNECTIONS_OF_HOST
        ):
            self._counts.turned_away += 1
            connection.abort()
            return source
        self._connections[source.connection] = connection
        self._hosts[source.host] += 1
        return source

    def arrived(self, connection: Connection) -> None:
        if connection.source.connection not in self._connections:
            connection.packets.clear()
            return
        connection.moved = self._clock.monotonic()
        if not connection.queued:
            connection.queued = True
            self._ready.append(connection)
        self._turn_soon()

    def _broken(self, connection: Connection, refusal: OscRefused) -> None:
        """The stream cannot be read on; it is said only to who was admitted before."""
        self._counts.refused += 1
        if connection.admitted:
            self._receiver.refused(connection.source, refusal)
        connection.abort()

    def ended(self, connection: Connection) -> None:
        if connection.packets:  # sent before the end, so it counts
            return
        if self._connections.pop(connection.source.connection, None) is None:
            return
        self._hosts[connection.source.host] -= 1
        self._hosts += Counter()  # without zeros
        self._receiver.closed(connection.source)

    def _turn_soon(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        end = self._clock.monotonic() + TURN_SECONDS
        while self._ready:
            self._take_one(self._ready.popleft())
            if self._clock.monotonic() > end:
                break
        for connection in self._ready:
            connection.pause()
        if self._ready:
            self._turn_soon()

    def _take_one(self, connection: Connection) -> None:
        if connection.packets:
            admitted = self._taken(connection.source, connection.packets.popleft())
            connection.admitted = connection.admitted or admitted
        connection.queued = bool(connection.packets)
        if connection.queued:
            self._ready.append(connection)
        elif connection.lost:
            self.ended(connection)
        elif connection.refusal is not None:
            self._broken(connection, connection.refusal)
        else:
            connection.resume()

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(_SWEEP_SECONDS)
            now = self._clock.monotonic()
            for connection in tuple(self._connections.values()):
                quiet = now - connection.moved > IDLE_SECONDS
                stranger = not connection.admitted and now - connection.opened > UNADMITTED_SECONDS
                if quiet or stranger:
                    self._counts.idle += 1
                    connection.abort()
