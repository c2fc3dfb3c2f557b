"""The durable job table: leases and fences."""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import (
    ScalarSelect,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)

from musearoo.domain.errors import Conflict
from musearoo.domain.ids import JobId
from musearoo.domain.records import Job
from musearoo.storage.mapping import JOBS
from musearoo.storage.statement import Connection, Statement
from musearoo.storage.tables import jobs

_open = text("state IN ('queued', 'processing')")
_held = and_(
    jobs.c.id == bindparam("key"),
    jobs.c.fence == bindparam("held"),
    jobs.c.state == literal_column("'processing'"),
)
_cancelling = jobs.c.cancel_requested == bindparam("yes")

_GET = JOBS.find_by("id")
_OF_SUBJECT = Statement(
    JOBS.select.where(jobs.c.subject == bindparam("subject"))
    .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    .limit(1)
)
_HEARTBEAT = Statement(
    update(jobs)
    .where(_held)
    .values(lease_until=bindparam("until"), progress=bindparam("done"))
    .returning(*JOBS.columns)
)
# The lease stays on a finished job: it tells when the job was last alive.
_FINISH = Statement(update(jobs).where(_held), columns=["state", "error"])
_RELEASE = Statement(
    update(jobs)
    .where(_held)
    .values(
        state=case((_cancelling, literal_column("'cancelled'")), else_=literal_column("'queued'")),
        attempt=jobs.c.attempt - 1,
        lease_until=null(),
        worker=null(),
    )
)
_REQUEST_CANCEL = Statement(
    update(jobs)
    .where(jobs.c.id == bindparam("key"), _open)
    .values(
        cancel_requested=bindparam("yes"),
        state=case(
            (jobs.c.state == literal_column("'queued'"), literal_column("'cancelled'")),
            else_=jobs.c.state,
        ),
    )
)
_WAITING = Statement(
    select(func.count()).select_from(jobs).where(_open, jobs.c.state == literal_column("'queued'"))
)
_PRUNE = Statement(
    delete(jobs).where(
        text("state NOT IN ('queued', 'processing')"),
        func.coalesce(jobs.c.lease_until, jobs.c.created_at) < bindparam("before"),
    )
)


@cache
def _claim(kinds: int) -> Statement:
    """Take the oldest open job of any of `kind_0` and so on that nobody holds."""
    oldest = (
        select(jobs.c.id)
        .where(
            _open,
            or_(
                jobs.c.state == literal_column("'queued'"),
                jobs.c.lease_until < bindparam("now"),
            ),
            or_(*(jobs.c.kind == bindparam(f"kind_{i}") for i in range(kinds))),
        )
        .order_by(jobs.c.created_at, jobs.c.id)
        .limit(1)
    )
    unlocked = oldest.with_for_update(skip_locked=True)
    return Statement(_taken(oldest.scalar_subquery()), postgres=_taken(unlocked.scalar_subquery()))


def _taken(job: ScalarSelect[str]) -> Update:
    claimed = update(jobs).where(jobs.c.id == job)
    return claimed.values(
        state=literal_column("'processing'"),
        attempt=jobs.c.attempt + 1,
        fence=jobs.c.fence + 1,
        worker=bindparam("by"),
        lease_until=bindparam("until"),
    ).returning(*JOBS.columns)


class JobTable:
    """`JobRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, job: Job) -> None:
        if not JOBS.add(self._connection, job):
            raise Conflict("There is a job with this id.")

    def get(self, job: JobId) -> Job | None:
        return JOBS.maybe(self._connection.first(_GET, id=job))

    def of_subject(self, subject: str) -> Job | None:
        return JOBS.maybe(self._connection.first(_OF_SUBJECT, subject=subject))

    def claim(
        self, worker: str, now: float, lease_seconds: float, kinds: Iterable[str]
    ) -> Job | None:
        wanted = {f"kind_{index}": kind for index, kind in enumerate(kinds)}
        if not wanted:
            return None
        claim = _claim(len(wanted))
        row = self._connection.first(claim, by=worker, now=now, until=now + lease_seconds, **wanted)
        return JOBS.maybe(row)

    def heartbeat(self, job: JobId, fence: int, lease_until: float, progress: float) -> Job | None:
        row = self._connection.first(
            _HEARTBEAT, key=job, held=fence, until=lease_until, done=progress
        )
        return JOBS.maybe(row)

    def finish(self, job: JobId, fence: int, state: str, error: str | None) -> bool:
        return self._connection.run(_FINISH, key=job, held=fence, state=state, error=error) == 1

    def release(self, job: JobId, fence: int) -> bool:
        return self._connection.run(_RELEASE, key=job, held=fence, yes=True) == 1

    def request_cancel(self, job: JobId) -> bool:
        return self._connection.run(_REQUEST_CANCEL, key=job, yes=True) == 1

    def waiting(self) -> int:
        return int(self._connection.all(_WAITING)[0][0])

    def prune(self, before: float) -> int:
        return self._connection.run(_PRUNE, before=before)
