"""Generations whose way is not straight: cancelled while they wait, lost, broken, orphaned."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor import underway
from musearoo.conductor.world import Rules
from musearoo.domain.engine import Bar, EngineRun
from musearoo.domain.errors import Conflict, ReducedCapacity, Unavailable
from musearoo.domain.events import GenerationAccepted, GenerationFailed
from musearoo.domain.ids import GenerationId, SessionId
from musearoo.domain.permissions import Actor
from tests.application.conductor.test_generation import events_of
from tests.doubles.house import ORIGIN, House, house
from tests.waiting import PATIENCE, until

FREE = Rules(quotas=False)
DRUMS = {"engine": "drummaroo"}
QUALITY = {"engine": "drummaroo", "quality_target": "quality"}


def play_instead(place: House, monkeypatch: pytest.MonkeyPatch, play: Any) -> None:
    monkeypatch.setattr(place.world.engines, "play", play)


async def remaining(place: House, actor: Actor) -> int:
    return int(place.conductor.generation.windows(actor)[0].remaining)


class TestCancel:
    async def test_one_that_waits_as_a_job_ends_at_once(self, tmp_path: Path) -> None:
        """Nobody has begun it, so nobody else would tell that it has ended."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            ack = await place.do(ada, project, "generate", QUALITY)
            again = {"generation_id": ack.generation_id}
            await place.do(ada, project, "cancel_generation", again)
            assert (await place.ended(ack.generation_id)).status == "cancelled"
            failed = (await events_of(place, ada, project))[-1]
            assert isinstance(failed, GenerationFailed)
            assert failed.code == "cancelled"
            with pytest.raises(Conflict):
                await place.do(ada, project, "cancel_generation", again)

    async def test_one_that_is_just_being_queued(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A cancel that comes while live work becomes a job is not lost."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            asked = asyncio.Event()

            async def play(*_args: object, **_options: object) -> None:
                await asked.wait()
                raise ReducedCapacity("Too late.")

            play_instead(place, monkeypatch, play)
            ack = await place.do(ada, project, "generate", DRUMS)
            await place.do(ada, project, "cancel_generation", {"generation_id": ack.generation_id})
            asked.set()
            assert (await place.ended(ack.generation_id)).status == "cancelled"


class TestTooLateForAPlayer:
    async def test_it_is_told_that_it_waits_and_nobody_waits_for_its_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A second acceptance says `queued`; who asked to hear of that is let go at once."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            go = asyncio.Event()

            async def play(*_args: object, **_options: object) -> None:
                await go.wait()
                raise ReducedCapacity("Too late.")

            play_instead(place, monkeypatch, play)
            ack = await place.do(ada, project, "generate", DRUMS)
            generation = GenerationId(ack.generation_id or "")
            go.set()
            performance = place.conductor.performance
            early = performance.ended(generation, 2 * PATIENCE, or_queued=True)
            assert await asyncio.wait_for(early, PATIENCE) is None
            assert (await place.conductor.generation.record(generation)).status == "queued"
            told = await events_of(place, ada, project)
            assert [isinstance(e, GenerationAccepted) and e.queued for e in told] == [False, True]
            assert (await performance.ended(generation, 0.01)) is None


class TestRefusedByTheStore:
    @pytest.mark.parametrize("together", [0.0, PATIENCE], ids=["alone", "with its take"])
    async def test_what_was_not_accepted_is_not_played_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: float
    ) -> None:
        """One refund, no take, no event of a generation that nobody was promised."""
        monkeypatch.setattr(underway, "TOGETHER_SECONDS", together)
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            await place.conductor.sessions.open(SessionId(project))
            before = await remaining(place, ada)
            store = place.world.store
            write, failures = store.write, iter([True])

            async def failing(work: Any) -> Any:
                if next(failures, False):
                    await asyncio.sleep(0.02)
                    raise Unavailable("The disk is full.")
                return await write(work)

            store.write = failing  # type: ignore[method-assign]
            refunds: list[object] = []
            refund = place.world.limiter.refund

            def noted(*args: Any, **options: Any) -> None:
                refunds.append(args)
                refund(*args, **options)

            place.world.limiter.refund = noted  # type: ignore[method-assign]
            with pytest.raises(Unavailable):
                await place.do(ada, project, "generate", DRUMS)
            await until(lambda: not place.conductor.performance.under_way, "the end of the play")
            assert (await remaining(place, ada), len(refunds)) == (before, 1)
            assert await events_of(place, ada, project) == []
            assert not place.conductor.performance._ended


class TestBrokenOnOurSide:
    async def test_a_fault_of_ours_ends_the_generation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is told and refunded, without a word of the fault itself."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            before = await remaining(place, ada)

            async def play(
                run: EngineRun, *, on_bar: Callable[[Bar], None], **_options: object
            ) -> None:
                on_bar(Bar(0, ()))
                raise ZeroDivisionError("a secret")

            play_instead(place, monkeypatch, play)
            ack = await place.do(ada, project, "generate", DRUMS)
            record = await place.ended(ack.generation_id)
            assert record.status == "failed"
            assert "secret" not in (record.error or "")
            assert await remaining(place, ada) == before
            assert not place.conductor.performance._ended


class TestDeletedMeanwhile:
    async def test_a_generation_of_a_deleted_project_ends_quietly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those who wait for it are woken, and nothing of it stays in memory."""
        async with house(tmp_path, FREE) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            play, go = place.world.engines.play, asyncio.Event()

            async def later(*args: Any, **options: Any) -> Any:
                await go.wait()
                return await play(*args, **options)

            play_instead(place, monkeypatch, later)
            ack = await place.do(ada, project, "generate", DRUMS)
            generation = GenerationId(ack.generation_id or "")
            await place.conductor.projects.delete(ada, project, ORIGIN)
            go.set()
            end = place.conductor.performance.ended(generation, 2 * PATIENCE)
            await asyncio.wait_for(end, PATIENCE)
            assert not place.conductor.performance._ended
            assert not place.conductor.performance._running
