"""People who go on playing on a bad network: one speaks the protocol by hand, one by the client."""

import asyncio
import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import websockets

from musearoo.client import Account, ClientError, Happening, Options, Session
from musearoo.codecs.ws import ChatMessage, Incoming, Notice, Welcome
from musearoo.codecs.ws.incoming import ChatData
from musearoo.codecs.ws.outgoing import AckData
from musearoo.domain.events import Sequenced
from tests.flow.ws_client import Live

PATHS = ("drums/complexity", "drums/intensity", "bass/complexity")


class ByHand:
    """Keeps what it sent until it is answered, and sends it again if need be."""

    def __init__(self, name: str, live: Live, chance: Random) -> None:
        self.name = name
        self.live = live
        self.chance = chance
        self.outbox: dict[str, tuple[str, dict[str, Any]]] = {}
        self.sent = 0
        self.resumed = 0
        self.undone: dict[str, str] = {}
        self._settled = 0

    async def play(self, done: asyncio.Event) -> None:
        while not done.is_set() or self.outbox:
            try:
                await self._connected(done)
            except (OSError, websockets.WebSocketException, TimeoutError, AssertionError):
                await asyncio.sleep(self.chance.uniform(0.01, 0.05))

    async def _connected(self, done: asyncio.Event) -> None:
        live = self.live
        async with asyncio.timeout(5):
            await (live.resume() if live.epoch else live.join())
        self.resumed += live.welcome["resumed"]
        for message_id, (type_, data) in list(self.outbox.items()):
            await live.send(type_, data, message_id=message_id)
        while not done.is_set() or self.outbox:
            self._settle()
            if not done.is_set():
                await self._say()
            assert live.socket is not None
            if live.socket.state is not websockets.protocol.State.OPEN:
                await live.ended()
                return
            await asyncio.sleep(self.chance.uniform(0.005, 0.02))
        self._settle()

    async def _say(self) -> None:
        self.sent += 1
        message_id = f"{self.name}:{self.sent}"
        if self.chance.random() < 0.3:
            entry: tuple[str, dict[str, Any]] = ("chat_message", {"text": f"says {message_id}"})
        else:
            value = round(self.chance.random(), 3)
            entry = "parameter_change", {"path": self.chance.choice(PATHS), "value": value}
        self.outbox[message_id] = entry
        await self.live.send(entry[0], entry[1], message_id=message_id)

    def _settle(self) -> None:
        for message in self.live.messages[self._settled :]:
            held = self.outbox.pop(message.get("cause") or "", None) if answers(message) else None
            if held is not None and message["type"] != "ack":
                self.undone[message["cause"]] = message["data"]["code"]
        self._settled = len(self.live.messages)

    def jumps(self) -> list[tuple[int, int]]:
        """From where to where this client was given the state instead of what it had missed."""
        found: list[tuple[int, int]] = []
        reached: int | None = None
        for message in self.live.messages:
            if message["type"] == "welcome" and not message["data"]["resumed"]:
                if reached is not None:
                    found.append((reached, message["data"]["seq"]))
                reached = message["data"]["seq"]
            reached = message.get("seq", reached)
        return found

    def folded(self) -> dict[str, Any]:
        """What this client believes the parameters to be."""
        values: dict[str, Any] = {}
        for message in self.live.messages:
            if message["type"] == "welcome" and "state" in message["data"]:
                values = dict(message["data"]["state"]["parameters"])
            elif message["type"] == "parameter_change":
                values[message["data"]["path"]] = message["data"]["value"]
        return values


class Noting(Session):
    """A session that notes the ids of its messages, and what became of those without an event.

    `jumps` is from where to where it was given the state instead of what it had missed.
    """

    def __init__(self, account: Account, session: str, options: Options) -> None:
        super().__init__(account, session, options)
        self.ids: list[str] = []
        self.undone: dict[str, str] = {}
        self.jumps: list[tuple[int, int]] = []
        self._reached: int | None = None

    def entered(self, welcome: Welcome) -> None:
        if not welcome.data.resumed and self._reached is not None:
            self.jumps.append((self._reached, welcome.data.seq))
        self._reached = self.seq
        super().entered(welcome)

    async def post(
        self, message: Incoming, records: bytes | None = None
    ) -> asyncio.Future[AckData]:
        named = message.message_id or f"{self.connection}:{self.next_number()}"
        message = msgspec.structs.replace(message, message_id=named)
        self.ids.append(named)
        answer = await super().post(message, records)

        def answered(future: asyncio.Future[AckData]) -> None:
            failure = None if future.cancelled() else future.exception()
            if failure is not None:
                self.undone[named] = getattr(failure, "code", repr(failure))

        answer.add_done_callback(answered)
        return answer

    def happened(self, happening: Happening) -> None:
        if isinstance(happening, Notice) and happening.cause is not None:
            self.undone[happening.cause] = happening.data.code
        self._reached = self.seq
        super().happened(happening)


class ByClient:
    """The client of the package; `heard` are its events, in order."""

    def __init__(self, account: Account, project: str, options: Options, chance: Random) -> None:
        self.account = account
        self.project = project
        self.options = options
        self.chance = chance
        self.heard: list[Sequenced] = []
        self.answers: list[asyncio.Future[AckData]] = []
        self.began = 0
        self.live: Noting | None = None
        self.failure: ClientError | None = None

    async def play(self, done: asyncio.Event, over: asyncio.Event) -> None:
        """Play until `done`, and stay until `over`."""
        for _ in range(200):
            with contextlib.suppress(ClientError):
                async with Noting(self.account, self.project, self.options) as live:
                    await self._inside(live, done, over)
                return
            await asyncio.sleep(0.05)

    async def _inside(self, live: Noting, done: asyncio.Event, over: asyncio.Event) -> None:
        events, self.began, self.live = live.events(), live.seq, live
        listening = asyncio.create_task(self._listen(events))
        try:
            while not done.is_set():
                await self._say(live)
                await asyncio.sleep(self.chance.uniform(0.005, 0.02))
            await over.wait()
        except ClientError as failure:
            self.failure = failure
            await over.wait()
        finally:
            events.close()
            await listening

    async def _listen(self, events: Any) -> None:
        with contextlib.suppress(ClientError):
            async for event in events:
                self.heard.append(event)

    async def _say(self, live: Noting) -> None:
        if self.chance.random() < 0.3:
            message = ChatMessage(data=ChatData(text=f"says {len(self.answers)}"))
            self.answers.append(await live.post(message))
        else:
            path, value = self.chance.choice(PATHS), round(self.chance.random(), 3)
            self.answers.append(await live.post_change(path, value))


def answers(message: dict[str, Any]) -> bool:
    """Whether a message settles another; one that a later value replaced is settled by a notice."""
    if message["type"] == "notice":
        return message["data"]["code"] == "coalesced"
    return message["type"] in {"ack", "error"}


async def until(what: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
