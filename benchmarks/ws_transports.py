"""Three ways to read RFC 6455 frames, each passing every message on to its group.

    python benchmarks/ws_transports.py library|plain|picows [SIZE, five if not given]

`library` reads with the sans-I/O core of `websockets`, `plain` as our door does (plain frames in
one step, the rest by the library), `picows` with that package's own server. Prints its port.
"""

import asyncio
import sys
from collections import defaultdict
from typing import Any

import uvloop

GROUP = int(sys.argv[2]) if len(sys.argv) > 2 else 5
groups: dict[int, list[Any]] = defaultdict(list)
came = 0


def number() -> int:
    """The group of the next connection."""
    global came  # noqa: PLW0603
    came += 1
    return (came - 1) // GROUP


async def sansio(*, plain: bool) -> None:  # noqa: C901  (one class, one use)
    from websockets.frames import Frame, Opcode  # noqa: PLC0415
    from websockets.http11 import Request  # noqa: PLC0415
    from websockets.server import ServerProtocol  # noqa: PLC0415

    from musearoo.protocols.ws.frames import text_frame  # noqa: PLC0415
    from musearoo.protocols.ws.plain import plain_frame  # noqa: PLC0415

    class Reader(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.ws, self.group = transport, ServerProtocol(), groups[number()]
            self.open = False

        def data_received(self, data: bytes) -> None:
            at = 0
            while plain and self.open and at < len(data):
                found = plain_frame(data, at, 65_536)
                if found is None:
                    break
                at = found[2]
                self.told(found[1])
            if at < len(data):
                self.feed(data[at:])

        def feed(self, data: bytes) -> None:
            self.ws.receive_data(data)
            for event in self.ws.events_received():
                if isinstance(event, Request):
                    self.ws.send_response(self.ws.accept(event))
                    self.open = True
                    self.group.append(self.transport)
                elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                    self.told(bytes(event.data))
            for piece in self.ws.data_to_send():
                if piece:
                    self.transport.write(piece)

        def told(self, payload: bytes) -> None:
            payload.decode()
            frame = text_frame(payload)
            for transport in self.group:
                transport.write(frame)

    server = await asyncio.get_running_loop().create_server(Reader, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def picows() -> None:
    from picows import WSListener, WSMsgType, ws_create_server  # noqa: PLC0415

    class Listener(WSListener):
        def on_ws_connected(self, transport: Any) -> None:
            self.group = groups[number()]
            self.group.append(transport)

        def on_ws_frame(self, _transport: Any, frame: Any) -> None:
            if frame.msg_type == WSMsgType.TEXT:
                payload = frame.get_payload_as_bytes()
                payload.decode()
                for each in self.group:
                    each.send(WSMsgType.TEXT, payload)

    server = await ws_create_server(lambda _request: Listener(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    kind = sys.argv[1]
    uvloop.install()
    asyncio.run(picows() if kind == "picows" else sansio(plain=kind == "plain"))


if __name__ == "__main__":
    main()
