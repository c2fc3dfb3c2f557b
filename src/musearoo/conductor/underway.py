"""Generations that are under way: what is played, for whom, and how far it is."""

import asyncio
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from musearoo.conductor.cancelling import CancelFlag
from musearoo.conductor.plans import Plan
from musearoo.conductor.played import Played
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.stages import Marks
from musearoo.conductor.world import World
from musearoo.domain.ids import JobId
from musearoo.domain.records import GenerationRecord, Job
from musearoo.ports.store import Transaction

TOGETHER_SECONDS: Final = 0.020


@dataclass(frozen=True, slots=True)
class Piece:
    """What is played, for whom, and since when."""

    session: Sequencer
    plan: Plan
    record: GenerationRecord
    marks: Marks


class Live:
    """A generation that is being played at once.

    `others` were under way when it was let in; `accepted` is set when the request is durable,
    or was refused; `stored` once the take is, too.
    """

    def __init__(self, marks: Marks, others: int) -> None:
        loop = asyncio.get_running_loop()
        self.marks = marks
        self.others = others
        self.cancel = CancelFlag()
        self.accepted = asyncio.Event()
        self.stored = False
        self.queued: asyncio.Future[None] = loop.create_future()
        self.task: asyncio.Task[None] | None = None
        self._played: asyncio.Future[Played | None] = loop.create_future()

    def played(self, played: Played | None) -> None:
        """All of its bars are there; None if they never will be."""
        if not self._played.done():
            self._played.set_result(played)

    async def soon(self) -> Played | None:
        """What was played, if it is there within 20 ms: then one commit stores all of it."""
        await asyncio.wait((self._played,), timeout=TOGETHER_SECONDS)
        return self._played.result() if self._played.done() else None


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


def cancel_in(tx: Transaction, record: GenerationRecord) -> Job | None:
    """Ask the job of a generation to stop; one that waits has ended with that."""
    job = tx.jobs.of_subject(record.id)
    if job is None or not tx.jobs.request_cancel(job.id):
        return None
    asked = tx.jobs.of_subject(record.id)
    if asked is not None and asked.state == "cancelled":
        tx.work.update_generation(replace(record, status="cancelled"))
    return asked
