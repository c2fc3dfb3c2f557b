"""A session and a clock outside that answers late: neither overwrites the other, nor itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from musearoo.domain.events import MeterSet, Sequenced
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.live.echoes import ECHO_SECONDS
from musearoo.live.link import Listener, Mirror, Report, SignatureReported
from musearoo.live.time_bridge import TimeBridge
from tests.doubles.clock import SteppedClock
from tests.doubles.house import House, house
from tests.waiting import until

THERE = Mirror(
    presence="here", version="1", tempo=71.0, numerator=5, denominator=4, root=4, scale="Major",
    playing=False, beat=0.0,
)  # fmt: skip


class LateLive:
    """Implements `live.link.TimeLink`: does what it is asked when the test says so."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.asked: list[tuple[Any, ...]] = []
        self.may = asyncio.Event()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, report: Report, **mirror: Any) -> None:
        self.mirror = replace(self.mirror, **mirror)
        for each in self._listeners:
            each(report)

    async def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        await self.may.wait()

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def set_tempo(self, bpm: float) -> None:
        await self._ask("tempo", bpm)

    async def set_signature(self, numerator: int, denominator: int) -> None:
        await self._ask("meter", numerator, denominator)

    async def set_key(self, root: int, scale: str) -> None:
        await self._ask("key", root, scale)

    async def play(self, beat: float | None = None) -> None:
        await self._ask("play", beat)

    async def stop(self) -> None:
        await self._ask("stop")

    async def locate(self, beat: float) -> None:
        await self._ask("locate", beat)


@dataclass
class Room:
    place: House
    ada: Actor
    project: ProjectId
    live: LateLive
    events: list[Sequenced]


def slow_to_answer(place: House) -> None:
    """As where rights are looked up in a store far away."""
    desk = place.conductor.desk
    submit = desk.submit

    async def late(*given: Any, **named: Any) -> Any:
        await asyncio.sleep(0.05)
        return await submit(*given, **named)

    desk.submit = late  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def room(folder: Path, mirror: Mirror, clock: SteppedClock) -> AsyncIterator[Room]:
    """A session that Live is bound to, whose requests take a while."""
    async with house(folder, clock=clock) as place:
        slow_to_answer(place)
        live = LateLive(mirror)
        bridge = TimeBridge(live, place.conductor, name="live")
        ada = await place.person("ada")
        project = await place.project(ada)
        events: list[Sequenced] = []
        place.world.bus.subscribe(SessionId(project), events.extend)
        await bridge.open()
        await bridge.bind(ada, SessionId(project))
        try:
            yield Room(place, ada, project, live, events)
        finally:
            await bridge.close()


async def test_live_is_not_set_to_what_the_session_never_was(tmp_path: Path) -> None:
    """A new session takes tempo, meter and key of Live, and does not first put its own there."""
    async with room(tmp_path, THERE, SteppedClock()) as on:
        await until(lambda: len(on.events) == 3, lambda: str(on.events))
        state = (await on.place.conductor.sessions.open(SessionId(on.project))).state
        assert (state.tempo_map.bpm, state.meter.name, state.key.tonic) == (71.0, "5/4", 4)
        assert on.live.asked == []


async def test_what_live_says_of_a_request_is_no_wish_however_late(tmp_path: Path) -> None:
    """A Live whose menu is open for seconds does it after that: still nobody's hand."""
    clock = SteppedClock()
    mirror = replace(THERE, tempo=120.0, numerator=4, root=0)
    async with room(tmp_path, mirror, clock) as on:
        await on.place.do(
            on.ada, on.project, "set_parameter", {"path": "session/meter", "value": "6/8"}
        )
        await until(lambda: on.live.asked == [("meter", 6, 8)], lambda: str(on.live.asked))
        await clock.advance(2 * ECHO_SECONDS)
        on.live.tell(SignatureReported(6, 4), numerator=6)
        on.live.tell(SignatureReported(6, 8), denominator=8)
        on.live.may.set()
        # A hand's own wish after it is heard, so what came before it was too.
        on.live.tell(SignatureReported(3, 8), numerator=3)
        await until(lambda: len(on.events) > 1, lambda: str(on.events))
        told = [each.event.meter.name for each in on.events if isinstance(each.event, MeterSet)]
        assert told == ["6/8", "3/8"]


async def test_a_stop_reaches_a_live_that_has_not_told_that_it_plays(tmp_path: Path) -> None:
    """Play and stop in quick succession: the stop is not lost because the start is no news yet."""
    mirror = replace(THERE, tempo=120.0, numerator=4, root=0)
    async with room(tmp_path, mirror, SteppedClock()) as on:
        on.live.may.set()
        await on.place.do(on.ada, on.project, "transport", {"action": "play"})
        await until(lambda: on.live.asked, "the start in Live")
        await on.place.do(on.ada, on.project, "transport", {"action": "stop"})
        await until(lambda: len(on.live.asked) > 1, lambda: str(on.live.asked))
        assert [what for what, *_ in on.live.asked] == ["play", "stop"]
