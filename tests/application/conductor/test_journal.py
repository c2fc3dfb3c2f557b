"""The journal: all sessions in one write, one that fails alone, what a crash may take."""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from musearoo.conductor import event_log
from musearoo.conductor.event_log import events_of, rows_of
from musearoo.conductor.values import pack
from musearoo.conductor.world import Rules
from musearoo.domain.engine import ParameterValue
from musearoo.domain.errors import Unavailable
from musearoo.domain.events import Landing, ParameterSet, Sequenced, StyleSet
from musearoo.domain.ids import SessionId, UserId
from musearoo.ports.store import Transaction
from tests.doubles.clock import SteppedClock, settle
from tests.doubles.house import House, house
from tests.waiting import until

FREE = Rules(quotas=False)
FOREVER = Rules(quotas=False, journal_delay=3600.0)


def knob(value: float) -> ParameterSet:
    return ParameterSet(path="drums/swing", value=value)


def told(seq: int, event: Any, **more: Any) -> Sequenced:
    fields = {"epoch": "e", "at": seq / 8, "user": UserId("u"), "cause": f"c:{seq}", **more}
    return Sequenced(session=SessionId("s"), seq=seq, event=event, **fields)


async def owners(place: House, count: int) -> list[Any]:
    ada = await place.person("ada")
    projects = [await place.project(ada) for _ in range(count)]
    return [await place.conductor.sessions.open(SessionId(each)) for each in projects]


class TestRows:
    def test_a_run_of_parameters_is_one_row_and_comes_back_exactly(self):
        """Nothing of an event is lost by sharing a row, and its order is kept."""
        events = [
            told(1, knob(0.1)), told(2, knob(0.2), history="undo", cause=None),
            told(3, StyleSet(style="funk")), told(4, knob(0.4)),
            told(5, knob(0.5), user=None), told(6, knob(0.6)),
        ]  # fmt: skip
        rows = rows_of(events)
        assert [2, 3, 6] == [row.seq for row in rows]
        assert events == list(events_of(rows))

    def test_turns_come_back_with_all_that_they_say(self):
        """Each kind of value, gestures, landings, nobody and no cause; whole rows and single."""
        landings = [None, Landing(3, 1.5), Landing(4, 0.0, 1_760_000_000.25, late=True)]
        values: list[ParameterValue | None] = [0.5, 1, 1.0, True, "straight", None, 2**53]
        events = [
            told(
                seq,
                ParameterSet(path=f"drums/{seq}", value=value, gesture=gesture, lands_at=landing),
                user=UserId("u") if seq % 3 else None,
                cause=f"c:{seq}" if seq % 4 else None,
            )
            for seq, (value, gesture, landing) in enumerate(
                product(values, [None, "drag"], landings), 1
            )
        ]
        assert events == list(events_of(rows_of(events)))
        assert pack(events) == pack(list(events_of(rows_of(events))))  # 1 is not 1.0
        assert events == [each for one in events for each in events_of(rows_of([one]))]

    def test_rows_of_the_version_before_are_read(self):
        """A log goes on where an older one ended."""
        events = [told(1, knob(0.1)), told(2, knob(0.2))]
        (row,) = rows_of(events)
        older = replace(row, body=event_log._run(events))
        assert older.body != row.body
        assert events == list(events_of([older]))

    @pytest.mark.parametrize("after", range(7))
    def test_what_is_asked_for_begins_inside_a_row(self, after: int):
        """A reader who has a part of a row gets the rest of it only."""
        rows = rows_of([told(seq, knob(seq / 10)) for seq in range(1, 7)])
        assert list(range(after + 1, 7)) == [event.seq for event in events_of(rows, after)]


