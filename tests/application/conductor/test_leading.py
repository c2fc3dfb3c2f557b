"""Who keeps the time of a session, and which take of a part is heard."""

from pathlib import Path

import pytest

from musearoo.conductor.values import unpack
from musearoo.domain.context import EngineContext
from musearoo.domain.errors import Conflict, InvalidValue, Unavailable
from musearoo.domain.events import ClipLaunched, NothingToUndo, Sequenced
from musearoo.domain.ids import SessionId
from tests.doubles.clock import SteppedClock
from tests.doubles.house import house
from tests.doubles.leader import PromptLeader


async def test_the_session_keeps_its_own_time_unless_told(tmp_path: Path) -> None:
    """An absent clock cannot be chosen; one that is there is asked from then on."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        for source in ("live", "link"):
            with pytest.raises(Unavailable, match="connected"):
                await place.do(ada, project, "set_clock_source", {"source": source})
        leader = PromptLeader(place.conductor)
        await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 90})
        await place.do(ada, project, "transport", {"action": "play"})
        assert leader.asked == []
        await place.do(ada, project, "set_clock_source", {"source": "live"})
        tempo = await place.do(
            ada, project, "set_parameter", {"path": "session/tempo", "value": 133}
        )
        await place.do(ada, project, "transport", {"action": "locate", "bar": 2})
        await place.do(ada, project, "transport", {"action": "stop"})
        assert leader.asked == [133, (None, 4.0), (False, None)]
        owner = await place.conductor.sessions.open(SessionId(project))
        assert owner.state.tempo_map.bpm == 133
        assert tempo.seq == owner.seq - 2
        with pytest.raises(Conflict, match="loop"):
            await place.do(ada, project, "transport", {"action": "loop", "loop_bars": 2})
        panic = await place.do(ada, project, "transport", {"action": "panic"})
        assert panic.seq == owner.seq


async def test_what_a_leader_keeps_is_not_undone(tmp_path: Path) -> None:
    """An undo of a tempo that is now another clock's is skipped, with its path."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        heard: list[Sequenced] = []
        place.world.bus.subscribe(SessionId(project), heard.extend)
        await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 90})
        PromptLeader(place.conductor)
        await place.do(ada, project, "set_clock_source", {"source": "live"})
        await place.do(ada, project, "undo")
        assert heard[-1].event == NothingToUndo(conflicts=("session/tempo",))


async def test_an_absent_leader_is_named(tmp_path: Path) -> None:
    """While the chosen clock is away its values cannot be set, and the way back is open."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        leader = PromptLeader(place.conductor)
        await place.do(ada, project, "set_clock_source", {"source": "live"})
        leader.there = False
        with pytest.raises(Unavailable, match='clock source to "session"'):
            await place.do(ada, project, "transport", {"action": "play"})
        await place.do(ada, project, "set_clock_source", {"source": "session"})
        await place.do(ada, project, "transport", {"action": "play"})


async def test_another_tempo_moves_nobody(tmp_path: Path) -> None:
    """A transport that plays goes on from where it was when the tempo changes."""
    clock = SteppedClock()
    async with house(tmp_path, clock=clock) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.do(ada, project, "transport", {"action": "play", "bar": 41})
        await clock.advance(0.5)  # a beat at 120
        for bpm in (240, 60):
            await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": bpm})
            await clock.advance(0.5)  # two beats, and half a beat
        await place.do(ada, project, "undo")
        owner = await place.conductor.sessions.open(SessionId(project))
        assert owner.state.tick_at(clock.now()) == pytest.approx(163.5 * 960, abs=1)
        await clock.advance(0.5)
        assert owner.state.tick_at(clock.now()) == pytest.approx(165.5 * 960, abs=1)


async def test_only_a_kept_take_is_launched(tmp_path: Path) -> None:
    """A launch names the committed take, and lands at the next bar."""
    clock = SteppedClock()
    async with house(tmp_path, clock=clock) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        with pytest.raises(InvalidValue, match="generate one first"):
            await place.do(ada, project, "launch_clip", {"part": "drums"})
        record = await place.generated(ada, project, bars=1)
        with pytest.raises(Conflict, match="commit one first"):
            await place.do(ada, project, "launch_clip", {"part": "drums"})
        await place.do(ada, project, "commit_take", {"part": "drums", "take_id": record.take})
        await place.do(ada, project, "transport", {"action": "play"})
        await clock.advance(0.01)  # at the very first tick the next bar would be the first
        ack = await place.do(ada, project, "launch_clip", {"part": "drums"})
        assert ack.lands_at is not None
        assert (ack.lands_at.bar, ack.lands_at.beat) == (2, 0.0)
        owner = await place.conductor.sessions.open(SessionId(project))
        assert owner.state.parts["drums"].launched is None  # asked for; Live has not done it
        ran = ClipLaunched(part="drums", take_id=record.take, source="live")
        owner.sequence(ran, user=None, cause=None)
        owner.sequence(ran, user=None, cause=None)
        assert owner.state.parts["drums"].launches == {record.take: 2}


async def test_others_play_to_the_clip_that_runs(tmp_path: Path) -> None:
    """A bass generated while a clip runs hears that clip's notes, not the selected take's."""
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        first = await place.generated(ada, project, bars=2, seed=1)
        second = await place.generated(ada, project, bars=2, seed=2)
        assert first.take is not None
        assert second.take is not None
        owner = await place.conductor.sessions.open(SessionId(project))
        takes = place.conductor.takes

        async def heard_by_bass() -> object:
            record = await place.generated(ada, project, engine="bassaroo", bars=2)
            assert record.take is not None
            take = await takes.take(record.take, SessionId(project))
            return unpack(take.context, EngineContext).parts["drums"]

        assert await heard_by_bass() == (await takes.take(second.take, owner.session)).notes
        launched = ClipLaunched(part="drums", take_id=first.take, source="live")
        owner.sequence(launched, user=None, cause=None)
        assert await heard_by_bass() == (await takes.take(first.take, owner.session)).notes
        stopped = ClipLaunched(part="drums", take_id=None, source="live")
        owner.sequence(stopped, user=None, cause=None)
        assert await heard_by_bass() == (await takes.take(second.take, owner.session)).notes
