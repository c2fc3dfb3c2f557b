"""A door for the OSC transport that keeps what it is given, and waits for it."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Message, OscRefused
from musearoo.ports.ambient import Clock
from musearoo.protocols.osc.endpoint import Endpoint, open_endpoint
from musearoo.protocols.osc.source import Source
from musearoo.security.ambient import SystemClock


class Recorder:
    """Implements `Receiver`; `admits` may be changed at any time."""

    def __init__(self) -> None:
        self.admits = True
        self.acts: list[tuple[Source, tuple[Message, ...]]] = []
        self.refusals: list[tuple[Source, OscRefused]] = []
        self.gone: list[Source] = []
        self.on_receive: Callable[[Source, tuple[Message, ...]], Any] = lambda _s, _m: None

    @property
    def addresses(self) -> list[str]:
        return [message.address for _, messages in self.acts for message in messages]

    @property
    def sources(self) -> list[Source]:
        return [source for source, _ in self.acts]

    def admit(self, source: Source, packet: bytes) -> bool:
        return self.admits

    def receive(self, source: Source, messages: tuple[Message, ...]) -> None:
        self.acts.append((source, messages))
        self.on_receive(source, messages)

    def refused(self, source: Source, refusal: OscRefused) -> None:
        self.refusals.append((source, refusal))

    def closed(self, source: Source) -> None:
        self.gone.append(source)


@asynccontextmanager
async def listening(receiver: Recorder, clock: Clock | None = None, host: str = "127.0.0.1"):
    """An endpoint on a free port."""
    tasks = Tasks()
    endpoint = await open_endpoint(
        receiver, host=host, port=0, clock=clock or SystemClock(), spawn=tasks
    )
    try:
        yield endpoint
    finally:
        await close(endpoint, tasks)


async def close(endpoint: Endpoint, tasks: Tasks) -> None:
    await endpoint.close()
    await tasks.close()
    await asyncio.sleep(0.01)  # the sockets close in the turns after this one
