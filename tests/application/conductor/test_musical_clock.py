"""The musical clock of a session: one transport, one tempo, and commands that land on its grid."""

from pathlib import Path

import pytest

from musearoo.conductor.world import Rules
from musearoo.domain.events import TransportChanged
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState
from tests.application.conductor.test_generation import events_of
from tests.doubles.clock import SteppedClock
from tests.doubles.house import House, house

FREE = Rules(quotas=False)
BAR = 3840  # at 120 bpm two seconds


async def state_of(place: House, project: ProjectId) -> SessionState:
    return (await place.conductor.sessions.open(SessionId(project))).state


async def playing(place: House, clock: SteppedClock) -> tuple[Actor, ProjectId]:
    """Somebody whose project plays, one and a half bars in."""
    ada = await place.person("ada")
    project = await place.project(ada)
    await place.do(ada, project, "transport", {"action": "play"})
    await clock.advance(3.0)
    return ada, project


async def test_another_tempo_holds_from_here_on(tmp_path: Path) -> None:
    """The position does not jump; only its speed changes, and back again with undo."""
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada, project = await playing(place, clock)
        await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 60.0})
        assert (await state_of(place, project)).tick_at(clock.now()) == 1.5 * BAR
        await clock.advance(2.0)
        assert (await state_of(place, project)).tick_at(clock.now()) == 2 * BAR
        await place.do(ada, project, "undo")
        assert (await state_of(place, project)).tick_at(clock.now()) == 2 * BAR
        await clock.advance(2.0)
        assert (await state_of(place, project)).tick_at(clock.now()) == 3 * BAR


async def test_a_standing_transport_stays_where_it_is(tmp_path: Path) -> None:
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.do(ada, project, "transport", {"action": "locate", "bar": 3})
        before = (await state_of(place, project)).transport
        await place.do(ada, project, "set_parameter", {"path": "session/tempo", "value": 60.0})
        assert (await state_of(place, project)).transport == before


async def test_a_command_that_comes_too_late_is_told_and_counted(tmp_path: Path) -> None:
    """Bar 2 has begun: the take is switched at bar 3, and the answer says so."""
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada, project = await playing(place, clock)
        change = {"path": "drums/complexity", "value": 0.5}
        late = await place.do(ada, project, "set_parameter", change, at="bar 2")
        assert late.lands_at is not None
        assert (late.lands_at.bar, late.lands_at.beat, late.lands_at.late) == (3, 0.0, True)
        assert late.lands_at.server_time == pytest.approx(clock.now() + 1.0)
        early = await place.do(ada, project, "set_parameter", change, at="bar 4")
        assert early.lands_at is not None
        assert not early.lands_at.late
        assert place.conductor.desk.late == 1


async def test_a_transport_command_for_later_says_since_when(tmp_path: Path) -> None:
    """A jump at the next bar is told before, so that everyone jumps together."""
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada, project = await playing(place, clock)
        ack = await place.do(
            ada, project, "transport", {"action": "locate", "bar": 9}, at="next_bar"
        )
        told = (await events_of(place, ada, project))[-1]
        assert isinstance(told, TransportChanged)
        assert ack.lands_at is not None
        assert told.since == ack.lands_at.server_time == pytest.approx(clock.now() + 1.0)
        assert told.tick == 8 * BAR
        await clock.advance(2.0)
        assert (await state_of(place, project)).tick_at(clock.now()) == 8.5 * BAR


async def test_everyone_shares_play_stop_locate_loop_and_meter(tmp_path: Path) -> None:
    """What one sets, another's snapshot shows."""
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada, project = await playing(place, clock)
        await place.do(ada, project, "transport", {"action": "loop", "bar": 1, "loop_bars": 2})
        await clock.advance(2.0)
        assert (await state_of(place, project)).tick_at(clock.now()) == BAR // 2
        await place.do(ada, project, "transport", {"action": "stop"})
        await place.do(ada, project, "set_parameter", {"path": "session/meter", "value": "3/4"})
        await clock.advance(5.0)
        state = await state_of(place, project)
        assert (state.tick_at(clock.now()), state.meter.name) == (BAR // 2, "3/4")
        await place.do(ada, project, "transport", {"action": "locate", "bar": 2})
        assert (await state_of(place, project)).tick_at(clock.now()) == 2880
