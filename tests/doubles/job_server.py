"""A server that runs durable jobs on real workers: `python -m tests.doubles.job_server FOLDER`.

Prints `begun` for each job that a worker has begun, then waits to be killed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from musearoo.app.tasks import Tasks
from musearoo.domain.records import Job
from musearoo.jobs.runner import JobRunner, RunnerPlan
from musearoo.ports.store import Store
from musearoo.ports.work import Cancel
from musearoo.storage.opening import open_store
from tests.doubles.pools import PlainClock, command, fragile, patient, running

BEGUN = "begun"


@asynccontextmanager
async def serving(folder: Path, *, bars: int) -> AsyncIterator[tuple[Store, JobRunner]]:
    """A store in `folder`, workers, and a runner whose jobs play `bars` slow bars."""
    store, tasks = open_store(None, folder), Tasks()
    async with running(patient(command(folder), analysis=0)) as pool:

        async def perform(job: Job, report: Callable[[float], None], cancel: Cancel) -> None:
            await pool.play(
                fragile("slow", bars=bars),
                lane="durable",
                on_bar=lambda bar: print(BEGUN, flush=True) if bar.index == 0 else None,
                cancel=cancel,
            )

        plan = RunnerPlan(worker="server")
        jobs = JobRunner(plan, {"generate": perform}, store=store, clock=PlainClock(), spawn=tasks)
        jobs.start()
        try:
            yield store, jobs
        finally:
            await jobs.close()
            await tasks.close()
    await store.close()


async def serve(folder: Path) -> None:
    async with serving(folder, bars=200):
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
