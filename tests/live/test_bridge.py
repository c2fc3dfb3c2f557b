"""The bridge: a session and a Live that go together."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from musearoo.domain.errors import Conflict, Unavailable
from musearoo.domain.events import ClipLaunched, Event, Sequenced, TempoSet, TransportChanged
from musearoo.domain.ids import ProjectId, SessionId, TakeId
from musearoo.domain.music.meter import Meter
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.bridge import LiveBridge, _Bound
from musearoo.live.clips import clip_of
from musearoo.live.keeping import Failure
from musearoo.live.script.link import ScriptLink
from tests.doubles.fake_live import FakeLive
from tests.doubles.fake_live.song import Song
from tests.doubles.house import House, house
from tests.live.conftest import A_LOOK, Way, all_read, here
from tests.waiting import until


@dataclass
class Gig:
    """A session with its Live."""

    place: House
    ada: Actor
    project: ProjectId
    bridge: LiveBridge
    link: AbletonOscLink | ScriptLink
    live: FakeLive
    events: list[Sequenced]

    async def do(self, name: str, at: str | None = None, **args: Any) -> Any:
        return await self.place.do(self.ada, self.project, name, args, at=at)

    async def state(self) -> SessionState:
        return (await self.place.conductor.sessions.open(SessionId(self.project))).state

    async def take(self, engine: str = "drummaroo", **args: Any) -> TakeId:
        """A new take of four bars."""
        record = await self.place.generated(self.ada, self.project, engine=engine, bars=4, **args)
        assert record.take is not None
        return record.take

    def told(self, kind: type[Event]) -> list[Any]:
        return [each.event for each in self.events if isinstance(each.event, kind)]

    def clip(self, track: int, slot: int) -> Any:
        return self.live.song.tracks[track].clip_slots[slot].clip


@contextlib.asynccontextmanager
async def gig(
    way: Way, folder: Path, song: Song | None = None, **settings: Any
) -> AsyncIterator[Gig]:
    """A bound bridge, with Live there."""
    async with house(folder, clock=way.time) as place:
        world = place.world
        link = way.link(way.clock, world.spawn)
        bridge = LiveBridge(link, place.conductor)
        ada = await place.person("ada")
        project = await place.project(ada)
        events: list[Sequenced] = []
        world.bus.subscribe(SessionId(project), events.extend)
        await bridge.open()
        live = way.start(song=song or Song(), **{"tick": 0.03, **settings})
        try:
            await bridge.bind(ada, SessionId(project))
            await here(link)
            yield Gig(place, ada, project, bridge, link, live, events)
        finally:
            await bridge.close()


def band(*names: str) -> Song:
    """A set whose MIDI tracks are called like parts."""
    song = Song(midi_tracks=len(names), audio_tracks=1)
    for track, name in zip(song.tracks, names, strict=False):
        track.name = name
    return song


class TestSessionLeads:
    async def test_tempo_key_and_meter_go_to_live(self, way: Way, tmp_path: Path) -> None:
        """What is set in the session is set in Live, and makes no second event."""
        async with gig(way, tmp_path) as on:
            await until(lambda: on.link.mirror.root is not None)
            await on.do("set_parameter", path="session/tempo", value=97.3)
            await on.do("set_parameter", path="session/key", value="D dorian")
            await on.do("set_parameter", path="session/meter", value="6/8")
            song = on.live.song
            await until(lambda: song.tempo == pytest.approx(97.3, abs=1e-4))
            await until(lambda: (song.root_note, song.scale_name) == (2, "Dorian"))
            await until(lambda: (song.signature_numerator, song.signature_denominator) == (6, 8))
            await way.time.sleep(A_LOOK)
            assert len(on.events) == 3
            assert [each.user for each in on.events] == [on.ada.user] * 3

    async def test_a_hand_in_live_is_a_request(self, way: Way, tmp_path: Path) -> None:
        """Tempo, key and meter set in Live are set in the session, once."""
        async with gig(way, tmp_path) as on:
            await until(lambda: on.link.mirror.root is not None)
            song = on.live.song
            on.live.do(lambda: setattr(song, "tempo", 88.8))
            on.live.do(lambda: setattr(song, "scale_name", "Minor"))
            on.live.do(lambda: setattr(song, "signature_numerator", 3))
            await until(lambda: len(on.events) == 3)
            await way.time.sleep(A_LOOK)
            state = await on.state()
            assert state.tempo_map.bpm == 88.8
            assert state.key.name == "C minor"
            assert state.meter == Meter(3, 4)
            assert len(on.events) == 3

    async def test_a_drag_is_no_fight(self, way: Way, tmp_path: Path) -> None:
        """Forty tempi in a second end with the last in both, each event asked for by the drag."""
        async with gig(way, tmp_path, tick=0.1) as on:
            for step in range(40):
                await on.do("set_parameter", path="session/tempo", value=100 + step, gesture="g")
                await way.time.sleep(0.025)
            await until(lambda: on.live.song.tempo == 139.0)
            await way.time.sleep(A_LOOK)
            assert on.live.song.tempo == 139.0
            assert [each.tempo_map.bpm for each in on.told(TempoSet)] == list(range(100, 140))

    async def test_transport(self, way: Way, tmp_path: Path) -> None:
        """Live plays and stops with the session, from the same place."""
        async with gig(way, tmp_path) as on:
            await on.do("transport", action="play", bar=3)
            await until(lambda: on.live.song.is_playing)
            state = await on.state()
            beat = state.tick_at(on.place.world.clock.now()) / 960
            assert on.live.song.current_song_time == pytest.approx(beat, abs=0.5)
            await on.do("transport", action="stop")
            await until(lambda: not on.live.song.is_playing)
            await way.time.sleep(0.5)
            assert [each.playing for each in on.told(TransportChanged)] == [True, False]

    async def test_play_in_live(self, way: Way, tmp_path: Path) -> None:
        """Play and stop pressed in Live move the session, from where Live is."""
        async with gig(way, tmp_path) as on:
            on.live.do(lambda: setattr(on.live.song, "current_song_time", 10.0))
            on.live.do(on.live.song.continue_playing)
            await until(lambda: len(on.told(TransportChanged)) == 1)
            state = await on.state()
            beat = state.tick_at(on.place.world.clock.now()) / 960
            assert state.transport.playing
            assert beat == pytest.approx(on.live.song.current_song_time, abs=0.2)
            on.live.do(on.live.song.stop_playing)
            await until(lambda: len(on.told(TransportChanged)) == 2)
            await way.time.sleep(0.5)
            assert [each.playing for each in on.told(TransportChanged)] == [True, False]

    async def test_a_session_without_a_tempo_takes_lives(self, way: Way, tmp_path: Path) -> None:
        """A new session does not overwrite a set: it takes its tempo, meter and key."""
        song = Song()
        song.tempo, song.signature_numerator, song.root_note = 71.0, 5, 4
        async with gig(way, tmp_path, song) as on:
            await until(lambda: len(on.events) == 3)
            state = await on.state()
            assert (state.tempo_map.bpm, state.meter.name, state.key.tonic) == (71.0, "5/4", 4)
            assert on.live.song.tempo == 71.0
            await way.time.sleep(A_LOOK)
            assert (on.live.song.tempo, len(on.events)) == (71.0, 3)


class TestLiveLeads:
    async def test_tempo_is_asked_of_live(self, way: Way, tmp_path: Path) -> None:
        """A tempo set in the session goes to Live, and counts, as its author's, when reported."""
        async with gig(way, tmp_path) as on:
            await on.do("set_clock_source", source="live")
            ack = await on.do("set_parameter", path="session/tempo", value=134.5)
            assert on.live.song.tempo == 134.5
            (sequenced,) = [each for each in on.events if isinstance(each.event, TempoSet)]
            assert (sequenced.seq, sequenced.user) == (ack.seq, on.ada.user)
            again = await on.do("set_parameter", path="session/tempo", value=134.5)
            assert again.seq == ack.seq
            on.live.do(lambda: setattr(on.live.song, "tempo", 60.0))
            await until(lambda: len(on.told(TempoSet)) == 2)
            assert on.events[-1].user is None
            with pytest.raises(Conflict):
                await on.do("transport", action="loop", bar=1, loop_bars=2)

    async def test_transport_is_lives(self, way: Way, tmp_path: Path) -> None:
        """Play, locate and stop from the session go by Live; the session stays where Live is."""
        async with gig(way, tmp_path) as on:
            await on.do("set_clock_source", source="live")
            await on.do("transport", action="play", bar=5)
            assert on.live.song.is_playing
            clock = on.place.world.clock
            for _ in range(5):
                await way.time.sleep(0.3)
                beat = (await on.state()).tick_at(clock.now()) / 960
                assert beat == pytest.approx(on.live.song.current_song_time, abs=0.15)
            on.live.do(lambda: setattr(on.live.song, "current_song_time", 64.0))
            await until(lambda: on.told(TransportChanged)[-1].tick >= 64 * 960)
            await on.do("transport", action="stop")
            assert not on.live.song.is_playing
            assert not (await on.state()).transport.playing

    async def test_choosing_live_takes_its_values(self, way: Way, tmp_path: Path) -> None:
        """From the choice on Live's tempo and transport are the session's."""
        async with gig(way, tmp_path) as on:
            await on.do("set_parameter", path="session/tempo", value=90)
            await until(lambda: on.live.song.tempo == 90.0)
            await on.do("transport", action="play")
            await until(lambda: on.live.song.is_playing)
            await on.do("set_clock_source", source="live")
            on.live.do(on.live.song.stop_playing)
            on.live.do(lambda: setattr(on.live.song, "tempo", 111.0))
            await until(lambda: on.told(TempoSet)[-1].tempo_map.bpm == 111.0)
            await until(lambda: not on.told(TransportChanged)[-1].playing)

    async def test_an_absent_leader(self, way: Way, tmp_path: Path) -> None:
        """When Live has left, what is asked of it is refused with what to do."""
        async with gig(way, tmp_path) as on:
            await on.do("set_clock_source", source="live")
            way.quit()
            on.link._silent = 100
            await until(lambda: on.link.mirror.presence == "gone")
            with pytest.raises(Unavailable, match="clock source"):
                await on.do("set_parameter", path="session/tempo", value=99)
            await on.do("set_clock_source", source="session")
            await on.do("set_parameter", path="session/tempo", value=99)
            with pytest.raises(Unavailable):
                await on.do("set_clock_source", source="live")