class TestTogether:
    async def test_sessions_share_one_write(self, tmp_path: Path):
        """However many sessions changed, the journal costs one transaction and one write."""
        clock = SteppedClock()
        async with house(tmp_path, FREE, clock=clock) as place:
            sessions = await owners(place, 30)
            store: Any = place.world.store
            writes, commits = store._commit.writes, store._commit.commits
            for number, owner in enumerate(sessions):
                for value in range(3):
                    owner.sequence(knob(value / 10 + number / 100), user=None, cause=None)
                    owner.journal()
            await settle()
            await clock.advance(0.051)
            await until(lambda: store._commit.commits > commits)
            assert (1, 1) == (store._commit.writes - writes, store._commit.commits - commits)
            await until(lambda: all(owner.idle for owner in sessions))
            for owner in sessions:
                last = await store.read(lambda tx, s=owner.session: tx.sessions.last_seq(s))
                assert last == owner.seq == 3

    async def test_one_that_fails_takes_no_other_along(self, tmp_path: Path):
        """A session whose project is gone starts over alone; the others go on unharmed."""
        clock = SteppedClock()
        async with house(tmp_path, FREE, clock=clock) as place:
            healthy, faulty, last = await owners(place, 3)
            epochs = [healthy.epoch, faulty.epoch, last.epoch]

            def refuse(_tx: Transaction) -> None:
                raise Unavailable("Not this one.")

            for owner in (healthy, faulty, last):
                owner.sequence(knob(0.3), user=None, cause=None)
                owner.journal(refuse if owner is faulty else None)
            behind = asyncio.create_task(_committed_behind(healthy))
            await settle()
            await clock.advance(0.051)
            await behind
            await until(lambda: faulty.epoch != epochs[1] and faulty.idle)
            assert (epochs[0], epochs[2]) == (healthy.epoch, last.epoch)
            assert ({}, 0) == (faulty.state.parameters, faulty.seq)
            assert {"drums/swing": 0.3} == last.state.parameters
            assert (2, "funk") == (healthy.seq, healthy.state.style)
            await last.settled()


async def _committed_behind(owner: Any) -> None:
    """An event right behind the journal's write must find what that wrote before it."""
    await settle(12)
    owner.sequence(StyleSet(style="funk"), user=None, cause=None)
    await owner.commit(lambda _tx: None)


class TestCrash:
    async def test_a_crash_takes_what_was_not_journalled_and_no_event(self, tmp_path: Path):
        """Mixed classes: an acknowledged event is there, and every parameter before it."""
        clock = SteppedClock()
        async with house(tmp_path, FOREVER, clock=clock) as place:
            (owner,) = await owners(place, 1)
            for step in range(1, 6):
                owner.sequence(knob(step / 10), user=None, cause=None)
                owner.journal()
            owner.sequence(StyleSet(style="funk"), user=None, cause=None)
            await owner.commit(lambda _tx: None)
            owner.sequence(knob(0.9), user=None, cause=None)
            owner.journal()
            session, epoch = owner.session, owner.epoch
            place.conductor.sessions.drop(session)  # as a crash does: nothing is stored at the end
        async with house(tmp_path, FREE) as place:
            owner = await place.conductor.sessions.open(session)
            assert (6, "funk", {"drums/swing": 0.5}) == (
                owner.seq, owner.state.style, owner.state.parameters,
            )  # fmt: skip
            assert owner.epoch != epoch

    async def test_what_was_journalled_survives_a_crash(self, tmp_path: Path):
        """50 ms after a change, and the disk's time, a crash takes it no more."""
        clock = SteppedClock()
        async with house(tmp_path, FREE, clock=clock) as place:
            (owner,) = await owners(place, 1)
            store: Any = place.world.store
            writes = store._commit.writes
            for step in range(1, 6):
                owner.sequence(knob(step / 10), user=None, cause=None)
                owner.journal()
            await settle()
            await clock.advance(0.051)
            await until(lambda: store._commit.writes > writes)
            session = owner.session
            place.conductor.sessions.drop(session)
        async with house(tmp_path, FREE) as place:
            owner = await place.conductor.sessions.open(session)
            assert (5, {"drums/swing": 0.5}) == (owner.seq, owner.state.parameters)
