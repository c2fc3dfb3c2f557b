"""The doors as a script of commands sees them: send one command, hear one answer.

A further door is a class with `send` and a line in `DOORS`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.protocols.ws.connection import Connection
from musearoo.protocols.ws.door import Door as Lobby
from musearoo.protocols.ws.handshake import Arrival
from tests.application.protocols.ws.room_doubles import payloads
from tests.doubles.house import ORIGIN, House
from tests.doubles.osc_stage import Device, Stage
from tests.doubles.rest_door import client, door


@dataclass(frozen=True)
class Wish:
    """A command as somebody at a door has it in mind; `id` makes a repeat harmless."""

    name: str
    args: Mapping[str, Any]
    id: str
    at: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a door said: the fields of the acknowledgement, or the code of the refusal."""

    ack: Mapping[str, Any] | None = None
    refused: str | None = None


class Door(Protocol):
    """A way to the session for one person."""

    async def open(self, place: House, actor: Actor, token: str, project: ProjectId) -> None:
        """Be ready to send."""
        ...

    async def send(self, wish: Wish) -> Answer:
        """Send one command and wait for its answer."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


class Rest:
    """`POST /sessions/{id}/commands`."""

    http: httpx.AsyncClient

    async def open(self, place: House, actor: Actor, token: str, project: ProjectId) -> None:
        self.http = client(door(place), token)
        self.project = project

    async def send(self, wish: Wish) -> Answer:
        body = {"name": wish.name, "args": wish.args, "id": wish.id, "at": wish.at}
        answer = await self.http.post(f"/api/v3/sessions/{self.project}/commands", json=body)
        if answer.status_code == 200:
            return Answer(ack=_bare(answer.json()))
        return Answer(refused=answer.json()["type"].rpartition("/")[2])

    async def close(self) -> None:
        await self.http.aclose()


class WebSocket:
    """`command` messages of a live connection."""

    connection: Connection

    async def open(self, place: House, actor: Actor, token: str, project: ProjectId) -> None:
        lobby = Lobby(place.conductor)
        self.connection = Connection(
            lobby,
            Arrival("192.0.2.7", "test", None, binary=False),
            wake=lambda: None,
            hang_up=lambda _code, _reason: None,
        )
        ticket, _ = await place.conductor.passes.ticket(
            actor, SessionId(project), origin=ORIGIN, page=None
        )
        self._say({"type": "session_join", "message_id": "join", "data": {"ticket": ticket}})
        assert "welcome" in {each["type"] for each in await self._heard()}

    async def send(self, wish: Wish) -> Answer:
        self._say(self.message(wish) | {"message_id": wish.id})
        for heard in await self._heard():
            if heard.get("cause") == wish.id and heard["type"] == "ack":
                return Answer(ack=_bare(heard["data"]))
            if heard.get("cause") == wish.id and heard["type"] == "error":
                return Answer(refused=heard["data"]["code"])
        raise AssertionError(f"{wish} was not answered")

    async def close(self) -> None:
        self.connection.gone(clean=True)

    def message(self, wish: Wish) -> dict[str, Any]:
        """The message that says the wish."""
        moment = {"at": wish.at} if wish.at is not None else {}
        data = {"name": wish.name, "args": wish.args, **moment}
        return {"type": "command", "data": data}

    def _say(self, message: Mapping[str, Any]) -> None:
        self.connection.receive_text(json.dumps(message).encode())

    async def _heard(self) -> list[dict[str, Any]]:
        while self.connection.busy:  # noqa: ASYNC110  a door has no event for tests
            await asyncio.sleep(0)
        stream = b""
        while frames := self.connection.outbox.take():
            stream += b"".join(frames)
        return [json.loads(payload) for opcode, payload in payloads(stream) if opcode == 1]


class WebSocketTypes(WebSocket):
    """The message types of their own that some commands have."""

    def message(self, wish: Wish) -> dict[str, Any]:
        moment = {"at": wish.at} if wish.at is not None else {}
        match wish.name:
            case "set_parameter":
                return {"type": "parameter_change", "data": {**wish.args, **moment}}
            case "generate":
                return {"type": "generation_request", "data": {**wish.args, **moment}}
        return super().message(wish)


class Osc:
    """`/musearoo/request` of a paired device."""

    device: Device

    async def open(self, place: House, actor: Actor, token: str, project: ProjectId) -> None:
        self.stage = Stage(place)
        self.device = await self.stage.paired(actor, project)

    async def send(self, wish: Wish) -> Answer:
        moment = (wish.at,) if wish.at is not None else ()
        self.device.heard.clear()
        self.device.send("/musearoo/request", wish.id, wish.name, json.dumps(wish.args), *moment)
        await self.stage.until(lambda: bool(self._answers(wish)), f"an answer to {wish}")
        address, values = self._answers(wish)[0]
        if address == "/musearoo/ack":
            return Answer(ack=_bare(json.loads(str(values[2]))))
        return Answer(refused=str(values[0]).replace("_", "-"))

    async def close(self) -> None:
        self.stage.door.close()

    def _answers(self, wish: Wish) -> list[tuple[str, tuple[Any, ...]]]:
        told = {"/musearoo/ack", "/musearoo/error"}
        heard = [(each.address, each.arguments) for each in self.device.heard]
        return [each for each in heard if each[0] in told and wish.id in each[1]]


def _bare(ack: Mapping[str, Any]) -> dict[str, Any]:
    """An acknowledgement without what is at its default; the epoch is another in each house."""
    empty: tuple[Any, ...] = (None, [], "")
    return {name: value for name, value in ack.items() if value not in empty and name != "epoch"}


DOORS: Mapping[str, Callable[[], Door]] = {
    "rest": Rest,
    "websocket": WebSocket,
    "websocket types": WebSocketTypes,
    "osc": Osc,
}
