"""How generations end: stored though the store was away, drafts that survive, measured stages."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor import ending, underway
from musearoo.conductor.world import Rules
from musearoo.domain.errors import NotFound, Unavailable
from musearoo.domain.events import GenerationCompleted, GenerationFailed, TakeBar, TakeSelected
from musearoo.domain.ids import GenerationId, SessionId, TakeId
from musearoo.domain.records import GenerationRecord, Job
from musearoo.security.ambient import SystemRandom, Uuid7Ids
from tests.application.conductor.test_generation import events_of
from tests.doubles.clock import SteppedClock
from tests.doubles.house import House, house
from tests.waiting import PATIENCE, until

FREE = Rules(quotas=False)
DRUMS = {"engine": "drummaroo", "bars": 2, "seed": 7}


class Away:
    """A store whose writes fail while `down`; the next `silently` are done and not answered."""

    def __init__(self, place: House) -> None:
        self.down = False
        self.refused = 0
        self.at_most = 10_000
        self.again = asyncio.Event()
        self.silently = 0
        store = place.world.store
        self._write = store.write
        store.write = self.write  # type: ignore[method-assign]

    async def write(self, work: Any) -> Any:
        if self.silently:
            self.silently -= 1
            await self._write(work)
            raise Unavailable("The connection broke.")
        if self.down and self.refused < self.at_most:
            self.refused += 1
            if self.refused == 3:
                self.again.set()
            raise Unavailable("The disk is full.")
        return await self._write(work)


async def accepted(place: House) -> None:
    """Wait until a request is stored; what is played sooner is stored together with it."""
    read = place.world.store.read
    await until(lambda: read(lambda tx: tx.work.unfinished_generations()), "a stored request")


async def stopped_before_the_end(place: House, away: Away) -> None:
    """The store goes away when the last bar has been played."""
    play = place.world.engines.play

    async def then_away(*args: Any, **options: Any) -> Any:
        performed = await play(*args, **options)
        await accepted(place)
        away.down = True
        return performed

    place.world.engines.play = then_away  # type: ignore[method-assign]


@pytest.mark.parametrize("draft", [False, True])
async def test_a_take_waits_in_memory_for_the_store(tmp_path: Path, draft: bool) -> None:
    """Nobody is told of a failure; the take is stored when the store answers again."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project)
        away = Away(place)
        await stopped_before_the_end(place, away)
        ack = await place.do(ada, project, "generate", {**DRUMS, "draft": draft})
        await asyncio.wait_for(away.again.wait(), PATIENCE)
        away.down = False
        record = await place.ended(ack.generation_id)
        assert record.status == "completed"
        take = await place.conductor.takes.visible(TakeId(record.take or ""), ada)
        events = await events_of(place, ada, project)
        assert not any(isinstance(event, GenerationFailed) for event in events)
        last = [e for e in events if getattr(e, "generation_id", None) == record.id]
        told = [note for e in last if isinstance(e, TakeBar) for note in e.notes]
        if draft:
            assert last == []
        else:
            assert isinstance(last[-1], GenerationCompleted)
            assert {note.id for note in told} == {note.id for note in take.notes}


async def test_what_is_played_at_once_is_stored_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Request, take and answer in one transaction; the answer tells of a take that is there."""
    monkeypatch.setattr(underway, "TOGETHER_SECONDS", PATIENCE)
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project, bars=1)
        writes: list[object] = []
        write = place.world.store.write

        async def counted(work: Any) -> Any:
            writes.append(work)
            return await write(work)

        place.world.store.write = counted  # type: ignore[method-assign]
        ack = await place.do(
            ada, project, "generate", {"engine": "drummaroo", "bars": 1}, command="once"
        )
        assert len(writes) == 1
        record = await place.conductor.generation.record(GenerationId(ack.generation_id or ""))
        assert (record.status, record.take) == ("completed", ack.take_id)
        again = await place.do(
            ada, project, "generate", {"engine": "drummaroo", "bars": 1}, command="once"
        )
        assert (again, len(writes)) == (ack, 1)


async def test_what_was_stored_without_an_answer_is_not_stored_twice(tmp_path: Path) -> None:
    """A connection that breaks after the commit leaves one take and one event."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project)
        away = Away(place)
        play = place.world.engines.play

        async def then_silent(*args: Any, **options: Any) -> Any:
            performed = await play(*args, **options)
            await accepted(place)
            away.silently = 1
            return performed

        place.world.engines.play = then_silent  # type: ignore[method-assign]
        ack = await place.do(ada, project, "generate", DRUMS)
        assert (await place.ended(ack.generation_id)).status == "completed"
        events = await events_of(place, ada, project)
        ends = [e for e in events if isinstance(e, GenerationCompleted)]
        assert [e.generation_id for e in ends].count(GenerationId(ack.generation_id or "")) == 1


