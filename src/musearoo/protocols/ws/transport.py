"""A connection on a socket: RFC 6455 inwards by `websockets`, shared frames outwards by us."""

import asyncio
import logging
import socket
from asyncio import BaseTransport, Protocol, Transport
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from musearoo.codecs.ws import (
    MAXIMUM_FIRST_FRAME,
    MAXIMUM_FRAME,
    SUBPROTOCOL_BINARY,
    SUBPROTOCOL_JSON,
    CloseCode,
)
from musearoo.protocols.ws import handshake
from musearoo.protocols.ws.connection import Connection
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.handshake import Fields
from musearoo.protocols.ws.opening import Head, acceptance, chosen
from musearoo.protocols.ws.plain import TEXT, frame_size, plain_frame

log = structlog.get_logger(__name__)

_SUBPROTOCOLS: Final = [Subprotocol(SUBPROTOCOL_JSON), Subprotocol(SUBPROTOCOL_BINARY)]
_HIGH_WATER: Final = 64 << 10
_CLOSE_SECONDS: Final = 1.0
_NOTSENT_LOWAT: Final = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_NOTSENT_BYTES: Final = 16 << 10
_silent = logging.getLogger("musearoo.websockets")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL + 1)


class RoomProtocol(Protocol):
    """`asyncio.Protocol` that uvicorn's upgrade hands a transport and the request head."""

    width = 1

    def __init__(self, door: Door, connections: set[Any]) -> None:
        self._door = door
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._library: ServerProtocol | None = None  # few ever need it
        self._greeted = False  # whether it was let in without the library
        self._transport: Transport | None = None
        self._address = ""
        self._counted = ""
        self._inside = False
        self._connection: Connection | None = None
        self._cut = b""  # the begin of a frame whose length is not known yet
        self._owed = 0  # bytes that belong to the frame that the library has begun
        self._mixed = False  # whether the library may hold part of a frame already
        self._asked_for = False
        self._waits = False  # in the lobby, for the answer to a plain head
        self._parts: list[bytes] = []
        self._kind = Opcode.TEXT
        self._leaving = False

    @property
    def _ws(self) -> ServerProtocol:
        """RFC 6455 by the library, for all but what nearly all clients do."""
        if self._library is None:
            self._library = ServerProtocol(
                subprotocols=_SUBPROTOCOLS,
                select_subprotocol=_chosen,
                state=State.OPEN if self._greeted else State.CONNECTING,
                max_size=MAXIMUM_FRAME,
                logger=_silent,
            )
        return self._library

    @property
    def _open(self) -> bool:
        if self._library is None:
            return self._greeted
        return self._library.state is State.OPEN

    # asyncio.Protocol

    def connection_made(self, transport: BaseTransport) -> None:
        self._transport = cast("Transport", transport)
        self._connections.add(self)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else "unknown"
        self._tune(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        at = 0
        if self._cut:
            data, self._cut = self._cut + data, b""
        if self._waits:
            self._cut = data  # too early: it is read when there is a place
            if len(data) > MAXIMUM_FIRST_FRAME:
                self._abort()
            return
        if self._owed:
            at = min(self._owed, len(data))
            self._owed -= at
            self._feed(data[:at])
        while at < len(data):
            connection = self._connection
            if connection is not None and (self._library is None or self._told_apart()):
                plain = plain_frame(data, at, MAXIMUM_FRAME)
                if plain is not None:
                    at = plain[2]
                    self._message(connection, plain[0] == TEXT, plain[1])
                    continue
            at = self._hand_over(data, at)

    def _told_apart(self) -> bool:
        """Whether a frame may be plain though the library has begun: it is amid nothing."""
        return self._open and not self._mixed and not self._parts

    def _hand_over(self, data: bytes, at: int) -> int:
        """Give the frame at `at` to the library; answers where it ends."""
        if self._mixed or not self._open:
            # Before the connection is open frames are not told apart, nor are they after it.
            self._mixed = self._mixed or self._asked_for or not data.endswith(b"\r\n\r\n")
            self._feed(data[at:])
            return len(data)
        size = frame_size(data, at)
        if size is None:
            self._cut = data[at:]
            return len(data)
        end = min(at + size, len(data))
        self._owed = at + size - end
        self._feed(data[at:end])
        return end

    def _feed(self, data: bytes) -> None:
        self._ws.receive_data(data)
        for event in self._ws.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Request):
                self._asked(event)
        self._write_protocol()

    def eof_received(self) -> bool | None:
        if self._waits:
            return None
        self._feed(self._cut)
        self._ws.receive_eof()
        self._write_protocol()
        return None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._leave_lobby()
        self._transport = None
        connection, self._connection = self._connection, None
        if connection is not None:
            closed = self._library.close_rcvd if self._library is not None else None
            connection.gone(clean=closed is not None and closed.code == 1000)
            connection.outbox.let_go()

    def pause_writing(self) -> None:
        if self._connection is not None:
            self._connection.outbox.pause(self._door.clock.monotonic())

    def resume_writing(self) -> None:
        if self._connection is not None:
            self._connection.outbox.resume()
            self.flush()

    def shutdown(self) -> None:
        """The server stops: uvicorn calls this on every connection."""
        if self._connection is None or self._connection.guest is None:
            self._abort()
            return
        self._connection.go_away()
        self._loop.call_later(self._door.options.drain_seconds, self._drained, 20)

    # Opening

    def opened(self, head: Head) -> None:
        """The plain head of a handshake came: let it in, now or when there is a place."""
        self._asked_for = self._waits = True
        self._knock(head, partial(self._greet, head))
        if self._library is not None:
            self._waits = False
            self._write_protocol()

    def _asked(self, request: Request) -> None:
        self._asked_for = True
        self._knock(request.headers, partial(self._accept, request))

    def _knock(self, headers: Fields, enter: Callable[[], bool]) -> None:
        """Ask for a place, or refuse."""
        refusal = handshake.refusal(headers, self._door.options)
        if refusal is None:
            self._address = handshake.address_of(self._address, headers, self._door.options)
            self._counted = handshake.counted_address(self._address)
            if self._door.lobby.knock(self._counted, enter):
                return
            refusal = HTTPStatus.SERVICE_UNAVAILABLE, "Too many are waiting; try again.\n"
        self._ws.send_response(self._ws.reject(*refusal))

    def _greet(self, head: Head) -> bool:
        if self._transport is None or self._transport.is_closing():
            return False
        self._inside = self._greeted = True
        self._waits = False
        answer, spoken = acceptance(head, self._door.clock.now())
        self._transport.write(answer)
        self._connection = self._connected(self._transport, head, spoken)
        if self._cut:
            self._loop.call_soon(self.data_received, b"")
        return True

    def _accept(self, request: Request) -> bool:
        if self._transport is None or self._transport.is_closing():
            return False
        self._inside = True
        response = self._ws.accept(request)
        self._ws.send_response(response)
        if self._open:
            spoken = self._ws.subprotocol
            self._connection = self._connected(self._transport, request.headers, spoken)
        self._write_protocol()
        return True

    def _connected(self, transport: Transport, headers: Fields, spoken: str | None) -> Connection:
        binary = spoken == SUBPROTOCOL_BINARY
        connection = Connection(
            self._door,
            handshake.arrival(headers, self._address, binary=binary),
            wake=partial(self._door.flusher.add, self),
            hang_up=self._hang_up,
            hold=self._hold,
            ping=self._ping,
        )
        connection.outbox.write = transport.write
        return connection

    def _tune(self, wire: Any) -> None:
        """Small buffers, so that a slow reader is felt here and not after 19,000 frames."""
        if wire is None:
            return
        with suppress(OSError, AttributeError):
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._door.options.send_buffer)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if _NOTSENT_LOWAT is not None:
                wire.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _NOTSENT_BYTES)

    # Frames inwards

    def _frame(self, frame: Frame) -> None:
        connection = self._connection
        if connection is None:
            return
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            if frame.fin:
                self._message(connection, opcode is Opcode.TEXT, bytes(frame.data))
                return
            self._kind, self._parts = opcode, [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                payload, self._parts = b"".join(self._parts), []
                self._message(connection, self._kind is Opcode.TEXT, payload)
        elif opcode is Opcode.CLOSE:
            connection.gone(clean=frame.data[:2] == b"\x03\xe8")
        else:
            connection.heard()

    def _message(self, connection: Connection, text: bool, payload: bytes) -> None:
        if not text:
            connection.receive_binary(payload)
            return
        if not payload.isascii() and not _is_utf_8(payload):  # RFC 6455 §8.1
            self._ws.fail(CloseCode.NOT_UTF8, "invalid UTF-8")
            self._write_protocol()
            return
        connection.receive_text(payload)
        if self._inside and connection.guest is not None:
            self._leave_lobby()

    # Frames outwards

    def flush(self) -> int:
        """Write what is ready, in one piece."""
        connection, transport = self._connection, self._transport
        if connection is None or transport is None or transport.is_closing():
            return 0
        if not self._open:
            return 0
        outbox, count = connection.outbox, 0
        while outbox.paused_at is None:
            frames = outbox.take()
            if not frames:
                break
            count += len(frames)
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
            if not outbox.slow:
                break  # what is ready from now on wakes the flusher anew
        if self._inside and connection.guest is not None:
            self._leave_lobby()
        return count

    def _ping(self) -> None:
        """A protocol ping (RFC 6455 §5.5.2)."""
        if self._open:
            self._ws.send_ping(b"")
            self._write_protocol()

    def _write_protocol(self) -> None:
        transport = self._transport
        if self._connection is not None and not self._open:
            self._connection.outbox.detach()  # nothing goes behind a close frame
        for piece in self._ws.data_to_send():
            if transport is None or transport.is_closing():
                return
            if piece:
                transport.write(piece)
            else:
                _half_close(transport)
        if self._ws.close_expected() and not self._leaving:
            self._leaving = True
            self._loop.call_later(_CLOSE_SECONDS, self._abort)

    def _hold(self, held: bool) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            (transport.pause_reading if held else transport.resume_reading)()

    # Closing

    def _hang_up(self, code: int, reason: str) -> None:
        self._leave_lobby()
        if code != CloseCode.SLOW:
            self.flush()
        if self._open:
            self._ws.send_close(code, reason)
        self._write_protocol()

    def _drained(self, times: int) -> None:
        connection = self._connection
        if connection is None:
            return
        if connection.busy and times:
            self._loop.call_later(0.05, self._drained, times - 1)
        else:
            connection.end(CloseCode.GOING_AWAY, "restart")

    def _leave_lobby(self) -> None:
        if self._inside:
            self._inside = False
            self._door.lobby.leave(self._counted)

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.outbox.detach()
        if self._transport is not None:
            self._transport.abort()


def _is_utf_8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _half_close(transport: Transport) -> None:
    """End our side only: closing with bytes unread would reset the peer before it reads why."""
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.close()


def _chosen(_ws: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    spoken = chosen(offered)
    return Subprotocol(spoken) if spoken is not None else None
