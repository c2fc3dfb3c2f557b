"""One WebSocket to a server: opened, joined, read; no memory of the one before."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from musearoo.client.refusals import Unreachable
from musearoo.codecs.ws import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON
from musearoo.codecs.ws.happened import MAXIMUM_SERVER_FRAME

_PATH: Final = "/api/v3/ws"
_OPEN_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 2.0
_ABNORMAL: Final = 1006  # RFC 6455 §7.1.5: no close frame came


class WireClosed(Exception):
    """The WebSocket is over, with the code and reason it ended with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Wire:
    """Frames to and from the server."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @staticmethod
    async def open(url: str, *, binary: bool) -> "Wire":
        """Open a WebSocket to the server at an http(s) URL; raises `Unreachable`."""
        spoken = SUBPROTOCOL_BINARY if binary else SUBPROTOCOL_JSON
        try:
            socket = await open_websocket(
                websocket_url(url),
                subprotocols=[Subprotocol(spoken)],
                compression=None,
                max_size=MAXIMUM_SERVER_FRAME,
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                ping_interval=None,  # heartbeats carry the clock and are enough
                user_agent_header="musearoo.client",
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise Unreachable(f"No WebSocket at {url}: {error}") from error
        return Wire(socket)

    async def text(self, message: bytes) -> None:
        """Send a text frame; raises `WireClosed`."""
        try:
            await self._socket.send(message, text=True)
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def binary(self, records: bytes) -> None:
        """Send a binary frame; raises `WireClosed`."""
        try:
            await self._socket.send(records)
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def receive(self) -> bytes | str:
        """The next frame: bytes are records, text is a message. Raises `WireClosed`."""
        try:
            return await self._socket.recv()
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def close(self, code: int = 1000) -> None:
        """Close, and wait a moment for the server to agree."""
        await self._socket.close(code)

    def abort(self) -> None:
        """Drop the connection without a word, as when nothing has come for too long."""
        self._socket.transport.abort()


def websocket_url(url: str) -> str:
    """The WebSocket of the server at `http://host:port` or `https://…`."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/")
    path = path if path.endswith(_PATH) else path + _PATH
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def _closed(closed: ConnectionClosed) -> WireClosed:
    frame = closed.rcvd or closed.sent
    return WireClosed(_ABNORMAL, "") if frame is None else WireClosed(frame.code, frame.reason)
