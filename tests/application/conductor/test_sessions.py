"""Session commands: order, durability, repeats, epochs, settings, takes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor.world import Rules
from musearoo.domain.errors import (
    Conflict,
    Forbidden,
    Gone,
    IdempotencyConflict,
    InvalidValue,
    NotFound,
    Unavailable,
)
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.session.state import SessionState
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, House, house

FREE = Rules(quotas=False, journal_delay=0.005)
TEMPO = {"path": "session/tempo", "value": 96}
KNOB = "drums/complexity"


async def started(folder: Path, place: House) -> tuple[Actor, ProjectId]:
    ada = await place.person("ada")
    return ada, await place.project(ada)


async def state_of(place: House, project: ProjectId) -> SessionState:
    return (await place.conductor.sessions.open(SessionId(project))).state


async def log_of(place: House, ada: Actor, project: ProjectId) -> list[Any]:
    access = await place.conductor.gate.access(ada, project, Permission.VIEW, ORIGIN)
    _, events = await place.conductor.sessions.events(access, epoch=None, after=0, limit=1000)
    return list(events)


class TestOrder:
    async def test_numbers_are_gapless_under_concurrency(self, tmp_path: Path) -> None:
        """A hundred commands at once get a hundred numbers in a row."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            acks = await asyncio.gather(
                *(
                    place.do(ada, project, "set_parameter", {"path": KNOB, "value": n / 100})
                    for n in range(100)
                )
            )
            assert sorted(ack.seq for ack in acks) == list(range(1, 101))
            events = await log_of(place, ada, project)
            assert [event.seq for event in events] == list(range(1, 101))

    async def test_the_log_rebuilds_the_state(self, tmp_path: Path) -> None:
        """A session opened again is what it was, under the same epoch after a clean end."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            await place.do(ada, project, "set_parameter", TEMPO)
            await place.do(ada, project, "set_parameter", {"path": KNOB, "value": 0.3})
            before = await state_of(place, project)
            epoch = (await place.conductor.sessions.open(SessionId(project))).epoch
        async with house(tmp_path, FREE) as place:
            session = await place.conductor.sessions.open(SessionId(project))
            assert session.state == before
            assert (session.seq, session.epoch) == (2, epoch)

    async def test_snapshots_shorten_the_replay(self, tmp_path: Path) -> None:
        """After 300 events the stored state covers the first 256 and more."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            for number in range(300):
                value = {"path": "session/tempo", "value": 60 + number % 100}
                await place.do(ada, project, "set_parameter", value)
            record = await place.world.store.read(lambda tx: tx.sessions.get(SessionId(project)))
            assert record is not None
            assert record.state_seq >= 256


