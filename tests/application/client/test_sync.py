"""The client without `async`."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from musearoo.client import Ended, Refused, sync
from musearoo.codecs.ws import ChatMessage, CommandMessage, GenerationRequest, ParameterChange
from tests.application.client.stage import ROOM, Actor, Scene, Usher, changed, stage
from tests.waiting import PATIENCE


@contextmanager
def theatre(*scenes: Scene) -> Iterator[Usher]:
    """A stage in a thread of its own, and an account there."""
    opened, close = threading.Event(), asyncio.Event()
    ushers: list[Usher] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def play() -> None:
        async with stage(*scenes) as playing:
            ushers.append(playing.usher)
            loops.append(asyncio.get_running_loop())
            opened.set()
            await close.wait()

    thread = threading.Thread(target=asyncio.run, args=(play(),))
    thread.start()
    assert opened.wait(PATIENCE)
    try:
        yield ushers[0]
    finally:
        loops[0].call_soon_threadsafe(close.set)
        thread.join()


async def answering(actor: Actor) -> None:
    await actor.welcome()
    for seq, kind in enumerate((ParameterChange, CommandMessage, ChatMessage), 1):
        message = await actor.hear(kind)
        await actor.say(changed(seq, cause=message.message_id))
        await actor.ack(message, seq)
    await actor.refuse((await actor.hear(GenerationRequest)).message_id, "forbidden", "Not you.")
    await actor.rest()


def test_asking_and_hearing() -> None:
    """Calls wait for their answers; events come from an iterator that can end by itself."""
    with theatre(answering) as usher, sync.connect(account=usher, session=ROOM) as live:
        assert live.set("drums/complexity", 0.5) == 1
        events = live.events(timeout=0.3)
        assert live.command("undo") == 2
        assert live.chat("hi") == 3
        with pytest.raises(Refused, match="Not you"):
            live.generate("drummaroo")
        assert [2, 3] == [event.seq for event in events]
        assert live.live.seq == 3
        with pytest.raises(TimeoutError):
            live.do(lambda _: asyncio.sleep(5), timeout=0.05)


def test_the_end_of_the_session_ends_the_events() -> None:
    """A loop over events does not hang when there can be no more."""

    async def short(actor: Actor) -> None:
        await actor.welcome()
        await actor.say(changed(1))
        await asyncio.sleep(0.2)
        await actor.close(1000)

    with (
        theatre(short) as usher,
        sync.connect(account=usher, session=ROOM) as live,
        pytest.raises(Ended, match="closed"),
    ):
        list(live.events())


def test_refusals_at_the_door_come_out() -> None:
    """And the thread is gone."""

    async def forbidding(actor: Actor) -> None:
        await actor.hear()
        await actor.refuse(None, "forbidden", "Not yours.")
        await actor.close(4403)

    with (
        theatre(forbidding) as usher,
        pytest.raises(Refused, match="Not yours"),
        sync.connect(account=usher, session=ROOM),
    ):
        raise AssertionError
    assert not any(thread.name == "musearoo.client" for thread in threading.enumerate())
