"""The OSC door of a running server: opened beside HTTP, or told why not."""

import contextlib
import socket
from collections.abc import AsyncIterator

import structlog
from starlette.types import ASGIApp

from musearoo.app.announcing import announced
from musearoo.app.compose import Graph
from musearoo.app.settings import Settings, is_loopback
from musearoo.domain.errors import Unavailable
from musearoo.ports.osc import Source
from musearoo.protocols.osc.door import Door
from musearoo.protocols.osc.endpoint import Endpoint, open_endpoint
from musearoo.protocols.osc.options import OscOptions
from musearoo.protocols.osc.query import OscQuery, QueryOptions

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def osc_door(graph: Graph, app: ASGIApp, http_port: int) -> AsyncIterator[ASGIApp]:
    """Answer OSC while the block runs; gives `app` with OSCQuery in front of it.

    A second server on this machine works all the same, only without OSC.
    """
    settings, world = graph.settings, graph.conductor.world
    door = Door(graph.conductor, OscOptions(local_mode=settings.local_mode))
    try:
        endpoint = await open_endpoint(
            door,
            host=settings.osc_host,
            port=settings.osc_port,
            clock=world.clock,
            spawn=world.spawn,
        )
    except Unavailable as refusal:
        log.warning("osc.unavailable", reason=f"{refusal.detail} The server runs without OSC.")
        yield app
        return
    query = OscQuery(app, door, QueryOptions(settings.hosts, http_port, endpoint.port))
    ways = _Ways(endpoint, query)
    door.start(ways.send, ways.drop, (endpoint.host, endpoint.port))
    log.info("osc.ready", host=endpoint.host, port=endpoint.port)
    if not is_loopback(settings.osc_host):
        log.warning("osc.reachable", host=endpoint.host, note="Only paired devices are answered.")
    try:
        async with _announced(settings, http_port, endpoint.port):
            yield query
    finally:
        door.close()
        await endpoint.close()


def _announced(
    settings: Settings, http_port: int, osc_port: int
) -> contextlib.AbstractAsyncContextManager[bool | None]:
    if not settings.mdns:
        return contextlib.nullcontext()
    http = None if is_loopback(settings.host) else http_port
    name = f"MuseAroo on {socket.gethostname().partition('.')[0]}"
    return announced(name, host=settings.osc_host, http_port=http, osc_port=osc_port)


class _Ways:
    """Answers go out the way their source came in."""

    def __init__(self, endpoint: Endpoint, query: OscQuery) -> None:
        self._endpoint = endpoint
        self._query = query

    def send(self, source: Source, packet: bytes) -> bool:
        return self._of(source).send(source, packet)

    def drop(self, source: Source) -> None:
        self._of(source).drop(source)

    def _of(self, source: Source) -> Endpoint | OscQuery:
        return self._query if source.transport == "ws" else self._endpoint
