"""The OSC door of a running server: opened beside HTTP, or told why not."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

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

_LOOPBACK_6 = "::1"

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def osc_door(graph: Graph, app: ASGIApp, http_port: int) -> AsyncIterator[ASGIApp]:
    """Answer OSC while the block runs; gives `app` with OSCQuery in front of it.

    A second server on this machine works all the same, only without OSC.
    """
    settings, world = graph.settings, graph.conductor.world
    door = Door(graph.conductor, OscOptions(local_mode=settings.local_mode))
    opened = partial(open_endpoint, door, clock=world.clock, spawn=world.spawn)
    try:
        endpoint = await opened(host=settings.osc_host, port=settings.osc_port)
    except Unavailable as refusal:
        log.warning("osc.unavailable", reason=f"{refusal.detail} The server runs without OSC.")
        yield app
        return
    query = OscQuery(app, door, QueryOptions(settings.hosts, http_port, endpoint.port))
    twin = await _twin(opened, settings.osc_host, endpoint.port)
    ways = _Ways(endpoint, twin, query)
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
        if twin is not None:
            await twin.close()


async def _twin(
    opened: Callable[..., Awaitable[Endpoint]], host: str, port: int
) -> Endpoint | None:
    """The same port on `::1`, which is what many programs make of "localhost".

    A datagram to a port that nobody reads is lost without a word.
    """
    if host not in {"127.0.0.1", "localhost"}:
        return None
    try:
        return await opened(host=_LOOPBACK_6, port=port)
    except Unavailable:  # no IPv6 here, or taken there
        return None


def _announced(
    settings: Settings, http_port: int, osc_port: int
) -> contextlib.AbstractAsyncContextManager[bool | None]:
    if not settings.mdns:
        return contextlib.nullcontext()
    name = f"MuseAroo on {socket.gethostname().partition('.')[0]}"
    return announced(name, host=settings.osc_host, http_port=http_port, osc_port=osc_port)


class _Ways:
    """Answers go out the way their source came in."""

    def __init__(self, endpoint: Endpoint, twin: Endpoint | None, query: OscQuery) -> None:
        self._endpoint = endpoint
        self._twin = twin or endpoint
        self._query = query

    def send(self, source: Source, packet: bytes) -> bool:
        return self._of(source).send(source, packet)

    def drop(self, source: Source) -> None:
        self._of(source).drop(source)

    def _of(self, source: Source) -> Endpoint | OscQuery:
        if source.transport == "ws":
            return self._query
        return self._twin if source.host == _LOOPBACK_6 else self._endpoint
