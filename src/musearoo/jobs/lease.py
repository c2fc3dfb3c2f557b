"""One claimed job: its lease, kept alive by a task of its own, and how it may be lost."""

import asyncio
from typing import Any, Final

import structlog

from musearoo.conductor.cancelling import CancelFlag
from musearoo.domain.records import Job
from musearoo.ports.ambient import Clock
from musearoo.ports.store import Store, Transaction

log = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 1.0


class Lease:
    """A job that is ours until `until` (UNIX seconds), as long as nobody took it over."""

    def __init__(self, job: Job, until: float) -> None:
        self.job = job
        self.until = until
        self.cancel = CancelFlag()
        self.progress = job.progress
        self.lost = False
        self.work: asyncio.Task[Any] | None = None

    def report(self, progress: float) -> None:
        """Remember how far the work is, 0 to 1; the next heartbeat stores it."""
        self.progress = min(max(progress, 0.0), 1.0)

    def lose(self) -> None:
        """Stop the work: what it would answer is refused by its fence anyway."""
        self.lost = True
        log.warning("job.lease_lost", job=self.job.id, kind=self.job.kind, fence=self.job.fence)
        if self.work is not None:
            self.work.cancel()


class Heartbeat:
    """Renews leases of `seconds` every `every` seconds, and sooner when there is progress."""

    def __init__(self, store: Store, clock: Clock, *, seconds: float, every: float) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._every = every

    async def keep(self, lease: Lease) -> None:
        """Renew until cancelled, or until the job is finished or lost."""
        stored, renewed = lease.job.progress, self._clock.monotonic()
        while True:
            await self._clock.sleep(min(_TICK_SECONDS, self._every))
            due = self._clock.monotonic() - renewed >= self._every
            if not due and lease.progress == stored:
                continue
            stored, renewed = lease.progress, self._clock.monotonic()
            if not await self._renewed(lease):
                return

    async def _renewed(self, lease: Lease) -> bool:
        job, progress = lease.job, lease.progress
        until = max(self._clock.now() + self._seconds, lease.until)

        def beat(tx: Transaction) -> tuple[Job | None, Job | None]:
            return tx.jobs.heartbeat(job.id, job.fence, until, progress), tx.jobs.get(job.id)

        try:
            held, present = await self._store.write(beat)
        except Exception as error:  # noqa: BLE001  (a full disk must not end the heart)
            log.warning("job.heartbeat_failed", job=job.id, error=repr(error))
            if self._clock.now() > lease.until:
                lease.lose()
            return not lease.lost
        if held is None:
            # Its own work may just have finished it; only another fence means a loss.
            if present is None or present.fence != job.fence:
                lease.lose()
            return False
        lease.until = until
        if held.cancel_requested:
            lease.cancel.request()
        return True
