"""A server that plays what a test wrote, one scene for each connection."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from musearoo.client import Account, Options, Session
from musearoo.client.refusals import Refused
from musearoo.codecs.events import encode_event, snapshot
from musearoo.codecs.ws import (
    SUBPROTOCOL_BINARY,
    SUBPROTOCOL_JSON,
    AckMessage,
    ErrorMessage,
    Incoming,
    Limits,
    Outgoing,
    ParameterHandle,
    Present,
    SessionJoin,
    Welcome,
    decode,
    encode,
)
from musearoo.codecs.ws.outgoing import AckData, ErrorData, WelcomeData
from musearoo.domain.events import Event, ParameterSet, Sequenced
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.session.state import SessionState

ROOM = "0199d3c0-1111-7000-8000-000000000001"
HANDLES = (ParameterHandle(0, "drums/complexity", "number"),)
LIMITS = Limits(
    frame_bytes=65_536, messages_per_second=60, burst=120, queue_bytes=1 << 20,
    heartbeat_seconds=0.05, silence_seconds=40, replay_events=1_024,
)  # fmt: skip
ENVELOPE: dict[str, Any] = {"session_id": ROOM, "timestamp": 1.0}


def changed(
    seq: int, value: float = 0.5, *, epoch: str = "e", cause: str | None = None
) -> Sequenced:
    """A parameter change with its number."""
    event: Event = ParameterSet(path="drums/complexity", value=value)
    return happened(seq, event, epoch=epoch, cause=cause)


def happened(seq: int, event: Event, *, epoch: str = "e", cause: str | None = None) -> Sequenced:
    """An event with its number."""
    return Sequenced(
        session=SessionId(ROOM), seq=seq, epoch=epoch, at=2.0, user=UserId("u"), cause=cause,
        event=event,
    )  # fmt: skip


class Actor:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def hear(self, kind: type[Any] | None = None) -> Any:
        """The next message that is no heartbeat, or the next of that kind."""
        while True:
            frame = await self.socket.recv()
            if isinstance(frame, bytes):
                return frame
            message = decode(frame)
            if kind is None and type(message).__name__ != "Heartbeat":
                return message
            if kind is not None and isinstance(message, kind):
                return message

    async def welcome(self, seq: int = 0, **fields: Any) -> SessionJoin:
        """Take the join and let the client in."""
        join: SessionJoin = await self.hear(SessionJoin)
        shown = snapshot(SessionState(), 1.0)
        del shown["undo"]
        resumed = fields.get("resumed", False)
        data = WelcomeData(
            **{
                "epoch": "e", "seq": seq, "resumed": resumed, "connection": "c", "sender": 1,
                "user_id": "u", "permissions": ("view", "edit"), "server_time": 1.0,
                "limits": LIMITS, "resume_token": "r", "state": None if resumed else shown,
                "present": (Present(connection="c", sender=1, user_id="u"),), **fields,
            }
        )  # fmt: skip
        await self.say(Welcome(**ENVELOPE, data=data))
        return join

    async def say(self, message: Outgoing | Sequenced) -> None:
        """Send a message or an event as text."""
        octets = encode_event(message) if isinstance(message, Sequenced) else encode(message)
        await self.socket.send(octets, text=True)

    async def ack(self, message: Incoming, seq: int, *, stream: int | None = None) -> None:
        """Say that a message was carried out."""
        data = AckData(seq=seq, epoch="e", stream=stream)
        await self.say(AckMessage(**ENVELOPE, cause=message.message_id, data=data))

    async def refuse(self, cause: str | None, code: str, detail: str = "No.") -> None:
        """Say no."""
        data = ErrorData(code=code, detail=detail, reply_to=cause)
        await self.say(ErrorMessage(**ENVELOPE, cause=cause, data=data))

    async def close(self, code: int, reason: str = "") -> None:
        """Close from this side."""
        await self.socket.close(code, reason)

    def cut(self) -> None:
        """End the connection as a broken network does."""
        self.socket.transport.abort()

    async def rest(self) -> None:
        """Stay until the client goes."""
        await self.socket.wait_closed()


Scene = Callable[[Actor], Awaitable[None]]


class Usher(Account):
    """An account whose tickets need no REST; counts them."""

    def __init__(self, url: str, *, refreshes: bool = True) -> None:
        super().__init__(url, token="t")
        self.tickets = 0
        self.refreshed = 0
        self.gone: Refused | None = None
        self._refreshes = refreshes

    async def ticket(self, session: str) -> str:
        assert session == ROOM
        if self.gone is not None:
            raise self.gone
        self.tickets += 1
        return f"ticket-{self.tickets}"

    async def refresh(self) -> bool:
        self.refreshed += 1
        return self._refreshes


class Stage:
    """Where the scenes are played; `faults` are what went wrong in them."""

    def __init__(self, scenes: tuple[Scene, ...]) -> None:
        self._scenes = list(scenes)
        self.faults: list[BaseException] = []
        self.usher = Usher("http://nowhere")

    async def play(self, socket: ServerConnection) -> None:
        """The next scene; connections after the last are refused for good."""
        if not self._scenes:
            await socket.close(4403, "no more scenes")
            return
        scene = self._scenes.pop(0)
        try:
            with suppress(ConnectionClosed):  # the client has left, as it may
                await scene(Actor(socket))
        except Exception as fault:  # noqa: BLE001  raised again in the test
            self.faults.append(fault)
            await socket.close(1011)

    def session(self, **options: Any) -> Session:
        """A client's session on this stage."""
        return Session(self.usher, ROOM, Options(**options))


@asynccontextmanager
async def stage(*scenes: Scene, refreshes: bool = True) -> AsyncIterator[Stage]:
    """A stage with its scenes; raises what went wrong in them."""
    playing = Stage(scenes)
    async with serve(
        playing.play,
        "127.0.0.1",
        0,
        subprotocols=[Subprotocol(SUBPROTOCOL_JSON), Subprotocol(SUBPROTOCOL_BINARY)],
        compression=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        playing.usher = Usher(f"http://127.0.0.1:{port}", refreshes=refreshes)
        yield playing
        await playing.usher.close()
    for fault in playing.faults:
        raise fault


def raw(value: object) -> bytes:
    """Any JSON."""
    return msgspec.json.encode(value)
