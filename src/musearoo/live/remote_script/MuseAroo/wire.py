"""A TCP connection out to the server that never makes Live wait.

Frames are a length of four bytes, most significant first, and that many bytes of OSC.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque

MAX_FRAME = 65536
MAX_WAITING = 1 << 20  # bytes not yet taken by the server; then it counts as gone
FULL = 1 << 16  # with that much waiting nothing more should be said
_MAX_INBOX = 256  # frames; beyond that the rest stays in the socket
_READS = 8
_IN_PROGRESS = {
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    errno.EAGAIN,
    errno.EALREADY,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
    getattr(errno, "WSAEINPROGRESS", errno.EINPROGRESS),
}


class Lost(Exception):
    """The connection cannot be used any more; the text says why."""


class Wire:
    """One connection, from the attempt to its end; make a new one for the next."""

    def __init__(self, host: str, port: int) -> None:
        self.connected = False
        self.inbox: deque[bytes] = deque()
        self._in = bytearray()
        self._out = bytearray()
        self._ended = ""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket: socket.socket | None = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = self._socket.connect_ex((host, port))
        except OSError as error:
            self.close()
            raise Lost(str(error)) from None
        if state and state not in _IN_PROGRESS:
            self.close()
            raise Lost(errno.errorcode.get(state, str(state)))

    @property
    def waiting(self) -> int:
        """Bytes that the system has not taken yet."""
        return len(self._out)

    def close(self) -> None:
        """Let go of the socket."""
        self.connected = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, packet: bytes) -> None:
        """Queue one frame; raises `Lost` when the server has stopped reading."""
        if self.waiting + len(packet) > MAX_WAITING:
            raise Lost("the server does not read")
        self._out += struct.pack(">I", len(packet))
        self._out += packet

    def poll(self) -> None:
        """Take what has come and give what goes; raises `Lost` once all that came is taken."""
        if self._socket is None:
            raise Lost("closed")
        if self._ended:
            if not self.inbox:
                raise Lost(self._ended)
            return
        if not self.connected and not self._has_connected(self._socket):
            return
        self._receive(self._socket)
        self.flush()

    def flush(self) -> None:
        """Give the system as much as it takes; raises `Lost`."""
        if not self.connected or self._socket is None or not self._out:
            return
        try:
            taken = self._socket.send(self._out)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise Lost(str(error)) from None
        del self._out[:taken]

    def _has_connected(self, sock: socket.socket) -> bool:
        # Not select(): its descriptors end at 1024, and Live may hold more files than that.
        fault = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault:
            raise Lost(errno.errorcode.get(fault, str(fault)))
        try:
            sock.getpeername()
        except OSError:
            return False
        self.connected = True
        return True

    def _receive(self, sock: socket.socket) -> None:
        for _ in range(_READS):
            if len(self.inbox) >= _MAX_INBOX:
                return
            try:
                piece = sock.recv(MAX_FRAME)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise Lost(str(error)) from None
            if not piece:
                self._ended = "the server has closed the connection"
                return
            self._in += piece
            self._split()

    def _split(self) -> None:
        start = 0
        while len(self._in) - start >= 4:
            (size,) = struct.unpack_from(">I", self._in, start)
            if not 0 < size <= MAX_FRAME or size % 4:
                raise Lost(f"a frame of {size} bytes")
            if len(self._in) - start - 4 < size:
                break
            self.inbox.append(bytes(self._in[start + 4 : start + 4 + size]))
            start += 4 + size
        del self._in[:start]