async def test_a_store_that_stays_away_is_told(tmp_path: Path) -> None:
    """After a bounded time those who wait are let go, and the refusal is told."""
    clock = SteppedClock()
    async with house(tmp_path, FREE, clock=clock) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        await place.generated(ada, project)
        away = Away(place)
        await stopped_before_the_end(place, away)
        heard: list[object] = []
        place.world.bus.subscribe(
            SessionId(project), lambda events: heard.extend(e.event for e in events)
        )
        ack = await place.do(ada, project, "generate", DRUMS)
        await until(lambda: away.refused, "the first refusal")
        assert not any(isinstance(event, GenerationFailed) for event in heard)
        known = GenerationId(ack.generation_id or "")
        end = asyncio.create_task(place.conductor.performance.ended(known, PATIENCE))
        began = clock.now()

        async def let_go() -> bool:
            await clock.advance(0.5)
            return end.done()

        await until(let_go, "those who wait to be let go")
        assert ending.STORE_SECONDS / 2 < clock.now() - began <= ending.STORE_SECONDS + 1.0
        assert away.refused > 2
        assert isinstance(heard[-1], GenerationFailed)
        away.down = False


async def test_a_draft_that_a_crash_interrupted_is_played_to_its_end(tmp_path: Path) -> None:
    """It is queued as any other, remains a draft, and its asker finds it."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)

        async def never(*_args: object, **_options: object) -> None:
            await asyncio.Event().wait()

        place.world.engines.play = never  # type: ignore[method-assign,assignment]
        ack = await place.do(ada, project, "generate", {**DRUMS, "draft": True})
        generation = GenerationId(ack.generation_id or "")
    async with house(tmp_path, FREE, Uuid7Ids(), SystemRandom()) as place:
        job = await place.world.store.read(lambda tx: tx.jobs.of_subject(generation))
        assert isinstance(job, Job)

        class Nobody:
            requested = False

            def on_request(self, callback: Any) -> None:
                """Nobody asks."""

        await place.conductor.performance.perform(job, lambda _value: None, Nobody())
        record = await place.conductor.generation.visible(generation, ada)
        assert (record.status, record.draft) == ("completed", True)
        take = await place.conductor.takes.visible(TakeId(record.take or ""), ada)
        assert take.draft
        assert await events_of(place, ada, project) == []


async def test_a_kept_draft_of_a_new_part_is_heard_and_plays(tmp_path: Path) -> None:
    """Committing it publishes it; where nothing plays yet, it does from then on."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        record = await place.generated(ada, project, bars=2, draft=True)
        pick = {"part": "drums", "take_id": record.take}
        await place.do(ada, project, "commit_take", pick)
        kinds = [type(event) for event in await events_of(place, ada, project)]
        assert kinds[:3] == [TakeBar, TakeBar, TakeSelected]
        state = (await place.conductor.sessions.open(SessionId(project))).state
        assert (state.parts["drums"].selected, state.parts["drums"].committed) == (
            record.take,
            record.take,
        )


async def test_publishing_that_is_not_stored_leaves_a_draft(tmp_path: Path) -> None:
    async with house(tmp_path, FREE) as place:
        ada, bob = await place.person("ada"), await place.person("bob")
        project = await place.project(ada)
        record = await place.generated(ada, project, bars=1, draft=True)
        away, pick = Away(place), {"part": "drums", "take_id": record.take}
        away.down, away.at_most = True, 1
        with pytest.raises(Unavailable):
            await place.do(ada, project, "select_take", pick)
        take = TakeId(record.take or "")
        assert (await place.conductor.takes.visible(take, ada)).draft
        with pytest.raises(NotFound):
            await place.conductor.takes.visible(take, bob)
        await place.do(ada, project, "select_take", pick)
        assert not (await place.conductor.takes.visible(take, ada)).draft


async def test_drafts_count_against_the_quota(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        before = place.conductor.generation.windows(ada)[0].remaining
        await place.generated(ada, project, bars=1, draft=True)
        assert place.conductor.generation.windows(ada)[0].remaining == before - 1


async def test_the_stages_of_a_generation_come_in_their_order(tmp_path: Path) -> None:
    """In the event, in the record, and whole in the answer to who waited."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        seen: list[GenerationRecord] = []
        place.conductor.endings.on_completed(seen.append)
        record = await place.generated(ada, project)
        told = (await events_of(place, ada, project))[-1]
        assert isinstance(told, GenerationCompleted)
        stages = seen[0].stages
        times = [
            stages.admitted,
            stages.dispatched,
            stages.first_bar,
            stages.last_bar,
            stages.sent,
            stages.stored,
        ]
        assert None not in times
        assert times == sorted(times)  # type: ignore[type-var]
        assert record.stages == told.stages
        assert (record.stages.sent, record.stages.stored) == (stages.sent, None)
