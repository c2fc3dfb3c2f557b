"""The durable lane: claims stored jobs, runs their handlers, and sees each to one end.

A job is run at least once and finished exactly once: what a handler answers is stored in
the same transaction that finishes the job, and only while our fence holds. Whoever dies
leaves a lease that runs out, and the next claim takes the job with a higher fence.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import msgspec
import structlog

from musearoo.domain.errors import MuseArooError, ReducedCapacity, Unavailable
from musearoo.domain.records import Job, WorkStatus
from musearoo.jobs.lease import Heartbeat, Lease
from musearoo.ports.ambient import Clock
from musearoo.ports.store import Store, Transaction
from musearoo.ports.tasks import Spawn
from musearoo.ports.work import Cancel

log = structlog.get_logger(__name__)

Record = Callable[[Transaction], None]
Handler = Callable[[Job, Callable[[float], None], Cancel], Awaitable[Record | None]]
GaveUp = Callable[[Job, WorkStatus, str | None], Awaitable[Record | None]]

_CLOSE_SECONDS: Final = 2.0
_MARGIN: Final = 1.0
_OURS: Final = "This failed on our side, more than once."


class RunnerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs are run; times in seconds.

    `exclusive` says that nobody else runs jobs of this store, so leases found at the
    start belong to the dead and are taken over at once.
    """

    worker: str
    concurrency: int = 1
    attempts: int = 3
    lease: float = 30.0
    heartbeat: float = 10.0
    poll: float = 5.0
    first_pause: float = 1.0
    longest_pause: float = 30.0
    retention: float = 7 * 86_400.0
    prune_every: float = 3_600.0
    exclusive: bool = True


class _FenceLost(Exception):
    """Somebody else has the job now, or it is finished: undo this transaction."""


def _prune_before(before: float, tx: Transaction) -> None:
    tx.jobs.prune(before)


async def _nothing(_job: Job, _state: WorkStatus, _error: str | None) -> None:
    """Nobody wants to know that a job failed."""


