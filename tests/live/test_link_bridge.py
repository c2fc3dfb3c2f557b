"""A session in Ableton Link: it leads the others or follows them, without echo.

The other peer is Link itself, in this process; ours runs in its own, as in the product.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from musearoo.domain.commands import Command, parse_act
from musearoo.domain.errors import Unavailable
from musearoo.domain.events import Sequenced, TempoSet, TransportChanged
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState
from musearoo.live.ableton_link.peer import LinkPeer, Request
from musearoo.live.ableton_link.time_link import LinkTime
from musearoo.live.time_bridge import TimeBridge
from tests.doubles.house import ORIGIN, House, house
from tests.doubles.link_network import link_network
from tests.waiting import until


@pytest.fixture(autouse=True, scope="module")
def network() -> Iterator[None]:
    with link_network():
        yield


@dataclass
class Room:
    place: House
    ada: Actor
    project: ProjectId
    way: LinkTime
    other: LinkPeer
    events: list[Sequenced]

    async def do(self, name: str, **args: Any) -> None:
        session = SessionId(self.project)
        command = Command(session=session, actor=self.ada, act=parse_act(name, args), origin=ORIGIN)
        await self.place.conductor.desk.submit(command)

    async def state(self) -> SessionState:
        return (await self.place.conductor.sessions.open(SessionId(self.project))).state

    def told(self, kind: type) -> list[Sequenced]:
        return [each for each in self.events if isinstance(each.event, kind)]


@contextlib.asynccontextmanager
async def room(folder: Path) -> AsyncIterator[Room]:
    async with house(folder) as place:
        other = LinkPeer(120.0)
        way = LinkTime(place.world.clock, place.world.spawn)
        bridge = TimeBridge(way, place.conductor, name="link")
        ada = await place.person("ada")
        project = await place.project(ada)
        events: list[Sequenced] = []
        place.world.bus.subscribe(SessionId(project), events.extend)
        await bridge.open()
        try:
            await bridge.bind(ada, SessionId(project))
            await until(lambda: way.mirror.version == "1 peers")
            await asyncio.sleep(0.1)
            events.clear()
            yield Room(place, ada, project, way, other, events)
        finally:
            await bridge.close()
            del other


async def test_the_session_leads_tempo_and_start(tmp_path: Path) -> None:
    """What is set in the session is what the other peers play to, and comes back as nothing."""
    async with room(tmp_path) as on:
        await on.do("set_parameter", path="session/tempo", value=97.5)
        await until(lambda: on.other.report().tempo == 97.5)
        await on.do("transport", action="play")
        await until(lambda: on.other.report().playing)
        await on.do("transport", action="stop")
        await until(lambda: not on.other.report().playing)
        await asyncio.sleep(1.2)
        assert [TempoSet, TransportChanged, TransportChanged] == [
            type(each.event) for each in on.events
        ]


async def test_another_peer_asks_a_session_that_leads(tmp_path: Path) -> None:
    """A tempo set elsewhere becomes the session's, once, for the person who opened it."""
    async with room(tmp_path) as on:
        on.other.carry_out(Request(tempo=141.0))
        await until(lambda: on.told(TempoSet))
        await asyncio.sleep(1.2)
        assert 141.0 == (await on.state()).tempo_map.bpm
        assert [on.ada.user] == [each.user for each in on.events]


async def test_link_leads_when_it_is_chosen(tmp_path: Path) -> None:
    """Tempo, start and place come from Link; what a person wants is asked of it."""
    async with room(tmp_path) as on:
        await on.do("set_clock_source", source="link")
        on.other.carry_out(Request(tempo=132.0))
        await until(lambda: on.told(TempoSet))
        on.other.carry_out(Request(playing=True, beat=0.0))
        await until(lambda: on.told(TransportChanged))

        async def agree() -> bool:
            theirs = on.other.report()
            ours = (await on.state()).tick_at(theirs.at) / 960
            return (ours - theirs.beat + 0.15) % 4 < 0.3

        await until(agree, "the same place at the same time")
        await on.do("set_parameter", path="session/tempo", value=90.0)
        await until(lambda: on.other.report().tempo == 90.0)

        async def is_told() -> bool:
            return (await on.state()).tempo_map.bpm == 90.0

        await until(is_told, "Link's own report of it")


async def test_a_link_process_that_died_leads_nobody(tmp_path: Path) -> None:
    """Whoever asks a Link that is gone is told what to do."""
    async with room(tmp_path) as on:
        await on.do("set_clock_source", source="link")
        await on.way.close()
        with pytest.raises(Unavailable, match="Link"):
            await on.do("set_parameter", path="session/tempo", value=90.0)
