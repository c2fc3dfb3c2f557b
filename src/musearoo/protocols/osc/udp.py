"""The datagram socket: emptied many datagrams at a time, written without waiting."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from musearoo.codecs.osc import MAXIMUM_PACKET
from musearoo.ports.ambient import Clock

RECEIVE_BUFFER: Final = 4_194_304
"""Bytes asked of the system for datagrams that wait; Linux gives at most its rmem_max."""

SEND_BUFFER: Final = 262_144
"""Bytes asked of the system for sending; macOS sends no datagram longer than its buffer."""

TURN_DATAGRAMS: Final = 64
"""Datagrams taken before the event loop does something else."""

TURN_SECONDS: Final = 0.002
"""Time after which it does so even with fewer; the last datagram may take 5 ms more."""

_Taken: TypeAlias = Callable[[str, int, bytes], object]


class Datagrams:
    """Reads a bound socket from `start` to `close`; `taken` gets host, port and bytes."""

    def __init__(self, bound: socket.socket, taken: _Taken, *, clock: Clock) -> None:
        self._socket = bound
        self._taken = taken
        self._clock = clock
        self._transport: asyncio.DatagramTransport | None = None
        bound.setblocking(False)
        _ask(bound, socket.SO_RCVBUF, RECEIVE_BUFFER)
        _ask(bound, socket.SO_SNDBUF, SEND_BUFFER)

    @property
    def buffer(self) -> int:
        """Bytes that the system holds for us."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._socket, self._drain)
        except NotImplementedError:  # the Proactor loop of Windows
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: _Protocol(self._taken), sock=self._socket
            )

    def send(self, host: str, port: int, packet: bytes) -> bool:
        """Whether the system took the datagram; it does not wait for room."""
        try:
            self._socket.sendto(packet, (host, port))
        except OSError:
            return False
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _drain(self) -> None:
        end = self._clock.monotonic() + TURN_SECONDS
        for _ in range(TURN_DATAGRAMS):
            try:
                packet, (host, port, *_) = self._socket.recvfrom(MAXIMUM_PACKET)
            except BlockingIOError:
                return
            except OSError:  # what an earlier answer met, such as a port that nobody reads
                continue
            self._taken(host, port, packet)
            if self._clock.monotonic() > end:
                return


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, taken: _Taken) -> None:
        self._taken = taken

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._taken(addr[0], addr[1], data)


def _ask(bound: socket.socket, option: int, size: int) -> None:
    """BSD systems refuse a size beyond their limit, so ask for less until one is given."""
    while size > bound.getsockopt(socket.SOL_SOCKET, option):
        try:
            bound.setsockopt(socket.SOL_SOCKET, option, size)
        except OSError:
            size //= 2
        else:
            return
