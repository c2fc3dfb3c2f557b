"""The playing of a generation: bars out as they come, then the take, stored and selected."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import replace

from musearoo.conductor.admission import Admission
from musearoo.conductor.cancelling import CancelFlag
from musearoo.conductor.plans import Plan, in_order
from musearoo.conductor.played import Played, bar_event, month_of, renderings_of, take_of
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.sessions import Sessions
from musearoo.conductor.takes import Takes
from musearoo.conductor.values import unpack
from musearoo.conductor.world import World
from musearoo.domain.engine import MAXIMUM_SEED, Bar
from musearoo.domain.errors import (
    Conflict,
    MuseArooError,
    NotFound,
    ReducedCapacity,
    Unavailable,
)
from musearoo.domain.events import GenerationCompleted, GenerationFailed
from musearoo.domain.ids import GenerationId, JobId, SessionId
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.domain.records import GenerationRecord, Job, WorkStatus
from musearoo.ports.store import Transaction
from musearoo.ports.work import Cancel, Lane

log = structlog.get_logger(__name__)

UNFINISHED: Final = frozenset({"queued", "processing"})


class _Live:
    """A generation that is being played at once: its cancel request, whether it is durable."""

    def __init__(self) -> None:
        self.cancel = CancelFlag()
        self.accepted = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Performance:
    """Runs accepted generations to their end, whatever end that is."""

    def __init__(
        self, world: World, sessions: Sessions, takes: Takes, admission: Admission
    ) -> None:
        self._world = world
        self._sessions = sessions
        self._takes = takes
        self._admission = admission
        self._running: dict[GenerationId, _Live] = {}
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
        live = self._running[record.id] = _Live()
        work = self._play_live(session, plan, record, live, begin_within)
        live.task = self._world.spawn(work, name="generation.play")

    def expect(self, generation: GenerationId) -> None:
        """Let `ended` wait for a generation that is being accepted."""
        self._ended[generation] = asyncio.Event()

    def accepted(self, generation: GenerationId) -> None:
        """The request is durable: what is played may come to an end."""
        live = self._running.get(generation)
        if live is not None:
            live.accepted.set()

    def withdraw(self, generation: GenerationId) -> None:
        """The request was not accepted after all: stop, and tell nobody."""
        live = self._running.get(generation)
        if live is not None and live.task is not None:
            live.task.cancel()
        self._end(generation)

    async def ended(self, generation: GenerationId, seconds: float) -> None:
        """Wait until an accepted generation has ended, but not longer than `seconds`."""
        event = self._ended.get(generation)
        if event is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def cancel(self, session: Sequencer, record: GenerationRecord) -> None:
        """Stop a generation, wherever it is; raises `Conflict` when it has ended."""
        live = self._running.get(record.id)
        if live is not None:
            live.cancel.request()
        elif record.status not in UNFINISHED:
            raise Conflict(f"The generation is {record.status} already.")
        else:
            await self._cancel_job(session, record)

    async def _cancel_job(self, session: Sequencer, record: GenerationRecord) -> None:
        job = await self._world.store.write(lambda tx: _cancel_in(tx, record))
        if job is None:
            raise Conflict("The generation has ended already.")
        self._world.jobs.cancel(job.id)
        if job.state == "cancelled":  # nobody had begun it, so nobody else will tell
            plan, reason = unpack(record.run, Plan), Unavailable("The generation was cancelled.")
            await self._fail(session, plan, record, reason, cancelled=True)

    async def perform(self, job: Job, progress: Callable[[float], None], cancel: Cancel) -> None:
        """Play a queued generation as a durable job."""
        record = await self._world.store.read(
            lambda tx: tx.work.generation(GenerationId(job.subject))
        )
        if record is None or record.status not in UNFINISHED:
            return
        plan = unpack(record.run, Plan)
        session = await self._sessions.open(SessionId(record.project))
        with session.held():
            played = await self._played(session, plan, record, "durable", cancel, progress)
            await self._complete(session, record, played)

    async def gave_up(self, job: Job, status: WorkStatus, error: str | None) -> None:
        """Tell everyone that a queued generation ended without a take."""
        record = await self._world.store.read(
            lambda tx: tx.work.generation(GenerationId(job.subject))
        )
        if record is None or record.status not in UNFINISHED:
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
        live: _Live,
        begin_within: float | None,
    ) -> None:
        try:
            with session.held():
                await self._to_an_end(session, plan, record, live, begin_within)
        except NotFound:  # the project was deleted meanwhile
            self._end(record.id)
        finally:
            self._running.pop(record.id, None)

    async def _to_an_end(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        live: _Live,
        begin_within: float | None,
    ) -> None:
        cancel = live.cancel
        try:
            played = await self._played(
                session, plan, record, "interactive", cancel, _ignore, begin_within
            )
            await live.accepted.wait()
            await self._complete(session, record, played)
        except NotFound:
            raise
        except ReducedCapacity:
            await live.accepted.wait()
            await self._queue(session, record, cancel)
        except Exception as failure:  # noqa: BLE001  (whatever it was, everyone must hear of it)
            await live.accepted.wait()
            await self._fail(session, plan, record, _told(failure), cancelled=cancel.requested)

    async def _played(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        lane: Lane,
        cancel: Cancel,
        progress: Callable[[float], None],
        begin_within: float | None = None,
    ) -> Played:
        """Play a plan and publish its bars."""
        began = self._world.clock.monotonic()
        drop_after = began + begin_within if begin_within is not None else None
        notes: list[Note] = list(plan.kept)

        def on_bar(bar: Bar) -> None:
            notes.extend(bar.notes)
            event = bar_event(plan, record.id, bar)
            session.sequence(event, user=record.user, cause=plan.cause)
            progress((bar.index + 1) / plan.bars)

        if plan.candidates > 1:
            plan = await self._best(plan, lane, cancel)
        performed = await self._world.engines.play(
            plan.run,
            lane=lane,
            on_bar=on_bar,
            cancel=cancel,
            drop_after=drop_after,
            player=record.user,
        )
        if lane == "interactive":
            self._admission.observe(plan.run.engine, plan.bars, performed.seconds)
        elapsed = self._world.clock.monotonic() - began
        return Played(plan, in_order(notes), performed.confidence, elapsed)

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

    async def _complete(self, session: Sequencer, record: GenerationRecord, played: Played) -> None:
        plan, take = played.plan, take_of(played, record, self._world.clock.now())
        milliseconds = round(1000 * played.seconds)
        done = replace(
            record,
            status="completed",
            progress=1.0,
            take=take.id,
            confidence=take.confidence,
            generation_time_ms=milliseconds,
        )
        session.sequence(
            GenerationCompleted(
                generation_id=record.id,
                take_id=take.id,
                engine=record.engine,
                part=plan.part,
                confidence=played.confidence,
                generation_time_ms=milliseconds,
                parent_take=plan.parent,
            ),
            user=record.user,
            cause=plan.cause,
        )
        assets = renderings_of(take, self._world.ids)
        month = month_of(take.created_at)

        def keep(tx: Transaction) -> None:
            tx.work.insert_take(take)
            tx.work.update_generation(done)
            for asset in assets:
                tx.work.insert_asset(asset)
            tx.accounts.count_generation(record.user, month, 1)

        self._takes.remember(take)  # who hears of it may play on before it is on disk
        try:
            await session.commit(keep)
        except BaseException:
            self._takes.forget(take.id)
            raise
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
        try:
            await session.commit(lambda tx: tx.work.update_generation(ended))
        finally:
            self._end(record.id)
        if self._world.rules.quotas and not cancelled:
            clock = self._world.clock
            age = clock.now() - record.created_at
            self._world.limiter.refund(record.user, 1, clock.monotonic(), age=age)

    def _end(self, generation: GenerationId) -> None:
        event = self._ended.pop(generation, None)
        if event is not None:
            event.set()

    async def _queue(self, session: Sequencer, record: GenerationRecord, cancel: Cancel) -> None:
        """What could no longer be in time goes on as a queued job."""
        queued = replace(record, status="queued")

        def keep(tx: Transaction) -> None:
            tx.work.update_generation(queued)
            tx.jobs.enqueue(generation_job(self._world, record))

        await self._world.store.write(keep)
        del self._running[record.id]  # from here on a cancel finds the job
        if cancel.requested:
            await self._cancel_job(session, queued)
        else:
            self._world.jobs.wake()


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


def _cancel_in(tx: Transaction, record: GenerationRecord) -> Job | None:
    """Ask the job of a generation to stop; one that waits has ended with that."""
    job = tx.jobs.of_subject(record.id)
    if job is None or not tx.jobs.request_cancel(job.id):
        return None
    asked = tx.jobs.of_subject(record.id)
    if asked is not None and asked.state == "cancelled":
        tx.work.update_generation(replace(record, status="cancelled"))
    return asked


def _told(failure: Exception) -> MuseArooError:
    """What may be said of a failure; a fault of ours is only logged."""
    if isinstance(failure, MuseArooError):
        return failure
    log.error("generation.crashed", exc_info=failure)
    return Unavailable("This failed on our side; try again.")


def _ignore(_progress: float) -> None:
    return


def _unheard(_bar: Bar) -> None:
    return
