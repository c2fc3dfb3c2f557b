"""Generations: quotas, locks, regeneration, cancel, crash recovery, quality."""

from pathlib import Path

import pytest

from musearoo.conductor.values import fingerprint, unpack
from musearoo.conductor.world import Rules
from musearoo.domain.context import EngineContext
from musearoo.domain.errors import Conflict, InvalidValue, NotFound, QuotaExceeded
from musearoo.domain.events import GenerationAccepted, GenerationCompleted, TakeBar
from musearoo.domain.ids import SessionId, TakeId
from musearoo.domain.permissions import Permission
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, House, house


async def events_of(place: House, actor: object, project: object) -> list[object]:
    access = await place.conductor.gate.access(actor, project, Permission.VIEW, ORIGIN)  # type: ignore[arg-type]
    _, events = await place.conductor.sessions.events(access, epoch=None, after=0, limit=1000)
    return [each.event for each in events]


class TestOneGeneration:
    async def test_bars_come_in_order_and_the_take_holds_the_same_notes(
        self, tmp_path: Path
    ) -> None:
        """What was streamed bar by bar is what is stored."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            record = await place.generated(ada, project, seed=7)
            assert record.status == "completed"
            events = await events_of(place, ada, project)
            bars = [event for event in events if isinstance(event, TakeBar)]
            assert [bar.bar for bar in bars] == list(range(1, 9))
            assert isinstance(events[0], GenerationAccepted)
            assert isinstance(events[-1], GenerationCompleted)
            take = await place.conductor.takes.take(TakeId(record.take or ""), SessionId(project))
            streamed = [note for bar in bars for note in bar.notes]
            assert sorted(streamed, key=lambda note: note.id) == sorted(
                take.notes, key=lambda note: note.id
            )
            context = unpack(take.context, EngineContext)
            assert take.recipe.context_hash == fingerprint(context)

    async def test_a_request_does_not_change_the_projects_parameters(self, tmp_path: Path) -> None:
        """Default < project < request, and the request stays its own."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            path = {"path": "drums/complexity", "value": 0.9}
            await place.do(ada, project, "set_parameter", path)
            plain = await place.generated(ada, project)
            asked = await place.generated(ada, project, parameters={"complexity": 0.1})
            again = await place.generated(ada, project)
            used = [each.parameters_used["complexity"] for each in (plain, asked, again)]
            assert used == [0.9, 0.1, 0.9]

    async def test_style_hints_stand_for_the_style(self, tmp_path: Path) -> None:
        """`style_hints` and the alias `style_hint` choose the style, synonyms included."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            hinted = await place.generated(ada, project, style_hints=["funky"])
            alias = await place.generated(ada, project, parameters={"style_hint": "jazz"})
            styles = [each.parameters_used["style"] for each in (hinted, alias)]
            assert styles == ["funk", "jazz"]

    @pytest.mark.parametrize(
        "args",
        [
            {"engine": "kazooroo"},
            {"parameters": {"complexity": 7}},
            {"parameters": {"loudness": 1}},
            {"parameters": {"complexity": float("nan")}},
            {"style_hints": ["polka dot"]},
            {"bars": 0},
            {"bars": 100_000},
            {"seed": -1},
            {"part": "../../etc"},
            {"part": "session"},
        ],
    )
    async def test_nonsense_is_refused_and_costs_no_quota(
        self, tmp_path: Path, args: dict[str, object]
    ) -> None:
        """A refused request leaves no event and takes nothing from the quota."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            with pytest.raises(InvalidValue):
                await place.generated(ada, project, **args)
            assert place.conductor.generation.windows(ada)[0].remaining == 5
            assert await events_of(place, ada, project) == []

    async def test_the_sixth_in_a_minute_is_refused(self, tmp_path: Path) -> None:
        """The free tier's five a minute hold over all engines."""
        clock = SteppedClock()
        async with house(tmp_path, clock=clock) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            for engine in ("drummaroo", "melodyroo", "harmonyroo", "melodyroo", "drummaroo"):
                await place.generated(ada, project, engine=engine)
            await clock.advance(59.9)
            with pytest.raises(QuotaExceeded):
                await place.generated(ada, project)
            await clock.advance(0.2)
            await place.generated(ada, project)

    async def test_quality_picks_the_best_of_several_takes(self, tmp_path: Path) -> None:
        """The quality target plays as a job and keeps the take its engine rates highest."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            ack = await place.do(
                ada, project, "generate", {"engine": "drummaroo", "quality_target": "quality"}
            )
            assert place.jobs.woken == 1
            job = await place.world.store.read(
                lambda tx: tx.jobs.of_subject(ack.generation_id or "")
            )
            assert job is not None
            await place.conductor.performance.perform(job, lambda _share: None, NeverCancelled())
            takes = await place.conductor.takes.selected(
                (await place.conductor.sessions.open(SessionId(project))).state, SessionId(project)
            )
            runs = place.world.engines.runs  # type: ignore[attr-defined]
            assert len({run.seed for run in runs}) == 4
            assert takes["drums"].recipe.seed == runs[-1].seed


class TestLocksAndRegeneration:
    async def test_regenerating_a_bar_leaves_the_rest_bit_identical(self, tmp_path: Path) -> None:
        """Only bar 3 changes; the other notes keep even their ids."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            first = await place.generated(ada, project, seed=1)
            ack = await place.do(
                ada, project, "regenerate", {"part": "drums", "bars": [3], "seed": 99}
            )
            await place.ended(ack.generation_id)
            old = await place.conductor.takes.take(TakeId(first.take or ""), SessionId(project))
            new = await place.conductor.takes.take(TakeId(ack.take_id or ""), SessionId(project))
            third = range(2 * 3840, 3 * 3840)
            rest_old = [note for note in old.notes if note.start not in third]
            rest_new = [note for note in new.notes if note.start not in third]
            assert rest_new == rest_old
            assert [n for n in new.notes if n.start in third] != [
                n for n in old.notes if n.start in third
            ]
            assert new.parent == old.id
            assert new.recipe.operations[-1].bars == (2,)

    async def test_locked_bars_and_voices_survive_a_new_take(self, tmp_path: Path) -> None:
        """A new take keeps the notes of locked bars and voices."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            await place.generated(ada, project, seed=1)
            session = SessionId(project)
            state = (await place.conductor.sessions.open(session)).state
            old = (await place.conductor.takes.selected(state, session))["drums"]
            lock = {"part": "drums", "bars": [1], "voices": ["kick"]}
            await place.do(ada, project, "lock", lock)
            await place.generated(ada, project, seed=2)
            state = (await place.conductor.sessions.open(session)).state
            new = (await place.conductor.takes.selected(state, session))["drums"]

            def held(notes: object) -> list[object]:
                return [n for n in notes if n.start < 3840 or n.voice == "kick"]  # type: ignore[attr-defined]

            assert held(new.notes) == held(old.notes)
            assert new.notes != old.notes

    async def test_everything_locked_is_a_clear_conflict(self, tmp_path: Path) -> None:
        """With all bars locked there is nothing to play."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            await place.generated(ada, project)
            await place.do(ada, project, "lock", {"part": "drums"})
            with pytest.raises(Conflict, match="locked"):
                await place.generated(ada, project)