class TestEpochs:
    async def test_a_crash_starts_a_new_epoch(self, tmp_path: Path) -> None:
        """Without a clean end the next owner continues under another epoch."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            first = await place.do(ada, project, "set_parameter", TEMPO)
            session = await place.conductor.sessions.open(SessionId(project))
            place.conductor.sessions.drop(SessionId(project))  # as a crash would
            again = await place.conductor.sessions.open(SessionId(project))
            assert again is not session
            assert again.epoch != first.epoch
            assert again.seq == 1
            assert again.state.tempo_map.bpm == 96

    async def test_an_old_epoch_or_a_number_from_the_future_is_gone(self, tmp_path: Path) -> None:
        """A reader of a lost epoch must take the snapshot."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            await place.do(ada, project, "set_parameter", TEMPO)
            access = await place.conductor.gate.access(ada, project, Permission.VIEW, ORIGIN)
            for epoch, after in (("another", 0), (None, 99)):
                with pytest.raises(Gone):
                    await place.conductor.sessions.events(
                        access, epoch=epoch, after=after, limit=10
                    )

    async def test_a_failed_commit_goes_back_to_the_durable_state(self, tmp_path: Path) -> None:
        """When the disk fails, nothing is acknowledged and the session starts a new epoch."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            first = await place.do(ada, project, "set_parameter", TEMPO)
            store = place.world.store
            write, failures = store.write, iter([True])

            async def failing(work: Any) -> Any:
                if next(failures, False):
                    raise Unavailable("The disk is full.")
                return await write(work)

            store.write = failing  # type: ignore[method-assign]
            with pytest.raises(Unavailable):
                await place.do(ada, project, "set_parameter", {**TEMPO, "value": 180})
            after = await place.do(ada, project, "set_parameter", {**TEMPO, "value": 70})
            assert (after.seq, after.epoch != first.epoch) == (2, True)
            assert (await state_of(place, project)).tempo_map.bpm == 70


class TestRepeats:
    async def test_a_repeated_id_gives_the_first_answer_and_one_effect(
        self, tmp_path: Path
    ) -> None:
        """Once, twice at the same time, and again after a restart: one event."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            first, second = await asyncio.gather(
                place.do(ada, project, "set_parameter", TEMPO, command="one"),
                place.do(ada, project, "set_parameter", TEMPO, command="one"),
            )
            assert first == second
        async with house(tmp_path, FREE) as place:
            third = await place.do(ada, project, "set_parameter", TEMPO, command="one")
            assert third == first
            assert len(await log_of(place, ada, project)) == 1

    async def test_the_same_id_with_another_body_is_a_conflict(self, tmp_path: Path) -> None:
        """An id belongs to one request, while it runs and afterwards."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            await place.do(ada, project, "set_parameter", TEMPO, command="one")
            with pytest.raises(IdempotencyConflict):
                await place.do(ada, project, "set_parameter", {**TEMPO, "value": 97}, command="one")

    async def test_a_refusal_is_not_remembered(self, tmp_path: Path) -> None:
        """After a refusal the same id can be used for the right request."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            with pytest.raises(InvalidValue):
                await place.do(ada, project, "set_parameter", {**TEMPO, "value": 0}, command="one")
            await place.do(ada, project, "set_parameter", TEMPO, command="one")

    async def test_ids_of_two_people_are_apart(self, tmp_path: Path) -> None:
        """Somebody else's id does not answer for mine."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            ben = await place.person("ben")
            other = await place.project(ben)
            await place.do(ada, project, "set_parameter", TEMPO, command="one")
            await place.do(ben, other, "set_parameter", {**TEMPO, "value": 60}, command="one")
            assert (await state_of(place, other)).tempo_map.bpm == 60


class TestSettings:
    @pytest.mark.parametrize(
        ("path", "value", "attribute", "expected"),
        [
            ("session/tempo", 120.5, "tempo_map.bpm", 120.5),
            ("session/key", "Bb major", "key.name", "Bb major"),
            ("session/style", "bossa nova", "style", "latin"),
            ("session/meter", "7/8 3+2+2", "meter.grouping", (3, 2, 2)),
        ],
    )
    async def test_session_paths_set_the_music(
        self, tmp_path: Path, path: str, value: object, attribute: str, expected: object
    ) -> None:
        """Tempo, key, style and meter have one way in."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            await place.do(ada, project, "set_parameter", {"path": path, "value": value})
            found: Any = await state_of(place, project)
            for name in attribute.split("."):
                found = getattr(found, name)
            assert found == expected

    @pytest.mark.parametrize(
        ("name", "args"),
        [
            ("set_parameter", {"path": "session/tempo", "value": 0}),
            ("set_parameter", {"path": "session/tempo", "value": 10_000}),
            ("set_parameter", {"path": "session/tempo", "value": float("nan")}),
            ("set_parameter", {"path": "session/tempo", "value": "fast"}),
            ("set_parameter", {"path": "session/key", "value": "H minor"}),
            ("set_parameter", {"path": "session/key", "value": 3}),
            ("set_parameter", {"path": "session/meter", "value": "0/4"}),
            ("set_parameter", {"path": "session/style", "value": "polka dot"}),
            ("set_parameter", {"path": "drums/nothing", "value": 1}),
            ("set_parameter", {"path": "tuba/complexity", "value": 1}),
            ("set_parameter", {"path": KNOB, "value": True}),
            ("set_parameter", {"path": KNOB}),
            ("set_parameter", {"path": KNOB, "value": 0.5, "color": "red"}),
            ("set_chords", {"chords": [{"start": 0, "length": 0, "chord": "Am"}]}),
            ("set_chords", {"chords": [{"start": 0, "length": 9, "chord": "Zz"}]}),
            ("set_form", {"bars": 0}),
            ("set_form", {"bars": 4, "sections": [{"label": "A", "first_bar": 3, "bars": 2}]}),
            ("transport", {"action": "fly"}),
            ("transport", {"action": "locate", "bar": -1}),
            ("select_take", {"part": "drums", "take_id": "nope"}),
            ("lock", {"part": "drums"}),
            ("moonwalk", {}),
        ],
    )
    async def test_nonsense_is_refused_without_an_event(
        self, tmp_path: Path, name: str, args: dict[str, object]
    ) -> None:
        """Every bad value has a refusal that says what is right, and leaves no trace."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            with pytest.raises((InvalidValue, NotFound, Conflict)):
                await place.do(ada, project, name, args)
            assert await log_of(place, ada, project) == []

    async def test_at_says_where_a_change_lands(self, tmp_path: Path) -> None:
        """Stopped, everything but a named bar means now; rolling, the next bar has a time."""
        clock = SteppedClock()
        async with house(tmp_path, FREE, clock=clock) as place:
            ada, project = await started(tmp_path, place)
            knob = {"path": KNOB, "value": 0.5}
            stopped = await place.do(ada, project, "set_parameter", knob, at="next_bar")
            assert stopped.lands_at is not None
            assert (stopped.lands_at.bar, stopped.lands_at.server_time) == (1, None)
            await place.do(ada, project, "transport", {"action": "play", "bar": 1, "beat": 1.0})
            rolling = await place.do(ada, project, "set_parameter", knob, at="next_bar")
            assert rolling.lands_at is not None
            assert rolling.lands_at.bar == 2
            assert rolling.lands_at.server_time == pytest.approx(clock.now() + 1.5)


class TestTakes:
    async def test_an_edit_makes_a_new_take_and_undo_returns_to_the_old(
        self, tmp_path: Path
    ) -> None:
        """Notes are put and removed in a child take; undo selects its parent."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            record = await place.generated(ada, project, seed=1)
            old = (
                await place.conductor.takes.selected(
                    await state_of(place, project), SessionId(project)
                )
            )["drums"]
            gone = old.notes[0].id
            note = {"id": "", "start": 240, "length": 60, "pitch": 38, "velocity": 99}
            ack = await place.do(
                ada, project, "edit_notes", {"part": "drums", "put": [note], "remove": [gone]}
            )
            new = (
                await place.conductor.takes.selected(
                    await state_of(place, project), SessionId(project)
                )
            )["drums"]
            assert new.id == ack.take_id
            assert new.parent == old.id == record.take
            assert gone not in {each.id for each in new.notes}
            assert len(new.notes) == len(old.notes)
            await place.do(ada, project, "undo")
            assert (await state_of(place, project)).parts["drums"].selected == old.id

    async def test_a_take_of_another_project_looks_missing(self, tmp_path: Path) -> None:
        """Takes cannot be reached from outside their project."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            record = await place.generated(ada, project)
            eve = await place.person("eve")
            other = await place.project(eve)
            await place.generated(eve, other)
            with pytest.raises(NotFound):
                await place.do(eve, other, "select_take", {"part": "drums", "take_id": record.take})


class TestRights:
    async def test_a_stranger_sees_nothing_and_is_written_down(self, tmp_path: Path) -> None:
        """A stranger's command looks like one for a missing project, and is audited."""
        async with house(tmp_path, FREE) as place:
            _, project = await started(tmp_path, place)
            eve = await place.person("eve")
            details = []
            for target in (project, ProjectId("00000000-0000-7000-8000-00000000ffff")):
                with pytest.raises(NotFound) as refusal:
                    await place.do(eve, target, "set_parameter", TEMPO)
                details.append(refusal.value.detail)
            assert details[0] == details[1]
            lines = await place.world.store.read(lambda tx: tx.audit.latest(2))
            assert {line.result for line in lines} == {"refused"}

    async def test_rights_are_per_command(self, tmp_path: Path) -> None:
        """A collaborator with edit may turn knobs but not generate."""
        async with house(tmp_path, FREE) as place:
            ada, project = await started(tmp_path, place)
            ben = await place.person("ben")
            invited = await place.conductor.collaboration.invite(
                ada,
                project,
                "ben@example.org",
                frozenset({Permission.EDIT}),
                None,
                origin=ORIGIN,
            )
            secret = invited.url.partition("#join=")[2]
            await place.conductor.collaboration.join(ben, secret, origin=ORIGIN)
            await place.do(ben, project, "set_parameter", TEMPO)
            with pytest.raises(Forbidden, match="generate"):
                await place.generated(ben, project)
            with pytest.raises(NotFound):
                await place.conductor.collaboration.join(ben, secret, origin=ORIGIN)
