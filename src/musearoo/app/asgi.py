"""The server as an ASGI application, for servers other than `musearoo serve`.

    uvicorn musearoo.app.asgi:app        hypercorn musearoo.app.asgi:app

One process: the owner of a session is in memory. REST and the WebSocket are here; OSC and
Ableton Live need `musearoo serve`. Settings come from the environment.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from musearoo.app.compose import running
from musearoo.app.metrics import Metrics
from musearoo.app.serve import rest_options, ws_options
from musearoo.app.settings import Settings
from musearoo.protocols.ws.asgi import App, Receive, Scope, Send, WithRoom
from musearoo.protocols.ws.door import Door

log = structlog.get_logger(__name__)


class Application:
    """Built when the server's lifespan begins, closed when it ends."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._doors: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of ASGI 3."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._doors is None:
            raise RuntimeError("This application needs a server that runs ASGI's lifespan.")
        else:
            await self._doors(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._opened():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as failure:
            if self._doors is None:
                log.exception("server.not_started")
                await send({"type": "lifespan.startup.failed", "message": str(failure)})
            else:
                log.exception("server.not_closed")
                await send({"type": "lifespan.shutdown.failed", "message": str(failure)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        settings = self._settings or Settings()  # type: ignore[call-arg]  # all have defaults
        async with running(settings) as graph:
            from musearoo.protocols.rest.app import create_app  # noqa: PLC0415  (loads slowly)

            rest = await asyncio.to_thread(
                create_app, graph.conductor, rest_options(graph, Metrics(graph))
            )
            door = Door(graph.conductor, ws_options(settings))
            door.start()
            self._doors = WithRoom(rest, door)
            try:
                yield
            finally:
                door.close()


app: Final = Application()
