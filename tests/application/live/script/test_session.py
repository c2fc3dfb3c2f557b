"""A session and a Live that go together by our script: the bridge over the script's link."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.domain.events import ClipLaunched, Event, Sequenced, TempoSet, TransportChanged
from musearoo.domain.ids import ProjectId, SessionId, TakeId
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState
from musearoo.live.bridge import LiveBridge
from musearoo.live.clips import clip_of
from tests.application.live.script.stage import Stage, in_live
from tests.doubles.fake_live.song import Song
from tests.doubles.house import House, house


@dataclass
class Gig:
    """A session with its Live."""

    stage: Stage
    place: House
    ada: Actor
    project: ProjectId
    bridge: LiveBridge
    song: Song
    events: list[Sequenced]

    async def do(self, name: str, **args: Any) -> Any:
        return await self.place.do(self.ada, self.project, name, args)

    async def state(self) -> SessionState:
        return (await self.place.conductor.sessions.open(SessionId(self.project))).state

    async def take(self, **args: Any) -> TakeId:
        record = await self.place.generated(self.ada, self.project, bars=4, **args)
        assert record.take is not None
        return record.take

    def told(self, kind: type[Event]) -> list[Any]:
        return [each.event for each in self.events if isinstance(each.event, kind)]

    def clip(self, track: int, slot: int) -> Any:
        return self.song.tracks[track].clip_slots[slot].clip

    async def until(self, holds: Any) -> None:
        await self.stage.until(holds)


@contextlib.asynccontextmanager
async def gig(stage: Stage, folder: Path, song: Song | None = None) -> AsyncIterator[Gig]:
    """A bound bridge over the script's link, with Live there."""
    await stage.link.close()
    song = song or Song()
    async with house(folder, clock=stage.time) as place:
        bridge = LiveBridge(stage.link, place.conductor)
        ada = await place.person("ada")
        project = await place.project(ada)
        events: list[Sequenced] = []
        place.world.bus.subscribe(SessionId(project), events.extend)
        await bridge.open()
        await bridge.bind(ada, SessionId(project))
        stage.pair()
        stage.start_live(song)
        await stage.here()
        yield Gig(stage, place, ada, project, bridge, song, events)
        await bridge.close()


def with_drums() -> Song:
    song = Song(midi_tracks=2, audio_tracks=1)
    song.tracks[1].name = "Drums"
    return song


async def test_tempo_goes_both_ways_without_echo(stage: Stage, tmp_path: Path):
    """Set in the session it is in Live, set in Live it is in the session, each as one event."""
    async with gig(stage, tmp_path) as on:
        await on.until(lambda: on.told(TempoSet) or stage.link.mirror.tempo)
        begun = len(on.told(TempoSet))
        await on.do("set_parameter", path="session/tempo", value=97.3)
        await on.until(lambda: on.song.tempo == pytest.approx(97.3))
        await stage.by_hand(lambda: setattr(on.song, "tempo", 141.0))
        await on.until(lambda: len(on.told(TempoSet)) == begun + 2)
        await stage.time.sleep(0.3)
        assert len(on.told(TempoSet)) == begun + 2
        assert (await on.state()).tempo_map.bpm == 141.0


async def test_the_transport_goes_both_ways(stage: Stage, tmp_path: Path):
    """Play in the session plays Live; stop in Live stops the session; no event twice."""
    async with gig(stage, tmp_path) as on:
        await on.do("transport", action="play", bar=3)
        await on.until(lambda: on.song.is_playing)
        await stage.by_hand(on.song.stop_playing)
        await on.until(lambda: len(on.told(TransportChanged)) == 2)
        await stage.time.sleep(0.3)
        assert [each.playing for each in on.told(TransportChanged)] == [True, False]


async def test_live_leads_when_it_is_chosen(stage: Stage, tmp_path: Path):
    """With Live as the clock a tempo is asked of Live and counts as reported; gone, it is said."""
    async with gig(stage, tmp_path) as on:
        await on.do("set_clock_source", source="live")
        await on.do("set_parameter", path="session/tempo", value=134.5)
        assert on.song.tempo == 134.5
        assert on.told(TempoSet)[-1].tempo_map.bpm == 134.5
        await asyncio.to_thread(stage.live.stop)
        await on.until(lambda: stage.link.mirror.presence == "gone")
        with pytest.raises(Unavailable, match="clock source"):
            await on.do("set_parameter", path="session/tempo", value=99)
        stage.start_live(on.song)
        await stage.here()
        await on.do("set_parameter", path="session/tempo", value=99)
        assert on.song.tempo == 99.0


async def test_a_committed_take_is_a_clip(stage: Stage, tmp_path: Path):
    """The notes of a take lie on the track of its part, and one undo takes the commit back."""
    async with gig(stage, tmp_path, with_drums()) as on:
        take_id = await on.take()
        await on.until(lambda: on.clip(1, 0) is not None)  # prepared while it was played
        steps = len(on.song._undo)
        await on.do("commit_take", part="drums", take_id=take_id)
        await on.until(lambda: "next" not in on.clip(1, 0).name)
        take = await on.place.conductor.takes.take(take_id, SessionId(on.project))
        wanted = list(clip_of(take, 120.0).notes)
        await on.until(lambda: in_live(on.clip(1, 0)._notes) == wanted)
        assert len(on.song._undo) == steps + 1
        await stage.by_hand(on.song.undo)
        assert on.clip(1, 0)._notes == []


async def test_a_commit_without_live_is_made_up_for(stage: Stage, tmp_path: Path):
    """What was committed while Live was away is in Live soon after it comes."""
    async with gig(stage, tmp_path, with_drums()) as on:
        await asyncio.to_thread(stage.live.stop)
        await on.until(lambda: stage.link.mirror.presence == "gone")
        take_id = await on.take()
        await on.do("commit_take", part="drums", take_id=take_id)
        await on.until(lambda: on.bridge.status().failure is not None)
        stage.start_live(on.song)
        await on.until(lambda: on.clip(1, 0) is not None and on.clip(1, 0)._notes)
        await on.until(lambda: on.bridge.status().failure is None)


async def test_a_clip_launched_in_live_is_heard(stage: Stage, tmp_path: Path):
    """A hand that launches our clip in Live is an event with the take it plays."""
    async with gig(stage, tmp_path, with_drums()) as on:
        on.song.clip_trigger_quantization = 0
        take_id = await on.take()
        await on.do("commit_take", part="drums", take_id=take_id)
        await on.until(lambda: on.clip(1, 0) is not None and on.clip(1, 0)._notes)
        await on.until(lambda: stage.link.mirror.tracks[1].clips[0] == on.clip(1, 0).name)
        await stage.by_hand(lambda: on.clip(1, 0).fire())
        await on.until(lambda: on.told(ClipLaunched))
        launched = on.told(ClipLaunched)[0]
        assert (launched.take_id, launched.source) == (take_id, "live")