class TestAfterACrash:
    async def test_an_interrupted_generation_is_queued_again(self, tmp_path: Path) -> None:
        """What was accepted and not finished is played after the restart."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            done = await place.generated(ada, project, seed=5)
            stuck = type(done)(
                **{
                    **{name: getattr(done, name) for name in done.__struct_fields__},
                    "status": "processing",
                    "take": None,
                }
            )
            await place.world.store.write(lambda tx: tx.work.update_generation(stuck))
        async with house(tmp_path, Rules(quotas=False)) as place:
            assert place.jobs.woken == 1
            job = await place.world.store.read(lambda tx: tx.jobs.of_subject(done.id))
            assert job is not None
            assert job.kind == "generate"

    async def test_quota_counters_survive(self, tmp_path: Path) -> None:
        """A restart forgives nothing."""
        clock = SteppedClock()
        async with house(tmp_path, clock=clock) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            for _ in range(3):
                await place.generated(ada, project)
        async with house(tmp_path, clock=clock) as place:
            left = [window.remaining for window in place.conductor.generation.windows(ada)]
            assert left == [2, 47, 197]


class TestCancel:
    async def test_an_ended_generation_cannot_be_cancelled(self, tmp_path: Path) -> None:
        """Cancelling what is over is a conflict; a stranger's looks missing."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada, eve = await place.person("ada"), await place.person("eve")
            project, other = await place.project(ada), await place.project(eve)
            record = await place.generated(ada, project)
            with pytest.raises(Conflict, match="completed"):
                await place.do(ada, project, "cancel_generation", {"generation_id": record.id})
            with pytest.raises(NotFound):
                await place.do(eve, other, "cancel_generation", {"generation_id": record.id})

    async def test_a_running_one_ends_without_a_take(self, tmp_path: Path) -> None:
        """A cancelled generation is told to everyone and selects nothing."""
        async with house(tmp_path, Rules(quotas=False)) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            goes_on = place.world.engines.goes_on  # type: ignore[attr-defined]
            goes_on.clear()  # however quick the band is, it has not ended
            ack = await place.do(ada, project, "generate", {"engine": "drummaroo", "bars": 256})
            await place.do(ada, project, "cancel_generation", {"generation_id": ack.generation_id})
            goes_on.set()
            record = await place.ended(ack.generation_id)
            assert (record.status, record.take) == ("cancelled", None)


class NeverCancelled:
    requested = False

    def on_request(self, callback: object) -> None:
        return
