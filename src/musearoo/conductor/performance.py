"""The playing of a generation: bars out as they come, then the take, stored and selected."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from musearoo.conductor.admission import Admission
from musearoo.conductor.cancelling import CancelFlag
from musearoo.conductor.plans import Plan, in_order
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.sessions import Sessions
from musearoo.conductor.values import pack, unpack
from musearoo.conductor.world import World
from musearoo.domain.engine import MAXIMUM_SEED, Bar
from musearoo.domain.errors import Conflict, MuseArooError, ReducedCapacity, Unavailable
from musearoo.domain.events import GenerationCompleted, GenerationFailed, TakeBar
from musearoo.domain.ids import AssetId, GenerationId, JobId, SessionId
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.domain.records import Asset, GenerationRecord, Job, Take, WorkStatus
from musearoo.ports.store import Transaction
from musearoo.ports.work import Cancel, Lane

RENDERINGS: Final = (
    ("midi", "mid", "audio/midi"),
    ("audio", "wav", "audio/wav"),
    ("notation", "svg", "image/svg+xml"),
)


class Performance:
    """Runs accepted generations to their end, whatever end that is."""

    def __init__(self, world: World, sessions: Sessions, admission: Admission) -> None:
        self._world = world
        self._sessions = sessions
        self._admission = admission
        self._running: dict[GenerationId, CancelFlag] = {}
        self._ended: dict[GenerationId, asyncio.Event] = {}

    def begin(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        *,
        begin_within: float | None,
    ) -> None:
        """Play at once in the background, on the interactive lane.

        What no worker has begun within that many seconds goes on as a queued job.
        """
        flag = self._running[record.id] = CancelFlag()
        work = self._play_live(session, plan, record, flag, begin_within)
        self._world.spawn(work, name="generation.play")

    def expect(self, generation: GenerationId) -> None:
        """Let `ended` wait for a generation that is being accepted."""
        self._ended[generation] = asyncio.Event()

    async def ended(self, generation: GenerationId, seconds: float) -> None:
        """Wait until an accepted generation has ended, but not longer than `seconds`."""
        event = self._ended.get(generation)
        if event is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def cancel(self, record: GenerationRecord) -> None:
        """Stop a generation, wherever it is; raises `Conflict` when it has ended."""
        flag = self._running.get(record.id)
        if flag is not None:
            flag.request()
            return
        if record.status not in {"queued", "processing"}:
            raise Conflict(f"The generation is {record.status} already.")
        job = await self._world.store.write(lambda tx: _request_cancel(tx, record.id))
        if job is not None:
            self._world.jobs.cancel(job.id)

    async def perform(self, job: Job, progress: Callable[[float], None], cancel: Cancel) -> None:
        """Play a queued generation as a durable job."""
        record = await self._world.store.read(
            lambda tx: tx.work.generation(GenerationId(job.subject))
        )
        if record is None or record.status in {"completed", "failed", "cancelled"}:
            return
        plan = unpack(record.run, Plan)
        session = await self._sessions.open(SessionId(record.project))
        await self._play(session, plan, record, "durable", cancel, progress)

    async def gave_up(self, job: Job, status: WorkStatus, error: str | None) -> None:
        """Tell everyone that a queued generation ended without a take."""
        record = await self._world.store.read(
            lambda tx: tx.work.generation(GenerationId(job.subject))
        )
        if record is None or record.status in {"completed", "failed", "cancelled"}:
            return
        session = await self._sessions.open(SessionId(record.project))
        failure = Unavailable(error or "The generation was cancelled.")
        plan = unpack(record.run, Plan)
        await self._fail(session, plan, record, failure, cancelled=status == "cancelled")

    async def recover(self) -> int:
        """Queue what a crash interrupted, so that nothing accepted is lost; answers how many."""

        def requeue(tx: Transaction) -> int:
            lost = [
                record
                for record in tx.work.unfinished_generations()
                if tx.jobs.of_subject(record.id) is None
            ]
            for record in lost:
                tx.work.update_generation(replace(record, status="queued"))
                tx.jobs.enqueue(generation_job(self._world, record))
            return len(lost)

        count = await self._world.store.write(requeue)
        if count:
            self._world.jobs.wake()
        return count

    async def _play_live(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        flag: CancelFlag,
        begin_within: float | None,
    ) -> None:
        try:
            await self._play(session, plan, record, "interactive", flag, _ignore, begin_within)
        except ReducedCapacity:
            await self._queue(record)
        except MuseArooError as failure:
            await self._fail(session, plan, record, failure, cancelled=flag.requested)
        finally:
            self._running.pop(record.id, None)

    async def _play(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        lane: Lane,
        cancel: Cancel,
        progress: Callable[[float], None],
        begin_within: float | None = None,
    ) -> None:
        began = self._world.clock.monotonic()
        drop_after = began + begin_within if begin_within is not None else None
        notes: list[Note] = list(plan.kept)

        def on_bar(bar: Bar) -> None:
            notes.extend(bar.notes)
            _publish(session, plan, record, bar)
            progress((bar.index + 1) / plan.bars)

        if plan.candidates > 1:
            plan = await self._best(plan, lane, cancel)
        performed = await self._world.engines.play(
            plan.run, lane=lane, on_bar=on_bar, cancel=cancel, drop_after=drop_after
        )
        elapsed = self._world.clock.monotonic() - began
        if lane == "interactive":
            self._admission.observe(plan.run.engine, plan.bars, performed.seconds)
        await self._complete(session, plan, record, tuple(notes), performed.confidence, elapsed)

    async def _best(self, plan: Plan, lane: Lane, cancel: Cancel) -> Plan:
        """Of several whole takes the one the engine itself rates highest (nothing was streamed)."""
        chance = Chance(plan.run.seed, "candidates")
        seeds = [plan.run.seed] + [
            chance.bits() % (MAXIMUM_SEED + 1) for _ in range(plan.candidates - 1)
        ]
        rated: list[tuple[float, int, int]] = []
        for seed in seeds:
            run = replace(plan.run, seed=seed)
            rating = await self._world.engines.play(run, lane=lane, on_bar=_unheard, cancel=cancel)
            rated.append((rating.confidence, -len(rated), seed))
        best = max(rated)[2]
        return replace(
            plan, run=replace(plan.run, seed=best), recipe=replace(plan.recipe, seed=best)
        )

    async def _complete(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        notes: tuple[Note, ...],
        confidence: float,
        elapsed: float,
    ) -> None:
        take = _take(plan, record, notes, confidence, self._world.clock.now())
        milliseconds = round(1000 * elapsed)
        done = replace(
            record,
            status="completed",
            progress=1.0,
            take=take.id,
            confidence=confidence,
            generation_time_ms=milliseconds,
        )
        session.sequence(
            GenerationCompleted(
                generation_id=record.id,
                take_id=take.id,
                engine=record.engine,
                part=plan.part,
                confidence=confidence,
                generation_time_ms=milliseconds,
                parent_take=plan.parent,
            ),
            user=record.user,
            cause=plan.cause,
        )
        assets = [self._asset(take, *rendering) for rendering in RENDERINGS]
        month = _month(take.created_at)

        def keep(tx: Transaction) -> None:
            tx.work.insert_take(take)
            tx.work.update_generation(done)
            for asset in assets:
                tx.work.insert_asset(asset)
            tx.accounts.count_generation(record.user, month, 1)

        await session.commit(keep)
        self._end(record.id)

    async def _fail(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        failure: MuseArooError,
        *,
        cancelled: bool,
    ) -> None:
        status: WorkStatus = "cancelled" if cancelled else "failed"
        if self._world.rules.quotas and not cancelled:
            clock = self._world.clock
            age = clock.now() - record.created_at
            self._world.limiter.refund(record.user, 1, clock.monotonic(), age=age)
        session.sequence(
            GenerationFailed(
                generation_id=record.id,
                part=plan.part,
                code="cancelled" if cancelled else failure.code,
                detail=failure.detail,
            ),
            user=record.user,
            cause=plan.cause,
        )
        ended = replace(record, status=status, error=failure.detail)
        await session.commit(lambda tx: tx.work.update_generation(ended))
        self._end(record.id)

    def _end(self, generation: GenerationId) -> None:
        event = self._ended.pop(generation, None)
        if event is not None:
            event.set()

    async def _queue(self, record: GenerationRecord) -> None:
        """What could no longer be in time goes on as a queued job."""

        def keep(tx: Transaction) -> None:
            tx.work.update_generation(replace(record, status="queued"))
            tx.jobs.enqueue(generation_job(self._world, record))

        await self._world.store.write(keep)
        self._world.jobs.wake()

    def _asset(self, take: Take, kind: str, suffix: str, media_type: str) -> Asset:
        return Asset(
            id=AssetId(self._world.ids.new()),
            project=take.project,
            owner=take.user,
            kind=kind,  # type: ignore[arg-type]
            name=f"{take.part}.{suffix}",
            media_type=media_type,
            created_at=take.created_at,
            recipe=f"take:{take.id}:{kind}",
        )


def generation_job(world: World, record: GenerationRecord) -> Job:
    """The durable job that plays a generation."""
    return Job(
        id=JobId(world.ids.new()),
        kind="generate",
        subject=record.id,
        project=record.project,
        user=record.user,
        state="queued",
        created_at=world.clock.now(),
    )


def _publish(session: Sequencer, plan: Plan, record: GenerationRecord, bar: Bar) -> None:
    session.sequence(
        TakeBar(
            generation_id=record.id,
            take_id=plan.take_id,
            part=plan.part,
            bar=bar.index + 1,
            notes=in_order((*bar.notes, *plan.kept_in(bar.index))),
        ),
        user=record.user,
        cause=plan.cause,
    )


def _take(
    plan: Plan, record: GenerationRecord, notes: tuple[Note, ...], confidence: float, now: float
) -> Take:
    return Take(
        id=plan.take_id,
        project=record.project,
        part=plan.part,
        user=record.user,
        recipe=plan.recipe,
        context=pack(plan.run.context),
        notes=in_order(notes),
        bars=plan.bars,
        created_at=now,
        generation=record.id,
        parent=plan.parent,
        confidence=confidence,
    )


def _request_cancel(tx: Transaction, generation: GenerationId) -> Job | None:
    job = tx.jobs.of_subject(generation)
    if job is not None:
        tx.jobs.request_cancel(job.id)
    return job


def _ignore(_progress: float) -> None:
    return


def _unheard(_bar: Bar) -> None:
    return


def _month(now: float) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m}"
