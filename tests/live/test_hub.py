"""The hub: several devices use Live through us, and each hears what is for it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from musearoo.domain.errors import InvalidValue, TooManyRequests, Unavailable
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.hub import MAXIMUM_WAITING, Hub
from musearoo.ports.hub import Deliver
from tests.live.conftest import A_LOOK, Stage, here, linked
from tests.waiting import until

Heard = list[tuple[str, tuple[Any, ...]]]


@contextlib.asynccontextmanager
async def hub(stage: Stage) -> AsyncIterator[tuple[AbletonOscLink, Hub, dict[str, Heard]]]:
    """A hub with three devices."""
    async with linked(stage) as (link, _):
        made = Hub(link, clock=stage.time, spawn=link._spawn)
        heard: dict[str, Heard] = {"one": [], "two": [], "three": []}
        for name, kept in heard.items():
            made.join(name, _keeping(kept))
        await here(link)
        yield link, made, heard


def _keeping(kept: Heard) -> Deliver:
    return lambda address, values: kept.append((address, values))


async def test_answers_go_to_who_asked(stage: Stage) -> None:
    """A question is answered to its device, once, and our own questions to none."""
    stage.start()
    async with hub(stage) as (_, made, heard):
        made.forward("one", "/live/track/get/name", (1,))
        made.forward("two", "/live/song/get/tempo", ("req-77",))
        await until(lambda: heard["one"] and heard["two"])
        await stage.time.sleep(A_LOOK)  # our own look at everything
        assert heard["one"] == [("/live/track/get/name", (1, "2-MIDI"))]
        ((address, values),) = heard["two"]
        assert (address, values[0]) == ("/live/song/get/tempo", 120.0)
        assert heard["three"] == []


async def test_each_listens_for_itself(stage: Stage) -> None:
    """Two devices listen, one stops: the other goes on hearing, and so do we."""
    live = stage.start()
    async with hub(stage) as (link, made, heard):
        for name in ("one", "two"):
            made.forward(name, "/live/song/start_listen/tempo", ())
            made.forward(name, "/live/song/start_listen/metronome", ())
        await until(lambda: len(heard["one"]) >= 2 and len(heard["two"]) >= 2)
        made.forward("one", "/live/song/stop_listen/tempo", ())
        made.forward("one", "/live/song/stop_listen/metronome", ())
        before = len(heard["one"])
        live.do(lambda: setattr(live.song, "tempo", 99.0))
        live.do(lambda: setattr(live.song, "metronome", True))
        await until(lambda: ("/live/song/get/tempo", (99.0,)) in heard["two"])
        await until(lambda: ("/live/song/get/metronome", (True,)) in heard["two"])
        assert len(heard["one"]) == before
        made.leave("two")
        live.do(lambda: setattr(live.song, "tempo", 98.0))
        await until(lambda: link.mirror.tempo == 98.0)


async def test_listeners_survive_a_restart(stage: Stage) -> None:
    """After Live restarted a device goes on hearing what it listened to."""
    stage.start()
    async with hub(stage) as (link, made, heard):
        made.forward("one", "/live/song/start_listen/metronome", ())
        await until(lambda: heard["one"])
        live = stage.start()
        await until(lambda: ("/live/startup", ()) in heard["one"])
        await here(link)
        await stage.time.sleep(0.5)
        live.do(lambda: setattr(live.song, "metronome", True))
        await until(lambda: ("/live/song/get/metronome", (True,)) in heard["one"])


async def test_what_devices_may_not(stage: Stage) -> None:
    """Foreign addresses and AbletonOSC's own switches are refused; so is a flood."""
    stage.start()
    async with hub(stage) as (_, made, _heard):
        for address in ("/musearoo/undo", "/live/api/reload", "/live/error"):
            with pytest.raises(InvalidValue):
                made.forward("one", address, ())
        with pytest.raises(InvalidValue):
            made.forward("one", "/live/song/set/tempo", (object(),))
        for _ in range(MAXIMUM_WAITING):
            made.forward("one", "/live/test", ())
        with pytest.raises(TooManyRequests):
            made.forward("one", "/live/test", ())


async def test_without_live(stage: Stage) -> None:
    """While Live is away devices are told so."""
    async with linked(stage) as (link, _):
        made = Hub(link, clock=stage.time, spawn=link._spawn)
        made.join("one", lambda _address, _values: None)
        with pytest.raises(Unavailable):
            made.forward("one", "/live/song/get/tempo", ())
