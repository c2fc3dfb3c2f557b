"""The hub to AbletonOSC at its bounds: what devices hold never stands in the bridge's way."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from musearoo.codecs.osc import Message
from musearoo.domain.errors import TooManyRequests
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.hub import MAXIMUM_LISTENED, MAXIMUM_WAITING, Hub
from musearoo.live.link import Listener, PresenceChanged
from tests.doubles.clock import SteppedClock, settle


class Link:
    """A link that only remembers what is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.listeners: list[Listener] = []
        self.tap: Callable[[Message], None] | None = None
        self.wire = SimpleNamespace(send=self.sent.append)
        self.mirror = SimpleNamespace(presence="here")

    def listen(self, listener: Listener) -> None:
        self.listeners.append(listener)


def spawn(work: Any, *, name: str) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work, name=name)


async def full(peers: int) -> tuple[Link, Hub, SteppedClock]:
    """A hub whose devices listen to as much as they may."""
    link, clock = Link(), SteppedClock()
    hub = Hub(cast("AbletonOscLink", link), clock=clock, spawn=spawn)
    for peer in range(peers):
        hub.join(str(peer), lambda _address, _arguments: None)
        for number in range(MAXIMUM_LISTENED):
            track = peer * MAXIMUM_LISTENED + number
            hub.forward(str(peer), "/live/track/start_listen/volume", (track,))
        await clock.advance(1)
    return link, hub, clock


async def test_all_is_listened_to_again_after_a_restart_however_much() -> None:
    """More listeners than may wait at a time: a restart asks for all of them again."""
    link, _, clock = await full(5)
    link.sent.clear()
    for listener in link.listeners:
        listener(PresenceChanged("here"))
    await clock.advance(3)
    assert len(set(link.sent)) == 5 * MAXIMUM_LISTENED > MAXIMUM_WAITING


async def test_a_device_that_leaves_stops_what_it_heard_while_much_waits() -> None:
    """A full queue refuses what devices send, and none of what their leaving takes."""
    link, hub, clock = await full(2)
    for _ in range(MAXIMUM_WAITING):
        hub.forward("0", "/live/song/set/metronome", (1,))
    with pytest.raises(TooManyRequests):
        hub.forward("0", "/live/song/set/metronome", (1,))
    link.sent.clear()
    hub.leave("1")
    await settle()
    await clock.advance(3)
    stopped = [each for each in link.sent if "stop_listen" in each.address]
    assert len(stopped) == MAXIMUM_LISTENED
