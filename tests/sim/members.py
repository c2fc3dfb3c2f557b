"""People who play together at random: what they ask for, and what became of it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from musearoo.client.happenings import Happening
from musearoo.client.link import Options
from musearoo.client.refusals import ClientError, Refused
from musearoo.client.session import Session
from musearoo.codecs.ws import Incoming
from musearoo.codecs.ws.outgoing import AckData
from musearoo.domain.permissions import Actor
from tests.sim.studio import Town, Way

PATHS = ("drums/complexity", "drums/intensity", "drums/ghosts")


@dataclass
class Asked:
    """A message, and its answer once there was one."""

    kind: str
    message_id: str
    at: float
    answered_at: float | None = None
    ack: AckData | None = None
    refused: str | None = None


class Member(Session):
    """The client of the package, over the simulated network."""

    def __init__(self, town: Town, actor: Actor, chance: Random) -> None:
        self.way = Way(town, actor)
        self.actor = actor
        self.chance = chance
        self.town = town
        self.kind = ""
        self.asked: list[Asked] = []
        self.takes: list[str] = []
        self.generations: list[str] = []
        options = Options(binary=chance.random() < 0.4)
        super().__init__(self.way, town.session, options)  # type: ignore[arg-type]
        self._link.open_wire = self.way.open  # type: ignore[assignment]
        self._link.clock = asyncio.get_running_loop().time
        self._link.chance = chance.random

    async def post(
        self, message: Incoming, records: bytes | None = None
    ) -> asyncio.Future[AckData]:
        loop = asyncio.get_running_loop()
        if message.message_id is None:
            named = f"{self.connection}:{self.next_number()}"
            message = msgspec.structs.replace(message, message_id=named)
        asked = Asked(type(message).__name__, message.message_id or "", loop.time())
        answer = await super().post(message, records)
        self.asked.append(asked)

        def answered(future: asyncio.Future[AckData]) -> None:
            if future.cancelled():
                return
            asked.answered_at = loop.time()
            failure = future.exception()
            if isinstance(failure, Refused):
                asked.refused = failure.code
            elif failure is None:
                asked.ack = future.result()

        answer.add_done_callback(answered)
        return answer

    async def play(self, until: float) -> None:
        """Do something every now and then."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as doing:
            while loop.time() < until and self._failure is None:
                await asyncio.sleep(self.chance.expovariate(2.0))
                if loop.time() < until:
                    doing.create_task(self._something())

    async def _something(self) -> None:
        what = self.chance.choices(*zip(*_ACTS.items(), strict=True))[0]
        with contextlib.suppress(ClientError):
            await what(self)

    async def _parameter(self) -> None:
        path = self.chance.choice(PATHS)
        whole = path.endswith("ghosts")
        value = self.chance.randrange(8) if whole else round(self.chance.random(), 3)
        await self.set(path, value)

    async def _sweep(self) -> None:
        for step in range(6):
            await self.post_change("drums/complexity", step / 6)

    async def _tempo(self) -> None:
        await self.set("session/tempo", self.chance.randrange(60, 180))

    async def _form(self) -> None:
        await self.command("set_form", {"bars": self.chance.randrange(1, 9)})

    async def _say(self) -> None:
        await self.chat(f"{self.actor.user[-2:]} says {self.chance.randrange(1_000)}")

    async def _undo(self) -> None:
        await self.undo()

    async def _redo(self) -> None:
        await self.redo()

    async def _generate(self) -> None:
        ack = await self.generate("drummaroo", bars=self.chance.randrange(1, 4))
        self.takes.append(ack.take_id or "")
        self.generations.append(ack.generation_id or "")

    async def _draft(self) -> None:
        wish = {"engine": "drummaroo", "bars": 2, "draft": True}
        ack = await self.command("generate", wish)
        self.takes.append(ack.take_id or "")

    async def _cancel(self) -> None:
        if self.generations:
            await self.command("cancel_generation", {"generation_id": self.generations[-1]})

    async def _select(self) -> None:
        if self.takes:
            take = self.chance.choice(self.takes)
            await self.command("select_take", {"part": "drums", "take_id": take})

    async def _edit(self) -> None:
        note = {"id": "mine", "pitch": 40, "velocity": 9, "start": 0, "length": 100}
        await self.command("edit_notes", {"part": "drums", "put": [note]})

    async def _lock(self) -> None:
        await self.command(self.chance.choice(("lock", "unlock")), {"part": "drums", "bars": [1]})

    async def _transport(self) -> None:
        await self.command("transport", {"action": self.chance.choice(("play", "stop"))})

    async def _point(self) -> None:
        await self.cursor(self.chance.randrange(1, 9))

    async def _status(self) -> None:
        await self.presence(self.chance.choice(("active", "idle")))

    def happened(self, happening: Happening) -> None:
        super().happened(happening)


Act = Callable[[Member], Awaitable[Any]]
_ACTS: dict[Act, float] = {
    Member._parameter: 8, Member._sweep: 1, Member._tempo: 2, Member._form: 1, Member._say: 3,
    Member._undo: 4, Member._redo: 1, Member._generate: 1, Member._cancel: 0.3, Member._draft: 0.7,
    Member._select: 0.7, Member._edit: 0.5, Member._lock: 0.7, Member._transport: 1,
    Member._point: 0.7, Member._status: 0.3,
}  # fmt: skip
