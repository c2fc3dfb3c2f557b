"""The owner of a session when the store fails, callers leave and projects vanish."""

import asyncio
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor import sessions as open_sessions
from musearoo.conductor.underway import Live
from musearoo.conductor.world import Rules
from musearoo.domain.commands import Command, SetParameter
from musearoo.domain.errors import NotFound, Unavailable
from musearoo.domain.events import ParameterSet, StyleSet, TransportChanged
from musearoo.domain.ids import CommandId, SessionId, UserId
from musearoo.domain.permissions import Permission
from musearoo.domain.session.reducer import apply
from musearoo.ports.store import Transaction
from musearoo.security.ambient import Uuid7Ids
from tests.doubles.house import ORIGIN, House, house
from tests.waiting import until

FREE = Rules(quotas=False, journal_delay=0.005)
TEMPO = {"path": "session/tempo", "value": 96}


def full_disk(_tx: Transaction) -> None:
    raise Unavailable("The disk is full.")


def nothing(_tx: Transaction) -> None:
    return


async def opened(place: House) -> Any:
    ada = await place.person("ada")
    project = await place.project(ada)
    return ada, project, await place.conductor.sessions.open(SessionId(project))


class TestState:
    @pytest.mark.parametrize("seed", range(5))
    async def test_it_is_what_the_events_make_whenever_one_looks(
        self, tmp_path: Path, seed: int
    ) -> None:
        """Turns are put in when somebody looks; often, seldom or never, it is the same."""
        chance = random.Random(seed)
        async with house(tmp_path, FREE) as place:
            _, _, owner = await opened(place)
            expected = owner.state
            for number in range(400):
                event: Any = ParameterSet(
                    path=f"drums/{chance.choice('abc')}",
                    value=number / 400,
                    gesture=chance.choice([None, "g"]),
                )
                if chance.random() < 0.02:
                    event = TransportChanged(playing=False, tick=960 * number, since=0.0)
                user = chance.choice([UserId("a"), None])
                expected = apply(expected, owner.sequence(event, user=user, cause=None))
                assert owner.surroundings.transport == expected.transport
                if chance.random() < 0.02:
                    assert owner.state == expected
            assert owner.state == expected
            await owner.settled()
            place.conductor.sessions.drop(owner.session)
            again = await place.conductor.sessions.open(owner.session)
            assert again.state == expected

    async def test_turns_that_were_lost_are_in_no_state(self, tmp_path: Path) -> None:
        """Nobody had looked at them yet when the store failed."""
        async with house(tmp_path, FREE) as place:
            _, _, owner = await opened(place)
            owner.sequence(ParameterSet(path="drums/swing", value=0.5), user=None, cause=None)
            with pytest.raises(Unavailable):
                await owner.commit(full_disk)
            assert ({}, 0) == (owner.state.parameters, owner.seq)

    async def test_a_turn_that_was_lost_is_not_told_as_done(self, tmp_path: Path) -> None:
        """Whoever got no answer asks again, and must not be answered out of the lost epoch."""
        async with house(tmp_path, FREE) as place:
            ada, project, owner = await opened(place)
            await place.conductor.gate.access(ada, project, Permission.EDIT, ORIGIN)
            act, cause = SetParameter(path="drums/complexity", value=0.5), f"{Uuid7Ids().new()}:1"
            turn = Command(
                session=owner.session, actor=ada, act=act, origin=ORIGIN, id=CommandId(cause)
            )
            knobs = place.conductor.knobs
            first = knobs.turn(ada, owner.session, act, cause)
            assert first == await knobs.told(turn)
            with pytest.raises(Unavailable):
                await owner.commit(full_disk)
            assert await knobs.told(turn) is None

    async def test_a_change_that_was_lost_is_made_when_it_is_asked_again(
        self, tmp_path: Path
    ) -> None:
        """The answer that its id got goes with it; what is durable is answered as before."""
        async with house(tmp_path, Rules(quotas=False, journal_delay=600.0)) as place:
            ada, _, owner = await opened(place)

            def turn(name: str, value: float) -> Command:
                return Command(
                    session=owner.session,
                    actor=ada,
                    act=SetParameter(path="drums/complexity", value=value),
                    origin=ORIGIN,
                    id=CommandId(name),
                )

            desk = place.conductor.desk
            kept = await desk.submit(turn("kept", 0.25))
            await owner.settled()
            lost = await desk.submit(turn("lost", 0.5))
            with pytest.raises(Unavailable):
                await owner.commit(full_disk)
            assert {"drums/complexity": 0.25} == owner.state.parameters
            assert kept == await desk.submit(turn("kept", 0.25))
            again = await desk.submit(turn("lost", 0.5))
            assert (lost.seq, owner.epoch) == (again.seq, again.epoch)
            assert {"drums/complexity": 0.5} == owner.state.parameters

    async def test_it_is_made_where_events_are_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Turns are put in by the loop alone, also when the store's thread writes the state."""
        async with house(tmp_path, FREE) as place:
            _, project, owner = await opened(place)
            threads: list[threading.Thread] = []
            put_in = owner._put_in

            def noted() -> None:
                threads.append(threading.current_thread())
                put_in()

            monkeypatch.setattr(owner, "_put_in", noted)
            owner.sequence(ParameterSet(path="drums/swing", value=0.5), user=None, cause=None)
            await place.conductor.sessions.close()
            assert [threading.current_thread()] == threads
            again = await place.conductor.sessions.open(SessionId(project))
            assert {"drums/swing": 0.5} == again.state.parameters


