"""The OSC transport: UDP and TCP on one port number, packets decoded and held to their time.

The door is a `Receiver`; what it answers goes out by `send`. Nothing here knows addresses,
pairings or sessions.
"""

import asyncio
import contextlib
import errno
import socket
import sys
from typing import Any, Final, TypeAlias

import structlog

from musearoo.codecs.osc import Message, OscRefused, decode
from musearoo.domain.errors import Unavailable
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from musearoo.protocols.osc.schedule import Scheduler
from musearoo.protocols.osc.source import Counts, Receiver, Source
from musearoo.protocols.osc.tcp import Streams
from musearoo.protocols.osc.udp import RECEIVE_BUFFER, Datagrams

_LOOPBACK: Final = "127.0.0.1"
_LOOPBACK_6: Final = "::1"
_TRIES: Final = 16  # free UDP ports looked at for one that is free for TCP too

_Pair: TypeAlias = tuple[socket.socket, socket.socket]  # for UDP and for TCP

log = structlog.get_logger(__name__)


class Endpoint:
    """Made by `open_endpoint`; sends and receives until `close`."""

    def __init__(self, receiver: Receiver, *, clock: Clock, spawn: Spawn) -> None:
        self.counts = Counts()
        self.host, self.port = "", 0
        self._receiver = receiver
        self._clock = clock
        self._schedule = Scheduler(self._deliver, self.counts, clock=clock, spawn=spawn)
        self._streams = Streams(self._take, receiver, self.counts, clock=clock, spawn=spawn)
        self._datagrams: dict[bool, Datagrams] = {}  # by whether they are of IPv6

    @property
    def pending(self) -> int:
        """Bundles that wait for their time."""
        return len(self._schedule)

    @property
    def connections(self) -> int:
        """Open TCP connections."""
        return len(self._streams)

    async def start(self, pairs: list[_Pair]) -> None:
        """Read from these bound sockets, which the endpoint now owns."""
        self.host, self.port = pairs[0][0].getsockname()[:2]
        for udp, tcp in pairs:
            datagrams = Datagrams(udp, self._datagram, clock=self._clock)
            self._datagrams[udp.family == socket.AF_INET6] = datagrams
            await self._streams.start(tcp)
            await datagrams.start()
        given = min(datagrams.buffer for datagrams in self._datagrams.values())
        if given < RECEIVE_BUFFER:
            log.info("osc.small_buffer", given=given, wanted=RECEIVE_BUFFER)

    def send(self, source: Source, packet: bytes) -> bool:
        """Send an encoded packet; False where it was dropped. Never waits.

        A TCP peer that has not read 256 KiB is closed.
        """
        if source.transport == "tcp":
            sent = self._streams.send(source, packet)
        else:
            datagrams = self._datagrams.get(":" in source.host)
            sent = datagrams is not None and datagrams.send(source.host, source.port, packet)
        self.counts.sent += sent
        self.counts.unsent += not sent
        return sent

    def drop(self, source: Source) -> None:
        """Forget what waits for a source, and close its connection if it has one."""
        self._schedule.forget(source)
        if source.transport == "tcp":
            self._streams.drop(source)

    async def close(self) -> None:
        self._schedule.close()
        for datagrams in self._datagrams.values():
            datagrams.close()
        await self._streams.close()

    def _datagram(self, host: str, port: int, packet: bytes) -> None:
        self._take(Source("udp", host, port), packet)

    def _take(self, source: Source, packet: bytes) -> bool:
        """Whether the packet was admitted. A fault of the door's must not stop the reading."""
        self.counts.received += 1
        try:
            if not self._receiver.admit(source, packet):
                self.counts.unadmitted += 1
                return False
            self._read(source, packet)
        except Exception:
            self.counts.failed += 1
            log.exception("osc.receiver_failed")
        return True

    def _read(self, source: Source, packet: bytes) -> None:
        try:
            self._schedule.take(source, decode(packet), len(packet))
        except OscRefused as refusal:
            self.counts.refused += 1
            self._receiver.refused(source, refusal)

    def _deliver(self, source: Source, messages: tuple[Message, ...]) -> None:
        try:
            self._receiver.receive(source, messages)
        except Exception:
            self.counts.failed += 1
            log.exception("osc.receiver_failed")


async def open_endpoint(
    receiver: Receiver, *, host: str, port: int, clock: Clock, spawn: Spawn
) -> Endpoint:
    """Listen on UDP and TCP; port 0 takes a free one. Raises `Unavailable`.

    On 127.0.0.1 it listens on ::1 too where that can be had: some programs mean the one and some
    the other when they say localhost.
    """
    host = _LOOPBACK if host == "localhost" else host
    pairs = [await _bound(host, port)]
    if host == _LOOPBACK:
        with contextlib.suppress(Unavailable):
            pairs.append(await _bound(_LOOPBACK_6, pairs[0][0].getsockname()[1]))
    endpoint = Endpoint(receiver, clock=clock, spawn=spawn)
    await endpoint.start(pairs)
    return endpoint


async def _bound(host: str, port: int) -> _Pair:
    """Two sockets on one port number."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        for _ in range(_TRIES):
            udp = _socket(family, socket.SOCK_DGRAM, address)
            try:
                same = (address[0], udp.getsockname()[1], *address[2:])
                return udp, _socket(family, socket.SOCK_STREAM, same)
            except OSError as error:
                udp.close()
                if port or error.errno != errno.EADDRINUSE:
                    raise
    except (OSError, UnicodeError, OverflowError) as error:
        raise Unavailable(_advice(host, port, error)) from error
    raise Unavailable("No port is free for both UDP and TCP; name one with --osc-port.")


def _socket(family: int, kind: int, address: Any) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        if sys.platform == "win32":  # where others could otherwise take the port over
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif kind == socket.SOCK_STREAM:  # no waiting for connections of an earlier run
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def _advice(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is used by another program; end it, or choose another port "
            "with --osc-port (0 takes a free one)."
        )
    if number == errno.EACCES:
        return f"Port {port} needs an administrator; choose one above 1023 with --osc-port."
    return f"OSC cannot listen on {host}, port {port}; --osc-host names an address of this machine."
