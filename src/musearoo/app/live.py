"""The clocks outside that a running server goes with: Ableton Live and Ableton Link, if asked."""

import contextlib
from collections.abc import AsyncIterator

import structlog

from musearoo.app.compose import Graph
from musearoo.app.live_script import script_link
from musearoo.app.settings import Settings
from musearoo.conductor.accounts import LOCAL_OWNER
from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import Unavailable
from musearoo.live.ableton_link.time_link import LinkTime
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.bridge import LiveBridge
from musearoo.live.hub import Hub
from musearoo.live.time_bridge import TimeBridge
from musearoo.live.wire import Address

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def live_bridge(graph: Graph) -> AsyncIterator[None]:
    """Go together with Live while the block runs, if the settings want it.

    Where a port is taken the server runs all the same, only without Live.
    """
    settings, conductor = graph.settings, graph.conductor
    if settings.live == "off":
        yield
        return
    try:
        bridge = _bridge(settings, conductor)
        await bridge.open()
    except Unavailable as refusal:
        log.warning("live.unavailable", reason=f"{refusal.detail} The server runs without Live.")
        yield
        return
    log.info("live.ready", way=settings.live)
    try:
        yield
    finally:
        await bridge.close()


@contextlib.asynccontextmanager
async def link_bridge(graph: Graph) -> AsyncIterator[None]:
    """Take part in Ableton Link while the block runs, if the settings want it."""
    settings, world = graph.settings, graph.conductor.world
    if not settings.link:
        yield
        return
    way = LinkTime(world.clock, world.spawn)
    owner = settings.live_user or LOCAL_OWNER
    bridge = TimeBridge(way, graph.conductor, name="link", owner=owner)
    try:
        await bridge.open()
    except Unavailable as refusal:
        log.warning("link.unavailable", reason=refusal.detail)
        yield
        return
    log.info("link.ready")
    try:
        yield
    finally:
        await bridge.close()


def _bridge(settings: Settings, conductor: Conductor) -> LiveBridge:
    clock, spawn = conductor.world.clock, conductor.world.spawn
    tracks, owner = settings.track_names, settings.live_user or LOCAL_OWNER
    if settings.live == "script":
        script = script_link(settings, clock=clock, spawn=spawn)
        return LiveBridge(script, conductor, tracks=tracks, owner=owner)
    address = Address(settings.live_host, settings.live_port, settings.live_reply_port)
    link = AbletonOscLink(address, clock=clock, spawn=spawn)
    hub = Hub(link, clock=clock, spawn=spawn)
    return LiveBridge(link, conductor, tracks=tracks, hub=hub, owner=owner)