class TestFailure:
    async def test_starting_over_is_tried_until_the_store_answers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A session whose last writes are lost does not wait for the next one to notice."""
        async with house(tmp_path, FREE) as place:
            _, _, owner = await opened(place)
            epoch, answer = owner.epoch, owner._load
            tries: list[int] = []

            def away(tx: Transaction) -> Any:
                tries.append(1)
                if len(tries) < 3:
                    raise Unavailable("The database is away.")
                return answer(tx)

            monkeypatch.setattr(owner, "_load", away)
            owner.sequence(StyleSet(style="funk"), user=None, cause=None)
            with pytest.raises(Unavailable):
                await owner.commit(full_disk)
            assert epoch == owner.epoch
            await until(lambda: owner.epoch != epoch, "another epoch")
            assert (0, "auto", 3) == (owner.seq, owner.state.style, len(tries))

    async def test_many_that_fail_together_start_over_once(self, tmp_path: Path) -> None:
        """One new epoch, and what is done right after it stands."""
        async with house(tmp_path, FREE) as place:
            told: list[str] = []
            started_over = asyncio.Event()
            place.conductor.sessions.on_start_over(lambda owner: told.append(owner.epoch))
            place.conductor.sessions.on_start_over(lambda _owner: started_over.set())
            _, _, owner = await opened(place)

            async def act(style: str, record: Any) -> int:
                seq = owner.sequence(StyleSet(style=style), user=None, cause=None).seq
                await owner.commit(record)
                return int(seq)

            async def as_soon_as_it_starts_over() -> int:
                await started_over.wait()
                return await act("jazz", nothing)

            later = asyncio.create_task(as_soon_as_it_starts_over())
            outcomes = await asyncio.gather(
                act("funk", full_disk),
                act("rock", nothing),
                act("soul", nothing),
                return_exceptions=True,
            )
            assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
            assert await later == 1
            assert len(told) == 1
            assert (owner.state.style, owner.seq) == ("jazz", 1)
            assert await act("blues", nothing) == 2

    async def test_waiting_for_what_was_lost_fails_too(self, tmp_path: Path) -> None:
        """`settled` promises that everything sequenced so far is durable."""
        async with house(tmp_path, FREE) as place:
            _, _, owner = await opened(place)
            owner.sequence(StyleSet(style="funk"), user=None, cause=None)
            outcomes = await asyncio.gather(
                owner.commit(full_disk), owner.settled(), return_exceptions=True
            )
            assert [type(outcome) for outcome in outcomes] == [Unavailable] * 2

    async def test_a_caller_who_leaves_takes_nothing_back(self, tmp_path: Path) -> None:
        """A cancelled command does not throw everyone else out of the epoch."""
        async with house(tmp_path, FREE) as place:
            _, _, owner = await opened(place)
            epoch = owner.epoch
            owner.sequence(StyleSet(style="funk"), user=None, cause=None)
            leaving = asyncio.create_task(owner.commit(nothing))
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            await owner.settled()
            assert (owner.state.style, owner.seq, owner.epoch) == ("funk", 1, epoch)


class TestEnd:
    async def test_a_deleted_account_does_not_keep_others_from_being_stored(
        self, tmp_path: Path
    ) -> None:
        """The sessions of the living go on under their epoch after a clean end."""
        async with house(tmp_path, FREE) as place:
            ada, project, owner = await opened(place)
            eve = await place.person("eve")
            hers = await place.project(eve)
            await place.do(ada, project, "set_parameter", TEMPO)
            await place.do(eve, hers, "set_parameter", TEMPO)
            await place.conductor.accounts.delete(eve, ORIGIN)
            epoch = owner.epoch
        async with house(tmp_path, FREE) as place:
            assert (await place.conductor.sessions.open(SessionId(project))).epoch == epoch

    async def test_what_was_journalled_is_stored_at_the_end(self, tmp_path: Path) -> None:
        """A polite end loses no parameter, though its flush was cancelled."""
        async with house(tmp_path, Rules(quotas=False, journal_delay=0.0)) as place:
            ada, project, owner = await opened(place)
            epoch = owner.epoch
            await place.do(ada, project, "set_parameter", {"path": "drums/swing", "value": 0.6})
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for task in asyncio.all_tasks():
                if task.get_name() == "session.journal":
                    task.cancel()
            await asyncio.sleep(0)
        async with house(tmp_path, FREE) as place:
            owner = await place.conductor.sessions.open(SessionId(project))
            assert (owner.state.parameters, owner.epoch) == ({"drums/swing": 0.6}, epoch)


class TestOpenSessions:
    async def test_a_session_that_somebody_works_on_stays_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A generation keeps its owner, however many others are opened meanwhile."""
        monkeypatch.setattr(open_sessions, "MAXIMUM_OPEN", 1)
        async with house(tmp_path, FREE) as place:
            ada, project, owner = await opened(place)
            play, go = place.world.engines.play, asyncio.Event()

            async def later(*args: Any, **options: Any) -> Any:
                await go.wait()
                return await play(*args, **options)

            monkeypatch.setattr(place.world.engines, "play", later)
            ack = await place.do(ada, project, "generate", {"engine": "drummaroo"})
            other = await place.project(ada)
            await place.conductor.sessions.open(SessionId(other))
            assert await place.conductor.sessions.open(SessionId(project)) is owner
            go.set()
            await place.ended(ack.generation_id)
            assert owner.state.parts["drums"].selected == ack.take_id

    async def test_opening_what_is_gone_is_forgotten(self, tmp_path: Path) -> None:
        """A session that cannot be opened leaves nothing in memory, for any of those who ask."""
        async with house(tmp_path, FREE) as place:
            sessions = place.conductor.sessions
            asked = [sessions.open(SessionId("missing")) for _ in range(3)]
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [NotFound] * 3
            assert SessionId("missing") not in sessions._opening

    async def test_only_one_owner_however_many_open(self, tmp_path: Path) -> None:
        """Those who come while it opens get the same owner, though the first one leaves."""
        async with house(tmp_path, FREE) as place:
            _, project, owner = await opened(place)
            await owner.settled()
            place.conductor.sessions.drop(SessionId(project))
            asked = [
                asyncio.create_task(place.conductor.sessions.open(SessionId(project)))
                for _ in range(4)
            ]
            await asyncio.sleep(0)
            asked[0].cancel()
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert isinstance(outcomes[0], asyncio.CancelledError)
            assert len({id(outcome) for outcome in outcomes[1:]}) == 1


async def test_a_generation_whose_request_was_lost_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits 20 ms for its take is not acknowledged after the session has started over."""
    async with house(tmp_path, FREE) as place:
        ada, project, owner = await opened(place)
        waiting, go_on, soon = asyncio.Event(), asyncio.Event(), Live.soon

        async def late(live: Live) -> Any:
            waiting.set()
            await go_on.wait()
            return await soon(live)

        monkeypatch.setattr(Live, "soon", late)
        wish = {"engine": "drummaroo", "bars": 1}
        asked = asyncio.create_task(place.do(ada, project, "generate", wish, command="g"))
        await waiting.wait()
        with pytest.raises(Unavailable):
            await owner.commit(full_disk)
        go_on.set()
        with pytest.raises(Unavailable):
            await asked
        again = await place.do(ada, project, "generate", wish, command="g")
        assert again.epoch == owner.epoch
