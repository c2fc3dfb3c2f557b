"""Our path of WebSockets to our protocol, every other one to uvicorn's (contract test pins it)."""

from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.opening import plain_head
from musearoo.protocols.ws.transport import RoomProtocol

PATH: Final = b"/api/v3/ws"


class Handover(HttpToolsProtocol):
    """uvicorn's HTTP protocol; the composition root gives a subclass its `door`."""

    door: ClassVar[Door]

    def handle_websocket_upgrade(self) -> None:
        """Give the transport to whoever speaks what the path promises."""
        if self.url.partition(b"?")[0] != PATH:
            super().handle_websocket_upgrade()
            return
        if self.scope["http_version"] != "1.1":
            self.send_400_response("A WebSocket is opened with HTTP/1.1 (RFC 6455, section 4.1).")
            return
        self.connections.discard(self)
        protocol = RoomProtocol(self.door, self.connections)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        head = plain_head(self.headers) if self.scope["method"] == "GET" else None
        if head is not None:
            protocol.opened(head)
        else:
            protocol.data_received(self._head())

    def _head(self) -> bytes:
        head = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"]
        return b"".join((*head, b"\r\n"))


def handover_to(door: Door) -> type[Handover]:
    """The protocol class for `uvicorn.Config(http=...)`."""
    return type("RoomHandover", (Handover,), {"door": door})
