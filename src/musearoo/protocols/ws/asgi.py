"""The live room for any ASGI server: the same session core without our hand on the socket.

Slower than the handover, and back-pressure is felt only where the server makes `send` wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from websockets.datastructures import Headers

from musearoo.codecs.ws import MAXIMUM_FRAME, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, CloseCode
from musearoo.protocols.ws import handshake
from musearoo.protocols.ws.connection import Connection
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.frames import payloads_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH: Final = "/api/v3/ws"
_RESPONSE: Final = "websocket.http.response"
_CLOSE_SECONDS: Final = 1.0


class WithRoom:
    """An ASGI application with our path of WebSockets in front of it."""

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket" and scope["path"] == PATH:
            await AsgiRoom(self._door, scope, receive, send).serve()
        else:
            await self._app(scope, receive, send)


class AsgiRoom:
    """One WebSocket of an ASGI server, from its handshake to its end."""

    def __init__(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        self._door = door
        self._scope = scope
        self._receive = receive
        self._send = send
        self._counted = ""
        self._inside = False
        self._news = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self._ending: tuple[int, str] | None = None
        self._sending: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Shake hands, then carry messages until either side ends."""
        if (await self._receive())["type"] != "websocket.connect":
            return
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._heads]
        headers, options = Headers(pairs), self._door.options
        refused = handshake.refusal(headers, options)
        if refused is not None:
            await self._reject(*refused)
            return
        peer = self._scope.get("client")
        address = handshake.address_of(str(peer[0]) if peer else "unknown", headers, options)
        self._counted = handshake.counted_address(address)
        if not await self._let_in():
            return
        try:
            await self._inside_of(headers, address)
        finally:
            self._leave_lobby()

    @property
    def _heads(self) -> list[tuple[bytes, bytes]]:
        return list(self._scope["headers"])

    async def _let_in(self) -> bool:
        """Wait in the lobby for a place; False for who was refused or left."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def enter() -> bool:
            if place.done():
                return False
            self._inside = True
            place.set_result(None)
            return True

        if not self._door.lobby.knock(self._counted, enter):
            await self._reject(503, "Too many are waiting; try again.\n")
            return False
        if place.done():
            return True
        leaving = self._door.conductor.world.spawn(self._left(), name="ws.asgi.wait")
        await asyncio.wait((place, leaving), return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not self._inside:
            place.cancel()
        return self._inside

    async def _left(self) -> None:
        await self._receive()  # before it is let in, nothing but its end can come

    async def _inside_of(self, headers: Headers, address: str) -> None:
        offered = self._scope.get("subprotocols") or []
        spoken = next((s for s in (SUBPROTOCOL_JSON, SUBPROTOCOL_BINARY) if s in offered), None)
        await self._send({"type": "websocket.accept", "subprotocol": spoken})
        connection = Connection(
            self._door,
            handshake.arrival(headers, address, binary=spoken == SUBPROTOCOL_BINARY),
            wake=self._news.set,
            hang_up=self._hang_up,
            hold=lambda held: self._free.clear() if held else self._free.set(),
        )
        spawn = self._door.conductor.world.spawn
        self._sending = spawn(self._write(connection), name="ws.asgi.send")
        reading = spawn(self._read(connection), name="ws.asgi.receive")
        try:
            await asyncio.wait((self._sending, reading), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            self._sending.cancel()
            connection.gone(clean=False)
            connection.outbox.let_go()
        if self._ending is not None:
            await self._close(*self._ending)

    # Inwards

    async def _read(self, connection: Connection) -> None:
        while True:
            await self._free.wait()
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                connection.gone(clean=message.get("code") == CloseCode.NORMAL)
                return
            text = message.get("text")
            payload = text.encode() if text is not None else message.get("bytes") or b""
            if len(payload) > MAXIMUM_FRAME:
                connection.end(CloseCode.TOO_BIG, "message too big")
                return
            (connection.receive_binary if text is None else connection.receive_text)(payload)

    # Outwards

    async def _write(self, connection: Connection) -> None:
        outbox, now = connection.outbox, self._door.clock.monotonic
        while True:
            self._news.clear()
            while frames := outbox.take():
                outbox.pause(now())  # what comes while the server makes us wait may be coalesced
                for text, payload in payloads_of(b"".join(frames)):
                    body = {"text": payload.decode()} if text else {"bytes": payload}
                    await self._send({"type": "websocket.send", **body})
                outbox.resume()
            if connection.guest is not None:
                self._leave_lobby()
            if self._ending is not None:
                return
            await self._news.wait()

    def _hang_up(self, code: int, reason: str) -> None:
        self._ending = code, reason
        self._news.set()
        if code == CloseCode.SLOW and self._sending is not None:
            self._sending.cancel()  # it waits for a reader who does not read

    async def _close(self, code: int, reason: str) -> None:
        with suppress(TimeoutError, OSError, RuntimeError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _reject(self, status: int, text: str) -> None:
        """Refuse the handshake, with its reason where the server can say it."""
        if _RESPONSE not in self._scope.get("extensions", {}):
            await self._send({"type": "websocket.close"})
            return
        kind = (b"content-type", b"text/plain; charset=utf-8")
        await self._send({"type": f"{_RESPONSE}.start", "status": int(status), "headers": [kind]})
        await self._send({"type": f"{_RESPONSE}.body", "body": text.encode()})

    def _leave_lobby(self) -> None:
        if self._inside:
            self._inside = False
            self._door.lobby.leave(self._counted)
