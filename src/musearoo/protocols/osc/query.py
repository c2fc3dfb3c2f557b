"""OSCQuery: programs browse the address table over HTTP and listen to values over a WebSocket.

Source: OSCQueryProposal (Vidvox, https://github.com/Vidvox/OSCQueryProposal). The tree is the
same for everybody and holds no values; those come to who listens, as to any OSC device: on this
machine in local mode, elsewhere after `/musearoo/pair`. Web pages are turned away.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from musearoo.codecs.osc import Bundle, Message, OscRefused, decode, encode
from musearoo.codecs.osc.addresses import ECHO
from musearoo.codecs.osc.query import ATTRIBUTES, Node, host_info, node_at, tree
from musearoo.ports.osc import Source
from musearoo.protocols.osc.door import Door

MAXIMUM_LISTENERS: Final = 64
MAXIMUM_LISTENED: Final = 1_024
QUEUE: Final = 512
_ROOTS: Final = ("/musearoo", "/live")
_REPLIES: Final = ("/musearoo/pair", "/musearoo/pong", "/musearoo/error")
_OWN_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_OF_PROXIES: Final = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
_BUSY: Final = 1013  # RFC 6455's registry: try again later
_CACHED: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """Values of the Host header that are answered, and where HTTP and OSC are."""

    hosts: tuple[str, ...]
    http_port: int
    osc_port: int
    name: str = "MuseAroo"


class Command(msgspec.Struct, frozen=True):
    """What a listener asks: LISTEN or IGNORE a path."""

    command: str = msgspec.field(name="COMMAND")
    data: str = msgspec.field(default="", name="DATA")


class OscQuery:
    """An ASGI application in front of another: answers OSCQuery and hands on all else."""

    def __init__(self, app: ASGIApp, door: Door, options: QueryOptions) -> None:
        self._app = app
        self._door = door
        self._options = options
        self._tree = tree(door.table)
        self._listeners: dict[Source, _Listener] = {}
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._asked(scope):
            await self._answer(scope)(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].strip("/") == "":
            await self._listen(WebSocket(scope, receive, send))
        else:
            await self._app(scope, receive, send)

    def send(self, source: Source, packet: bytes) -> bool:
        """Give a packet to a listener; False when it is gone."""
        listener = self._listeners.get(source)
        return listener is not None and listener.tell(packet)

    def drop(self, source: Source) -> None:
        """Let a listener go."""
        listener = self._listeners.get(source)
        if listener is not None:
            listener.end()

    def _asked(self, scope: Scope) -> bool:
        path, query = scope["path"], scope["query_string"]
        if scope["method"] not in {"GET", "HEAD"} or not self._for_us(scope):
            return False
        if path == "/":
            accepted = _header(scope, b"accept")
            wants_page = b"text/html" in accepted or b"*/*" in accepted
            return query == b"HOST_INFO" or b"json" in accepted or not wants_page
        return path in _ROOTS or path.startswith(tuple(f"{root}/" for root in _ROOTS))

    def _for_us(self, scope: Scope) -> bool:
        host = _header(scope, b"host").decode("latin-1").lower()
        return "*" in self._options.hosts or bool({host, _name(scope)} & set(self._options.hosts))

    def _is_brought(self, scope: Scope) -> bool:
        """Whether a proxy or tunnel stands between, while loopback acts for the local owner."""
        brought = any(_header(scope, name) for name in _OF_PROXIES)
        return self._door.options.local_mode and (brought or _name(scope) not in _OWN_NAMES)

    def _answer(self, scope: Scope) -> Response:
        attribute = scope["query_string"].decode("latin-1")
        if attribute == "HOST_INFO":
            port = self._options.http_port
            return _json(host_info(self._options.name, self._options.osc_port, port))
        node = node_at(self._tree, scope["path"])
        if node is None:
            return Response(status_code=404, headers=_CACHED)
        if not attribute:
            return _json(node)
        if attribute not in ATTRIBUTES:
            return Response(status_code=400, headers=_CACHED)
        if attribute not in node:  # the proposal's answer for an attribute without a value
            return Response(status_code=204, headers=_CACHED)
        return _json({attribute: node[attribute]})

    async def _listen(self, socket: WebSocket) -> None:
        scope = socket.scope
        if _header(scope, b"origin") or not self._for_us(scope) or self._is_brought(scope):
            await socket.close()  # before it is accepted: answered with 403
            return
        await socket.accept()
        if len(self._listeners) >= MAXIMUM_LISTENERS:
            await socket.close(_BUSY)
            return
        host, port = scope["client"] or ("unknown", 0)
        source = Source("ws", host, port, next(self._numbers))
        listener = self._listeners[source] = _Listener(socket, source, self._door)
        try:
            await listener.run()
        finally:
            del self._listeners[source]
            self._door.closed(source)


class _Listener:
    """One WebSocket: commands and packets in, values of what it listens to out."""

    def __init__(self, socket: WebSocket, source: Source, door: Door) -> None:
        self._socket = socket
        self._source = source
        self._door = door
        self._paths: set[str] = set()
        self._queue: deque[bytes] = deque(maxlen=QUEUE)
        self._waiting = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until either side ends it."""
        async with asyncio.TaskGroup() as tasks:
            self._reading = tasks.create_task(self._read())
            writing = tasks.create_task(self._write())
            await asyncio.wait([self._reading, writing], return_when=asyncio.FIRST_COMPLETED)
            self._reading.cancel()
            writing.cancel()

    def end(self) -> None:
        """Stop reading, and with it everything."""
        if self._reading is not None:
            self._reading.cancel()

    def tell(self, packet: bytes) -> bool:
        """Queue what it listens to, under the address that it knows; the oldest gives way."""
        message = decode(packet)
        if isinstance(message, Message) and message.address not in _REPLIES:
            path = message.address.removesuffix(ECHO)
            if path not in self._paths:
                return True
            packet = encode(Message(path, message.arguments))
        self._queue.append(packet)
        self._waiting.set()
        return True

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except WebSocketDisconnect:
                return
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                self._packet(message["bytes"])
            elif message.get("text") is not None:
                self._command(message["text"])

    async def _write(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            while self._queue:
                await self._socket.send_bytes(self._queue.popleft())

    def _packet(self, packet: bytes) -> None:
        if not self._door.admit(self._source, packet):
            return
        try:
            self._door.receive(self._source, _messages(decode(packet)))
        except OscRefused as refusal:
            self._door.refused(self._source, refusal)

    def _command(self, text: str) -> None:
        try:
            command = msgspec.json.decode(text, type=Command)
        except msgspec.DecodeError:
            return
        path = command.data.rstrip("/")
        if command.command == "IGNORE":
            self._paths.discard(path)
        elif command.command == "LISTEN" and len(self._paths) < MAXIMUM_LISTENED:
            found = [each for each in self._door.table if each.path == path]
            if found:
                self._paths.add(path)
                self._owe(found[0].parameter)

    def _owe(self, parameter: str | None) -> None:
        """Have the value in force told: with all others the first time, alone afterwards."""
        peer = self._door.peers.known(self._source)
        if peer is None or peer.feed is None:
            self._packet(encode(Message("/musearoo/hello")))
            return
        if parameter is not None:
            peer.told.pop(parameter, None)
            peer.owed.add(parameter)
            self._door.wake()


def _messages(packet: Message | Bundle) -> tuple[Message, ...]:
    """All at once: a listener's bundles are not held to their time."""
    if isinstance(packet, Message):
        return (packet,)
    return tuple(message for each in packet.elements for message in _messages(each))


def _json(node: Node) -> Response:
    return Response(msgspec.json.encode(node), media_type="application/json", headers=_CACHED)


def _name(scope: Scope) -> str:
    """The host that was called, without a port."""
    host = _header(scope, b"host").decode("latin-1").lower()
    return host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host


def _header(scope: Scope, name: bytes) -> bytes:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value for key, value in headers if key == name), b"")
