"""Connections over a house, without sockets: what they were sent can be read as messages."""

import json
from dataclasses import dataclass, field
from typing import Any

from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor
from musearoo.protocols.ws.connection import Connection
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.handshake import Arrival
from tests.doubles.calm import StoppedClock
from tests.doubles.house import House
from tests.waiting import until

ORIGIN = Origin("rest", "192.0.2.0/24", "correlation", "test")


def payloads(stream: bytes) -> list[tuple[int, bytes]]:
    """Opcode and payload of the unmasked whole frames in a stream."""
    found, at = [], 0
    while at < len(stream):
        size, start = stream[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(stream[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(stream[at + 2 : at + 10], "big"), at + 10
        found.append((stream[at] & 15, stream[start : start + size]))
        at = start + size
    return found


@dataclass
class Seat:
    """One connection and its client's view."""

    connection: Connection
    closed: list[tuple[int, str]]
    messages: list[dict[str, Any]] = field(default_factory=list)

    def send(self, type_: str, data: dict[str, Any] | None = None, **more: Any) -> None:
        message = {"type": type_, **more}
        if data is not None:
            message["data"] = data
        self.connection.receive_text(json.dumps(message).encode())

    def read(self) -> list[dict[str, Any]]:
        """What came since the last time, and what would be told of others within 20 ms."""
        room = self.connection.room
        if room is not None:
            room.fan.flush()
            if room.arrivals.waiting:
                room.arrivals.tell()
        stream = b""
        while frames := self.connection.outbox.take():
            stream += b"".join(frames)
        fresh = [json.loads(payload) for opcode, payload in payloads(stream) if opcode == 1]
        self.messages += fresh
        return fresh

    async def answers(self) -> list[dict[str, Any]]:
        """What comes once everything sent so far was carried out."""
        await until(lambda: not self.connection.busy, "the end of all that was sent")
        return self.read()

    async def closing(self) -> int:
        """The code with which the connection is closed, once it is."""
        await until(lambda: self.closed, lambda: f"the end; told lately: {self.messages[-5:]}")
        return self.closed[0][0]

    def of(self, type_: str) -> list[dict[str, Any]]:
        """All messages of one type so far."""
        self.read()
        return [message for message in self.messages if message["type"] == type_]


@dataclass
class Hall:
    """A house with its WebSocket door."""

    place: House
    door: Door

    def set_forward(self, seconds: float) -> None:
        """So much time has passed: else none does here."""
        clock = self.place.world.clock
        assert isinstance(clock, StoppedClock)
        clock.set_forward(seconds)

    def seat(self, page: str | None = None, *, binary: bool = False) -> Seat:
        """A connection that has not joined."""
        closed: list[tuple[int, str]] = []
        connection = Connection(
            self.door,
            Arrival("192.0.2.7", "test", page, binary),
            wake=lambda: None,
            hang_up=lambda code, reason: closed.append((code, reason)),
        )
        return Seat(connection, closed)

    async def ticket(self, actor: Actor, project: ProjectId, page: str | None = None) -> str:
        secret, _ = await self.place.conductor.passes.ticket(
            actor, SessionId(project), origin=ORIGIN, page=page
        )
        return secret

    async def joined(self, actor: Actor, project: ProjectId, **data: Any) -> Seat:
        """A connection that was let in."""
        seat = self.seat(binary=data.pop("binary", False))
        seat.send("session_join", {"ticket": await self.ticket(actor, project), **data})
        assert (await seat.answers())[0]["type"] == "welcome"
        return seat
