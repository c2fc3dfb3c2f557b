"""A client of the live room for tests: the public protocol over the `websockets` library."""

import asyncio
import contextlib
import json
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from tests.waiting import PATIENCE


class Live:
    """One client; `messages` is everything it was told, in order."""

    def __init__(self, url: str, http: httpx.Client, project: str) -> None:
        self.url = url.replace("http", "ws", 1) + "/api/v3/ws"
        self.http = http
        self.project = project
        self.socket: ClientConnection | None = None
        self.messages: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}
        self.token: str | None = None
        self.epoch = ""
        self.last_seq = 0
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def ticket(self) -> str:
        answer = await asyncio.to_thread(
            self.http.post, "/api/v3/ws-tickets", json={"session_id": self.project}
        )
        secret: str = answer.json()["ticket"]
        return secret

    async def join(self, proof: dict[str, Any] | None = None, **options: Any) -> "Live":
        """Connect with a ticket, or resume with what the last connection left."""
        data = proof or {"ticket": await self.ticket()}
        if self.epoch:
            data |= {"epoch": self.epoch, "last_seq": self.last_seq}
        self.socket = await websockets.connect(
            self.url,
            subprotocols=[Subprotocol("musearoo.v3.json")],
            compression=None,
            open_timeout=PATIENCE,
            **options,
        )
        await self.send("session_join", data, message_id="join")
        first = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        if first["type"] != "welcome":
            raise AssertionError(first)
        self._take(first)
        self._reader = asyncio.create_task(self._read(self.socket))
        return self

    async def resume(self) -> "Live":
        """Come back with the resume token, or with a ticket if it is no longer taken."""
        try:
            return await self.join({"resume_token": self.token})
        except (AssertionError, websockets.WebSocketException):
            return await self.join()

    async def send(self, type_: str, data: dict[str, Any] | None = None, **more: Any) -> None:
        assert self.socket is not None
        body = {"type": type_, **({"data": data} if data is not None else {}), **more}
        await self.socket.send(json.dumps(body))

    async def until(self, wanted: Any, seconds: float = PATIENCE) -> dict[str, Any]:
        """The first message for which `wanted` holds; waits for it."""
        try:
            async with asyncio.timeout(seconds):
                at = 0
                while True:
                    while at < len(self.messages):
                        if wanted(self.messages[at]):
                            return self.messages[at]
                        at += 1
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            last = self.messages[-3:]
            raise AssertionError(f"it did not come in {seconds:g} s; last came {last}") from None

    async def answered(self, message_id: str) -> dict[str, Any]:
        return await self.until(
            lambda m: m["type"] in {"ack", "error"} and m.get("cause") == message_id
        )

    def events(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if "seq" in message]

    async def cut(self) -> None:
        """Vanish without a goodbye."""
        assert self.socket is not None
        self.socket.transport.abort()
        await self.ended()

    async def close(self) -> None:
        assert self.socket is not None
        await self.socket.close()
        await self.ended()

    async def ended(self) -> None:
        if self._reader is not None:
            done, _ = await asyncio.wait([self._reader], timeout=PATIENCE)
            assert done, "the server does not hang up"
            self._reader.exception()  # a broken socket is an end too

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                self._take(json.loads(await socket.recv()))
        self._news.set()

    def _take(self, message: dict[str, Any]) -> None:
        data = message.get("data", {})
        if message["type"] == "welcome":
            self.welcome, self.token = data, data["resume_token"]
            if not data["resumed"]:
                self.last_seq = data["seq"]
            self.epoch = data["epoch"]
        if message.get("seq", 0) > self.last_seq:
            self.last_seq = message["seq"]
        self.messages.append(message)
        self._news.set()
