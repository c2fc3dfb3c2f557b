"""The playing of a generation: bars out as they come, then the take, stored and selected."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from msgspec.structs import replace

from musearoo.conductor.admission import Admission
from musearoo.conductor.ending import Endings
from musearoo.conductor.plans import Plan, in_order
from musearoo.conductor.played import Played, accepted_event, bar_event
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.sessions import Sessions
from musearoo.conductor.stages import Marks
from musearoo.conductor.underway import Live, Piece, cancel_in, generation_job
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
from musearoo.domain.events import TakeBar
from musearoo.domain.ids import GenerationId, SessionId
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note
from musearoo.domain.records import GenerationRecord, Job, WorkStatus
from musearoo.ports.store import Transaction
from musearoo.ports.work import Cancel, Lane

log = structlog.get_logger(__name__)

RECENT: Final = 64
UNFINISHED: Final = frozenset({"queued", "processing"})


class Performance:
    """Runs accepted generations to their end, whatever end that is."""

    def __init__(
        self, world: World, sessions: Sessions, endings: Endings, admission: Admission
    ) -> None:
        self._world = world
        self._sessions = sessions
        self._endings = endings
        self._admission = admission
        self._running: dict[GenerationId, Live] = {}
        self._ended: dict[GenerationId, asyncio.Future[GenerationRecord | None]] = {}
        self._recent: dict[GenerationId, GenerationRecord] = {}

    def begin(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        *,
        marks: Marks,
        begin_within: float | None,
    ) -> None:
        """Play at once in the background, on the interactive lane.

        What no worker has begun within that many seconds goes on as a queued job.
        """
        live = self._running[record.id] = Live(marks, len(self._running))
        work = self._play_live(session, plan, record, live, begin_within)
        live.task = self._world.spawn(work, name="generation.play")

    @property
    def under_way(self) -> int:
        """Generations that were let in to be played at once, and are not stored yet."""
        return len(self._running)

    def expect(self, generation: GenerationId) -> None:
        """Let `ended` wait for a generation that is being accepted."""
        self._ended[generation] = asyncio.get_running_loop().create_future()

    async def accept(
        self,
        session: Sequencer,
        record: GenerationRecord,
        keep: Callable[[Transaction, GenerationRecord], None],
    ) -> None:
        """Make a request durable, together with its take if that is there within 20 ms.

        Raises what the store raises; then nothing was promised, and what is played ends.
        """
        live, epoch = self._running.get(record.id), session.epoch
        played = await live.soon() if live is not None else None
        try:
            _check_told(session, record, epoch)
            if live is None or played is None:
                await self._endings.store(session, record, lambda tx: keep(tx, record))
            else:
                done = await self._endings.complete(session, record, played, accept=keep)
                live.stored = True
                self._completed(live, played, done)
        except Exception:
            self._withdraw(record.id)
            raise
        finally:
            if live is not None:
                live.accepted.set()

    def _withdraw(self, generation: GenerationId) -> None:
        """The request was not accepted after all: stop, and tell nobody."""
        live = self._running.get(generation)
        if live is not None and live.task is not None:
            live.task.cancel()
        self._end(generation)

    async def ended(
        self, generation: GenerationId, seconds: float, *, or_queued: bool = False
    ) -> GenerationRecord | None:
        """Wait until an accepted generation has ended, but not longer than `seconds`.

        With `or_queued` also until it turns out that it must wait as a job. Answers how it
        ended, where that is known without asking the store.
        """
        ended = self._ended.get(generation)
        if ended is None:
            return self._recent.get(generation)
        live = self._running.get(generation)
        waited: set[asyncio.Future[Any]] = {ended}
        if live is not None and or_queued:
            waited.add(live.queued)
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() else None

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
        job = await self._world.store.write(lambda tx: cancel_in(tx, record))
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
        age = max(0.0, self._world.clock.now() - record.created_at)
        marks = Marks(self._world.clock, self._world.clock.monotonic() - age)
        with session.held():
            piece = Piece(session, plan, record, marks)
            played = await self._played(piece, "durable", cancel, progress)
            self._end(record.id, await self._endings.complete(session, record, played))

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
        live: Live,
        begin_within: float | None,
    ) -> None:
        try:
            with session.held():
                await self._to_an_end(session, plan, record, live, begin_within)
        except NotFound:  # the project was deleted meanwhile
            self._end(record.id)
        except Unavailable as failure:  # it was told; the next start plays it as a job
            log.warning("generation.end_not_stored", detail=failure.detail)
        finally:
            self._running.pop(record.id, None)

    async def _to_an_end(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        live: Live,
        begin_within: float | None,
    ) -> None:
        cancel = live.cancel
        piece = Piece(session, plan, record, live.marks)
        try:
            played = await self._played(piece, "interactive", cancel, _ignore, begin_within)
            live.played(played)
            await live.accepted.wait()
            if not live.stored:
                done = await self._endings.complete(session, record, played)
                self._completed(live, played, done)
        except NotFound:
            raise
        except ReducedCapacity:
            live.played(None)
            await live.accepted.wait()
            await self._queue(piece, cancel)
        except Exception as failure:  # noqa: BLE001  (whatever it was, everyone must hear of it)
            live.played(None)
            await live.accepted.wait()
            await self._fail(session, plan, record, _told(failure), cancelled=cancel.requested)

    def _completed(self, live: Live, played: Played, done: GenerationRecord) -> None:
        answered = self._world.clock.monotonic() - live.marks.received
        ours = max(0.0, answered - played.worker_seconds)
        self._admission.observe_answer(answered, server=ours, others=live.others)
        self._running.pop(done.id, None)
        self._end(done.id, done)

    async def _played(
        self,
        piece: Piece,
        lane: Lane,
        cancel: Cancel,
        progress: Callable[[float], None],
        begin_within: float | None = None,
    ) -> Played:
        """Play a plan and tell of its bars."""
        plan, record, marks = piece.plan, piece.record, piece.marks
        began = self._world.clock.monotonic()
        drop_after = began + begin_within if begin_within is not None else None
        notes: list[Note] = list(plan.kept)
        bars: list[TakeBar] = []

        def on_bar(bar: Bar) -> None:
            marks.reach_once("first_bar")
            notes.extend(bar.notes)
            event = bar_event(plan, record.id, bar)
            bars.append(event)
            self._endings.tell(piece.session, record, plan.cause, event)
            progress((bar.index + 1) / plan.bars)

        if plan.candidates > 1:
            plan = await self._best(plan, lane, cancel)
            began = self._world.clock.monotonic()
        performed = await self._world.engines.play(
            plan.joined,
            lane=lane,
            on_bar=on_bar,
            cancel=cancel,
            drop_after=drop_after,
            player=record.user,
        )
        ended = self._world.clock.monotonic()
        marks.reach("dispatched", began + performed.waited)
        marks.reach("last_bar", ended)
        if lane == "interactive":
            self._admission.observe(plan.run.engine, plan.bars, performed.seconds)
        return Played(
            plan=plan,
            notes=in_order(notes),
            bars=tuple(bars),
            confidence=performed.confidence,
            seconds=ended - began,
            worker_seconds=performed.waited + performed.seconds,
            marks=marks,
        )

    async def _best(self, plan: Plan, lane: Lane, cancel: Cancel) -> Plan:
        """Of several whole takes the one the engine itself rates highest (nothing was streamed)."""
        chance = Chance(plan.run.seed, "candidates")
        seeds = [plan.run.seed] + [
            chance.bits() % (MAXIMUM_SEED + 1) for _ in range(plan.candidates - 1)
        ]
        rated: list[tuple[float, int, int]] = []
        for seed in seeds:
            run = replace(plan.joined, seed=seed)
            rating = await self._world.engines.play(run, lane=lane, on_bar=_unheard, cancel=cancel)
            rated.append((rating.confidence, -len(rated), seed))
        best = max(rated)[2]
        return replace(
            plan, run=replace(plan.run, seed=best), recipe=replace(plan.recipe, seed=best)
        )

    async def _fail(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        failure: MuseArooError,
        *,
        cancelled: bool,
    ) -> None:
        ended = None
        try:
            ended = await self._endings.fail(session, plan, record, failure, cancelled=cancelled)
        finally:
            self._end(record.id, ended)
        if self._world.rules.quotas and not cancelled:
            clock = self._world.clock
            age = clock.now() - record.created_at
            self._world.limiter.refund(record.user, 1, clock.monotonic(), age=age)

    def _end(self, generation: GenerationId, record: GenerationRecord | None = None) -> None:
        outcome = self._ended.pop(generation, None)
        if outcome is not None and not outcome.done():
            outcome.set_result(record)
        if record is not None:
            self._recent[generation] = record
            if len(self._recent) > RECENT:
                del self._recent[next(iter(self._recent))]

    async def _queue(self, piece: Piece, cancel: Cancel) -> None:
        """What could no longer be in time goes on as a queued job, and everyone is told."""
        record, plan = piece.record, piece.plan
        queued = replace(record, status="queued")

        def keep(tx: Transaction) -> None:
            tx.work.update_generation(queued)
            tx.jobs.enqueue(generation_job(self._world, record))

        if not record.draft:
            told = accepted_event(plan, record, queued=True, landing=None)
            piece.session.sequence(told, user=record.user, cause=plan.cause)
        await self._endings.store(piece.session, record, keep)
        live = self._running.pop(record.id)  # from here on a cancel finds the job
        live.queued.set_result(None)
        if cancel.requested:
            await self._cancel_job(piece.session, queued)
        else:
            self._world.jobs.wake()


def _check_told(session: Sequencer, record: GenerationRecord, epoch: str) -> None:
    """Whether the request that was told to everyone still stands; raises `Unavailable`."""
    if not record.draft and session.epoch != epoch:
        raise Unavailable("The request was lost with events before it; ask again.")


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