class TestClips:
    async def test_a_committed_take_is_a_clip(self, way: Way, tmp_path: Path) -> None:
        """The notes of a committed take lie in Live, on the track of its part, in a clip."""
        async with gig(way, tmp_path, band("Bass", "Drums")) as on:
            take_id = await on.take()
            await until(lambda: on.clip(1, 0) is not None)  # prepared while it was played
            await on.do("commit_take", part="drums", take_id=take_id)
            clip = on.clip(1, 0)
            await until(lambda: clip.name.startswith("MuseAroo drums ") and clip._notes)
            await until(lambda: clip.name != "MuseAroo drums next")
            await until(lambda: on.bridge.status().failure is None and clip.color == 0xFF6B3D)
            take = await on.place.conductor.takes.take(take_id, SessionId(on.project))
            wanted = clip_of(take, 120.0)
            await until(lambda: len(clip._notes) == len(wanted.notes))
            found = sorted((n.start_time, n.pitch, n.duration, n.velocity) for n in clip._notes)
            assert found == [(n.start, n.pitch, n.length, n.velocity) for n in wanted.notes]
            assert (clip.looping, clip.loop_end) == (True, 16.0)

    async def test_a_take_that_is_committed_and_launched_at_once(
        self, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was prepared and written is found by what comes next: nothing is done twice."""
        async with gig(way, tmp_path, band("drums")) as on:
            prepare, write, done = on.link.prepare_clip, on.link.write_clip, list[str]()

            async def preparing(*given: Any) -> Any:
                done.append("prepare")
                return await prepare(*given)

            async def writing(*given: Any, **named: Any) -> Any:
                done.append("write")
                return await write(*given, **named)

            monkeypatch.setattr(on.link, "prepare_clip", preparing)
            monkeypatch.setattr(on.link, "write_clip", writing)
            await on.do("commit_take", part="drums", take_id=await on.take())
            await on.do("launch_clip", part="drums")
            await until(lambda: on.live.song.tracks[0].playing_slot_index == 0)
            assert done == ["prepare", "write"]

    async def test_takes_lie_below_each_other(self, way: Way, tmp_path: Path) -> None:
        """Each committed take has its own slot; one committed again is not written twice."""
        async with gig(way, tmp_path, band("drums")) as on:
            first, second = await on.take(seed=1), await on.take(seed=2)
            for take_id in (first, second, first):
                await on.do("commit_take", part="drums", take_id=take_id)
            names = {
                f"MuseAroo drums {take_id.replace('-', '')[-8:]}" for take_id in (first, second)
            }
            await until(lambda: names <= set(on.link.mirror.tracks[0].clips))
            await way.time.sleep(0.3)
            assert len([slot for slot in on.live.song.tracks[0].clip_slots if slot.has_clip]) == 2

    async def test_a_part_without_a_track_gets_one(self, way: Way, tmp_path: Path) -> None:
        """Where no track is called like the part, a commit adds one."""
        async with gig(way, tmp_path) as on:
            take_id = await on.take("bassaroo")
            assert len(on.live.song.tracks) == 4
            await on.do("commit_take", part="bass", take_id=take_id)
            await until(lambda: len(on.live.song.tracks) == 5)
            await until(lambda: on.live.song.tracks[4].name == "bass")
            await until(lambda: on.clip(4, 0) is not None and on.clip(4, 0)._notes)

    async def test_a_commit_without_live_is_made_up_for(self, way: Way, tmp_path: Path) -> None:
        """What was committed while Live was away is written when it comes."""
        async with gig(way, tmp_path, band("drums")) as on:
            way.quit()
            on.link._silent = 100
            await until(lambda: on.link.mirror.presence == "gone")
            take_id = await on.take()
            await on.do("commit_take", part="drums", take_id=take_id)
            await until(lambda: on.bridge.status().failure is not None)
            on.live = way.start(song=band("x", "drums"), tick=0.03)
            await until(lambda: on.clip(1, 0) is not None and on.clip(1, 0)._notes)
            await until(lambda: on.bridge.status().failure is None)

    async def test_a_success_does_not_hide_another_failure(self, way: Way, tmp_path: Path) -> None:
        """That one part's clip is written says nothing of another part's that could not be."""
        async with gig(way, tmp_path, band("drums")) as on:
            bound = on.bridge._bound
            assert isinstance(bound, _Bound)
            bound.keeper.failure = Failure(part="bass", take_id=TakeId("x"), detail="full", at=0)
            await on.do("commit_take", part="drums", take_id=await on.take())
            await until(lambda: bound.keeper.latest is not None)
            await way.time.sleep(0.1)
            assert on.bridge.status().failure == "bass: full"

    async def test_launch(self, way: Way, tmp_path: Path) -> None:
        """A launch fires the clip; with Live's transport running it lands on its next bar."""
        async with gig(way, tmp_path, band("drums")) as on:
            take_id = await on.take()
            await on.do("commit_take", part="drums", take_id=take_id)
            await on.do("launch_clip", part="drums")
            await until(lambda: on.live.song.tracks[0].playing_slot_index == 0)
            await until(lambda: len(on.told(ClipLaunched)) >= 2)
            await way.time.sleep(0.5)
            launches = on.told(ClipLaunched)
            wanted = [(take_id, "session"), (take_id, "live")]  # asked for, and done
            assert [(each.take_id, each.source) for each in launches] == wanted
            assert (await on.state()).parts["drums"].launches == {take_id: 1}

    async def test_a_clip_launched_in_live_is_heard(self, way: Way, tmp_path: Path) -> None:
        """A hand launches our clip: that is counted, and the other parts play to that take."""
        async with gig(way, tmp_path, band("drums")) as on:
            first, second = await on.take(seed=1), await on.take(seed=2)
            await on.do("commit_take", part="drums", take_id=first)
            await until(lambda: on.clip(0, 0) is not None and "next" not in on.clip(0, 0).name)
            await until(lambda: on.link.mirror.tracks[0].clips[0] == on.clip(0, 0).name)
            on.live.do(lambda: on.clip(0, 0).fire())
            await until(lambda: len(on.told(ClipLaunched)) == 1)
            (launched,) = on.told(ClipLaunched)
            assert (launched.take_id, launched.source) == (first, "live")
            part = (await on.state()).parts["drums"]
            assert (part.selected, part.heard, part.launches) == (second, first, {first: 1})
            takes = on.place.conductor.takes
            heard = await takes.heard(await on.state(), SessionId(on.project))
            take = await takes.take(first, SessionId(on.project))
            assert heard["drums"] == take.notes
            on.live.do(on.live.song.stop_all_clips)
            await until(lambda: len(on.told(ClipLaunched)) == 2)
            assert (await on.state()).parts["drums"].heard == second

    async def test_a_clip_that_runs_while_it_is_filled(self, way: Way, tmp_path: Path) -> None:
        """The prepared clip was launched empty: once it is the take's, the take is heard."""
        async with gig(way, tmp_path, band("drums")) as on:
            take_id = await on.take()
            await until(lambda: on.link.mirror.tracks[0].clips[0] == "MuseAroo drums next")
            on.live.do(lambda: on.clip(0, 0).fire())
            await until(lambda: on.link.mirror.tracks[0].playing == 0)
            await on.do("commit_take", part="drums", take_id=take_id)
            await until(lambda: len(on.told(ClipLaunched)) == 1)
            assert (await on.state()).parts["drums"].launched == take_id

    async def test_moved_tracks(self, way: Way, tmp_path: Path) -> None:
        """After tracks moved, the next take goes to the track that moved, not to its old place."""
        async with gig(way, tmp_path, band("drums", "keys")) as on:
            take_id = await on.take()
            await until(lambda: on.link.mirror.tracks[0].clips[0] == "MuseAroo drums next")
            await all_read(on.link)  # a request that came twice would make a clip there too
            on.live.do(lambda: on.live.song.create_midi_track(0))
            await on.do("commit_take", part="drums", take_id=take_id)
            await until(lambda: on.clip(1, 0)._notes)
            await until(lambda: on.clip(1, 0).name != "MuseAroo drums next")
            assert on.clip(0, 0) is None

    async def test_a_renamed_clip_is_theirs(self, way: Way, tmp_path: Path) -> None:
        """A clip that a hand renamed is not written again."""
        async with gig(way, tmp_path, band("drums")) as on:
            take_id = await on.take()
            await until(lambda: on.link.mirror.tracks[0].clips[0] == "MuseAroo drums next")
            on.live.do(lambda: setattr(on.clip(0, 0), "name", "mine"))
            await until(lambda: on.link.mirror.tracks[0].clips[0] == "mine")
            await on.do("commit_take", part="drums", take_id=take_id)
            await until(lambda: on.clip(0, 1) is not None and on.clip(0, 1)._notes)
            assert not on.clip(0, 0)._notes


async def test_what_runs_elsewhere_is_not_heard(way: Way, tmp_path: Path) -> None:
    """When Live goes to another session, its clips run there no more; back again, they do."""
    async with gig(way, tmp_path, band("drums")) as on:
        take_id = await on.take()
        await on.do("commit_take", part="drums", take_id=take_id)
        await on.do("launch_clip", part="drums")
        await until(lambda: len(on.told(ClipLaunched)) == 2)
        other = await on.place.project(on.ada)
        await on.bridge.bind(on.ada, SessionId(other))
        assert (await on.state()).parts["drums"].launched is None
        await on.bridge.bind(on.ada, SessionId(on.project))
        await until(lambda: len(on.told(ClipLaunched)) == 4)
        assert (await on.state()).parts["drums"].launched == take_id


async def test_live_goes_with_its_owner(way: Way, tmp_path: Path) -> None:
    """Live is bound to the session that its owner opened last, whoever else opens one."""
    async with house(tmp_path, clock=way.time) as place:
        link = way.link(way.clock, place.world.spawn)
        bridge = LiveBridge(link, place.conductor, owner="Ada@example.org")
        await bridge.open()
        ada, ben = await place.person("ada"), await place.person("ben")
        first, second, theirs = [SessionId(await place.project(each)) for each in (ada, ada, ben)]
        opened = place.conductor.pairings.opened
        await opened(ada, first)
        await until(lambda: bridge.status().session_id == first)
        await opened(ben, theirs)
        await opened(ada, second)
        await until(lambda: bridge.status().session_id == second)
        await bridge.close()