class JobRunner:
    """Implements `ports.work.Jobs`.

    A handler gets the job, a function to report progress 0-1, and the cancel request; it
    answers what to store together with the end of the job, or None. It may also finish
    the job itself, in a transaction of its own. Refusals of the domain end the job;
    `Unavailable`, `ReducedCapacity` and accidents are tried again up to `attempts` times.
    `gave_up` is asked what to store when a job ends as failed or cancelled.
    """

    def __init__(
        self,
        plan: RunnerPlan,
        handlers: Mapping[str, Handler],
        *,
        store: Store,
        clock: Clock,
        spawn: Spawn,
        gave_up: GaveUp = _nothing,
    ) -> None:
        self._plan = plan
        self._handlers = handlers
        self._store = store
        self._clock = clock
        self._spawn = spawn
        self._gave_up = gave_up
        self._heart = Heartbeat(store, clock, seconds=plan.lease, every=plan.heartbeat)
        self._leases: set[Lease] = set()
        self._stir = asyncio.Event()
        self._closing = False
        self._background: list[asyncio.Task[None]] = []
        # Leases of the dead end before this time, ours after it, so that we take over
        # theirs at once and none of our own.
        self._ours_after = 0.0

    def start(self) -> None:
        """Begin to claim jobs."""
        if self._plan.exclusive:
            self._ours_after = self._clock.now() + self._plan.lease + _MARGIN
        self._background = [
            self._spawn(self._claim_jobs(), name="jobs.claim"),
            self._spawn(self._prune(), name="jobs.prune"),
        ]

    def wake(self) -> None:
        """Say that a job was enqueued."""
        self._stir.set()

    def cancel(self, job: str) -> None:
        """Stop a job that runs here."""
        for lease in self._leases:
            if lease.job.id == job:
                lease.cancel.request()

    def running(self) -> int:
        """How many jobs run here."""
        return len(self._leases)

    async def close(self) -> None:
        """Stop claiming, give unfinished jobs back, within two seconds."""
        self._closing = True
        self._stir.set()
        working = [lease.work for lease in self._leases if lease.work is not None]
        for task in (*working, *self._background[1:]):
            task.cancel()
        pending = [*working, *self._background]
        if pending:
            await asyncio.wait(pending, timeout=_CLOSE_SECONDS)

    async def _claim_jobs(self) -> None:
        while not self._closing:
            self._stir.clear()
            try:
                while len(self._leases) < self._plan.concurrency and await self._claim_one():
                    pass
            except Exception as error:  # noqa: BLE001  (the store may be back at the next poll)
                log.warning("jobs.claim_failed", error=repr(error))
            try:
                async with asyncio.timeout(self._plan.poll):
                    await self._stir.wait()
            except TimeoutError:
                continue

    async def _claim_one(self) -> bool:
        worker, kinds = self._plan.worker, tuple(self._handlers)
        now, until = max(self._clock.now(), self._ours_after), self._lease_of(self._plan.lease)
        job = await self._store.write(lambda tx: tx.jobs.claim(worker, now, until - now, kinds))
        if job is None:
            return False
        if self._closing:
            await self._release(job)
            return False
        for stale in self._leases:
            if stale.job.id == job.id:
                stale.lose()
        lease = Lease(job, until)
        self._leases.add(lease)
        lease.work = self._spawn(self._run(lease), name="jobs.run")
        return True

    def _lease_of(self, seconds: float) -> float:
        """When a lease that begins now ends."""
        return max(self._clock.now() + seconds, self._ours_after + _MARGIN / 20)

    async def _run(self, lease: Lease) -> None:
        heart = self._spawn(self._heart.keep(lease), name="jobs.heartbeat")
        try:
            await self._work(lease)
        except asyncio.CancelledError:
            if not lease.lost:
                await self._release(lease.job)
            raise
        except _FenceLost:
            log.info("job.already_ended", job=lease.job.id, fence=lease.job.fence)
        finally:
            heart.cancel()
            self._leases.discard(lease)
            self._stir.set()

    async def _work(self, lease: Lease) -> None:
        job = lease.job
        if job.cancel_requested:
            await self._give_up(lease, "cancelled", None)
            return
        if job.attempt > self._plan.attempts:  # it took the whole server with it each time
            await self._give_up(lease, "failed", _OURS)
            return
        try:
            record = await self._handlers[job.kind](job, lease.report, lease.cancel)
        except Exception as error:  # noqa: BLE001  (whatever a handler does, its job gets an end)
            await self._after_error(lease, error)
        else:
            await self._finish(job, "completed", None, record)
            log.info("job.completed", job=job.id, kind=job.kind, attempt=job.attempt)

    async def _after_error(self, lease: Lease, error: Exception) -> None:
        job = lease.job
        if lease.cancel.requested:
            await self._give_up(lease, "cancelled", None)
            return
        if not isinstance(error, MuseArooError):
            log.error("job.crashed", job=job.id, kind=job.kind, exc_info=error)
        ours = not isinstance(error, MuseArooError) or isinstance(
            error, Unavailable | ReducedCapacity
        )
        if ours and job.attempt < self._plan.attempts:
            await self._try_later(lease)
            return
        told = error.detail if isinstance(error, MuseArooError) else _OURS
        await self._give_up(lease, "failed", told)

    async def _try_later(self, lease: Lease) -> None:
        """Hold the job without working on it: the end of this lease is the next attempt."""
        job, plan = lease.job, self._plan
        pause = min(plan.first_pause * 2 ** (job.attempt - 1), plan.longest_pause)
        until = self._lease_of(pause)
        await self._store.write(
            lambda tx: tx.jobs.heartbeat(job.id, job.fence, until, lease.progress)
        )
        log.info("job.retried_later", job=job.id, kind=job.kind, attempt=job.attempt, pause=pause)
        asyncio.get_running_loop().call_later(until - self._clock.now() + 0.01, self._stir.set)

    async def _give_up(self, lease: Lease, state: WorkStatus, error: str | None) -> None:
        job = lease.job
        record: Record | None = None
        try:
            record = await self._gave_up(job, state, error)
        except Exception:  # the job must end all the same
            log.exception("job.give_up_failed", job=job.id)
        await self._finish(job, state, error, record)
        log.info("job.ended", job=job.id, kind=job.kind, state=state, attempt=job.attempt)

    async def _finish(
        self, job: Job, state: WorkStatus, error: str | None, record: Record | None
    ) -> None:
        def finish(tx: Transaction) -> None:
            if not tx.jobs.finish(job.id, job.fence, state, error):
                raise _FenceLost
            if record is not None:
                record(tx)

        await self._store.write(finish)

    async def _release(self, job: Job) -> None:
        try:
            await self._store.write(lambda tx: tx.jobs.release(job.id, job.fence))
        except Exception as error:  # noqa: BLE001  (its lease will run out)
            log.warning("job.release_failed", job=job.id, error=repr(error))

    async def _prune(self) -> None:
        while True:
            before = self._clock.now() - self._plan.retention
            try:
                await self._store.write(partial(_prune_before, before))
            except Exception as error:  # noqa: BLE001  (there is always a next time)
                log.warning("jobs.prune_failed", error=repr(error))
            await self._clock.sleep(self._plan.prune_every)
