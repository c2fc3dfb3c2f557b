"""The OSC door of a running server: opened beside HTTP, or told why not."""

import contextlib
from collections.abc import AsyncIterator

import structlog

from musearoo.app.compose import Graph
from musearoo.domain.errors import Unavailable
from musearoo.protocols.osc.door import Door
from musearoo.protocols.osc.endpoint import open_endpoint
from musearoo.protocols.osc.options import OscOptions

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def osc_door(graph: Graph) -> AsyncIterator[Door | None]:
    """Answer OSC while the block runs; None where the port is taken.

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
        yield None
        return
    door.start(endpoint.send, endpoint.drop, (endpoint.host, endpoint.port))
    log.info("osc.ready", host=endpoint.host, port=endpoint.port)
    if not settings.local_mode:
        log.warning("osc.reachable", host=endpoint.host, note="Only paired devices are answered.")
    try:
        yield door
    finally:
        door.close()
        await endpoint.close()
