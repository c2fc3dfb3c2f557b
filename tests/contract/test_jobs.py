"""`Jobs`: what is enqueued is run to one end, whoever dies on the way. On both databases.

The list follows the open faults of existing job engines: a worker killed while it holds a
job, a job longer than its lease, a name used again after a restart, cancels at every moment,
a store that goes away, growth.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from musearoo.app.tasks import Tasks
from musearoo.domain.errors import InvalidValue, Unavailable
from musearoo.domain.records import Job, WorkStatus
from musearoo.jobs.runner import Handler, JobRunner, Record, RunnerPlan
from musearoo.ports.store import Store, Transaction
from musearoo.ports.work import Cancel
from tests.contract.making import job, with_song
from tests.doubles.clock import SteppedClock
from tests.waiting import until

Report = Callable[[float], None]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def queue(store: Store) -> Store:
    await with_song(store)
    return store


class Band:
    """Handlers that a test holds in its hand."""

    def __init__(self) -> None:
        self.played: list[Job] = []
        self.ended: list[tuple[str, WorkStatus, str | None]] = []
        self.failures: list[Exception] = []
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.waits = False
        self.stopped = False
        self.progress: float | None = None
        self.record: Record | None = None

    async def handle(self, job: Job, report: Report, cancel: Cancel) -> Record | None:
        self.played.append(job)
        self.begun.set()
        if self.progress is not None:
            report(self.progress)
        if self.waits:
            cancel.on_request(self.goes_on.set)
            try:
                await self.goes_on.wait()
            except asyncio.CancelledError:
                self.stopped = True
                raise
        if self.failures:
            raise self.failures.pop(0)
        return self.record

    async def gave_up(self, job: Job, state: WorkStatus, error: str | None) -> None:
        self.ended.append((job.id, state, error))


@asynccontextmanager
async def runner(
    store: Store, clock: SteppedClock, band: Band, **changes: Any
) -> AsyncIterator[JobRunner]:
    plan = replace(RunnerPlan(worker="w", poll=0.05, exclusive=False), **changes)
    tasks = Tasks()
    handlers: dict[str, Handler] = {"analyze": band.handle, "generate": band.handle}
    jobs = JobRunner(plan, handlers, store=store, clock=clock, spawn=tasks, gave_up=band.gave_up)
    jobs.start()
    try:
        yield jobs
    finally:
        await jobs.close()
        await tasks.close()


async def enqueue(store: Store, *names: str, **changes: Any) -> None:
    def work(tx: Transaction) -> None:
        for number, name in enumerate(names):
            tx.jobs.enqueue(job(name, created_at=float(number), **changes))

    await store.write(work)


async def state(store: Store, name: str) -> str | None:
    found = await store.read(lambda tx: tx.jobs.get(name))  # type: ignore[arg-type]
    return found.state if found is not None else None


async def stored(store: Store, name: str) -> Job:
    found = await store.read(lambda tx: tx.jobs.get(name))  # type: ignore[arg-type]
    assert found is not None
    return found


async def until_state(store: Store, name: str, wanted: str) -> None:
    seen: str | None = None

    async def arrived() -> bool:
        nonlocal seen
        seen = await state(store, name)
        return seen == wanted

    await until(arrived, lambda: f"{name} to be {wanted}; it is {seen}")


async def until_held(store: Store, name: str, moment: float) -> None:
    """Wait until it is stored that a job is not tried again before a moment."""

    async def held() -> bool:
        return (await stored(store, name)).lease_until == moment

    await until(held, f"a lease until {moment}")


async def lives_on(clock: SteppedClock, seconds: float) -> None:
    """Let so much time pass, as fast as the one job that runs has its heartbeats stored."""
    end = clock.now() + seconds
    while clock.now() < end:
        await until(lambda: clock.wakes_within(1.0), "a heart that waits for its next beat")
        await clock.advance(1.0)


class TestRunning:
    async def test_job_is_run_and_finished(self, queue: Store, clock: SteppedClock) -> None:
        band = Band()
        async with runner(queue, clock, band, poll=60.0) as jobs:
            await enqueue(queue, "a")
            jobs.wake()
            await until_state(queue, "a", "completed")
        assert ["a"] == [played.id for played in band.played]
        assert [] == band.ended

    async def test_job_of_which_nobody_told_is_found(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        async with runner(queue, clock, Band(), poll=0.02):
            await enqueue(queue, "a")
            await until_state(queue, "a", "completed")

    async def test_oldest_first_and_no_more_at_once_than_planned(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        await enqueue(queue, "a", "b", "c")
        async with runner(queue, clock, band, concurrency=2) as jobs:
            await until(lambda: len(band.played) == 2)
            await asyncio.sleep(0.1)
            assert 2 == jobs.running()
            band.goes_on.set()
            await until_state(queue, "c", "completed")
        assert ["a", "b", "c"] == [played.id for played in band.played]

    async def test_unknown_kind_is_left_for_others(self, queue: Store, clock: SteppedClock) -> None:
        await enqueue(queue, "a", kind="export")
        async with runner(queue, clock, Band()):
            await asyncio.sleep(0.15)
        assert "queued" == await state(queue, "a")

    async def test_answer_is_stored_with_the_end_of_the_job(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.record = lambda tx: tx.jobs.enqueue(job("child", kind="export"))
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await until_state(queue, "a", "completed")
            assert "queued" == await state(queue, "child")

    async def test_progress_is_stored_with_the_heartbeat(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits, band.progress = True, 0.4
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await band.begun.wait()
            await clock.advance(1.0)

            async def told() -> bool:
                return (await stored(queue, "a")).progress == 0.4

            await until(told, "the progress in the store")


class TestLeases:
    async def test_job_longer_than_its_lease_stays_ours(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        mine, other = Band(), Band()
        mine.waits = True
        await enqueue(queue, "a")
        async with runner(queue, clock, mine) as first, runner(queue, clock, other) as second:
            del second
            await until(lambda: mine.played or other.played)
            if other.played:
                mine, other = other, mine
            await lives_on(clock, 100.0)
            assert [] == other.played
            mine.goes_on.set()
            del first
            await until_state(queue, "a", "completed")
        assert 1 == (await stored(queue, "a")).attempt

    async def test_lease_of_a_dead_worker_runs_out(self, queue: Store, clock: SteppedClock) -> None:
        await enqueue(queue, "a")
        await queue.write(lambda tx: tx.jobs.claim("dead", clock.now(), 30.0, ("analyze",)))
        band = Band()
        async with runner(queue, clock, band):
            await asyncio.sleep(0.15)
            assert [] == band.played
            await clock.advance(31.0)
            await until_state(queue, "a", "completed")
        assert (2, 2) == (band.played[0].attempt, band.played[0].fence)

    async def test_sole_owner_takes_over_at_once_under_the_same_name(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        await enqueue(queue, "a")
        await queue.write(lambda tx: tx.jobs.claim("w", clock.now(), 30.0, ("analyze",)))
        band = Band()
        async with runner(queue, clock, band, exclusive=True):
            await until_state(queue, "a", "completed")

    async def test_sole_owner_does_not_take_over_from_itself(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        await enqueue(queue, "a")
        async with runner(queue, clock, band, exclusive=True, concurrency=2):
            await band.begun.wait()
            await lives_on(clock, 120.0)
            await asyncio.sleep(0.15)
            assert 1 == len(band.played)

    async def test_loser_of_a_lease_stops_and_its_answer_is_refused(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        band.record = lambda tx: tx.jobs.enqueue(job("child", kind="export"))
        await enqueue(queue, "a")
        async with runner(queue, clock, band) as jobs:
            await band.begun.wait()
            thief = await queue.write(
                lambda tx: tx.jobs.claim("thief", clock.now() + 60, 30.0, ("analyze",))
            )
            assert thief is not None
            with capture_logs() as logs:
                await clock.advance(10.0)
                await until(lambda: jobs.running() == 0)
            assert ["job.lease_lost"] == [line["event"] for line in logs]
        assert ("processing", 2) == ((await stored(queue, "a")).state, thief.fence)
        assert await state(queue, "child") is None

    async def test_late_answer_is_undone_as_a_whole(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        band.record = lambda tx: tx.jobs.enqueue(job("child", kind="export"))
        await enqueue(queue, "a")
        async with runner(queue, clock, band) as jobs:
            await band.begun.wait()
            await queue.write(
                lambda tx: tx.jobs.claim("thief", clock.now() + 60, 30.0, ("analyze",))
            )
            band.goes_on.set()
            await until(lambda: jobs.running() == 0)
        assert "processing" == await state(queue, "a")
        assert await state(queue, "child") is None

    async def test_handler_that_ends_its_job_itself_is_left_in_peace(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        done: list[str] = []

        async def handle(job: Job, report: Report, cancel: Cancel) -> None:
            await queue.write(lambda tx: tx.jobs.finish(job.id, job.fence, "completed", None))
            await clock.sleep(25.0)
            done.append(job.id)

        await enqueue(queue, "a")
        band = Band()
        band.handle = handle  # type: ignore[method-assign]
        async with runner(queue, clock, band):
            await until_state(queue, "a", "completed")

            async def later() -> list[str]:
                await clock.advance(5.0)
                return done

            await until(later, "the end of the handler")


class TestFailing:
    async def test_refusal_ends_the_job_with_its_words(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.failures = [InvalidValue("tempo", 0, "20 to 400")]
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await until_state(queue, "a", "failed")
        told = "tempo is 0; it must be 20 to 400."
        assert told == (await stored(queue, "a")).error
        assert [("a", "failed", told)] == band.ended
        assert 1 == len(band.played)

    async def test_accidents_are_tried_again_after_growing_pauses(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.failures = [Unavailable("down"), ZeroDivisionError("x")]
        await enqueue(queue, "a")
        async with runner(queue, clock, band, first_pause=4.0):
            await until(lambda: len(band.played) == 1)
            await until_held(queue, "a", clock.now() + 4.0)
            await clock.advance(3.0)
            await asyncio.sleep(0.15)
            assert 1 == len(band.played)
            await clock.advance(1.1)
            await until(lambda: len(band.played) == 2)
            await until_held(queue, "a", clock.now() + 8.0)
            await clock.advance(8.1)
            await until_state(queue, "a", "completed")
        assert [1, 2, 3] == [played.attempt for played in band.played]

    async def test_last_attempt_ends_it_without_words_of_the_inside(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.failures = [ZeroDivisionError("secret")] * 3
        await enqueue(queue, "a")
        with capture_logs() as logs:
            async with runner(queue, clock, band, first_pause=0.0):
                await until_attempts(band, clock, 3)
                await until_state(queue, "a", "failed")
        assert "secret" not in str((await stored(queue, "a")).error)
        assert 3 == sum(line["event"] == "job.crashed" for line in logs)

    async def test_job_that_took_every_server_with_it_is_given_up(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        await enqueue(queue, "a")
        for _ in range(3):
            await queue.write(lambda tx: tx.jobs.claim("dead", clock.now(), 0.0, ("analyze",)))
            await clock.advance(1.0)
        band = Band()
        async with runner(queue, clock, band):
            await until_state(queue, "a", "failed")
        assert [] == band.played
        assert ["a"] == [name for name, _, _ in band.ended]

    async def test_store_that_goes_away_for_a_while(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        flaky = Flaky(queue)
        band = Band()
        await enqueue(queue, "a", "b")
        async with runner(flaky, clock, band, poll=0.02):  # type: ignore[arg-type]
            await until_state(queue, "a", "completed")
            flaky.away = True
            await asyncio.sleep(0.1)
            flaky.away = False
            await enqueue(queue, "c")
            await clock.advance(60.0)
            await until_state(queue, "c", "completed")


class TestCancelling:
    async def test_cancel_while_running(self, queue: Store, clock: SteppedClock) -> None:
        band = Band()
        band.waits = True
        band.failures = [Unavailable("stopped")]
        await enqueue(queue, "a")
        async with runner(queue, clock, band) as jobs:
            await band.begun.wait()
            await queue.write(lambda tx: tx.jobs.request_cancel("a"))  # type: ignore[arg-type]
            jobs.cancel("a")
            await until_state(queue, "a", "cancelled")
        assert [("a", "cancelled", None)] == band.ended

    async def test_cancel_that_only_the_store_knows_of(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        band.failures = [Unavailable("stopped")]
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await band.begun.wait()
            await queue.write(lambda tx: tx.jobs.request_cancel("a"))  # type: ignore[arg-type]
            await clock.advance(10.0)
            await until_state(queue, "a", "cancelled")

    async def test_cancel_while_it_waits_for_its_next_attempt(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.failures = [Unavailable("down")]
        await enqueue(queue, "a")
        async with runner(queue, clock, band) as jobs:
            await until(lambda: band.played and jobs.running() == 0)
            await queue.write(lambda tx: tx.jobs.request_cancel("a"))  # type: ignore[arg-type]
            jobs.cancel("a")
            await clock.advance(2.0)
            await until_state(queue, "a", "cancelled")
        assert 1 == len(band.played)

    async def test_cancel_of_what_is_not_here_does_nothing(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        async with runner(queue, clock, Band()) as jobs:
            jobs.cancel("nothing")


class TestShutdown:
    async def test_unfinished_job_goes_back_without_costing_an_attempt(
        self, queue: Store, clock: SteppedClock
    ) -> None:
        band = Band()
        band.waits = True
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await band.begun.wait()
            assert not band.goes_on.is_set()
        assert band.stopped  # it did not wait for the job, which never ends
        await until_state(queue, "a", "queued")
        assert 0 == (await stored(queue, "a")).attempt
        assert [] == band.ended

    async def test_next_server_finishes_it(self, queue: Store, clock: SteppedClock) -> None:
        band = Band()
        band.waits = True
        await enqueue(queue, "a")
        async with runner(queue, clock, band):
            await band.begun.wait()
        band.waits = False
        async with runner(queue, clock, band):
            await until_state(queue, "a", "completed")
        assert 2 == len(band.played)


class TestGrowth:
    async def test_old_ended_jobs_are_pruned(self, queue: Store, clock: SteppedClock) -> None:
        await enqueue(queue, "a")
        async with runner(queue, clock, Band(), retention=1000.0, prune_every=500.0):
            await until_state(queue, "a", "completed")
            for _ in range(2):
                await clock.advance(499.0)
                await asyncio.sleep(0.05)
            assert "completed" == await state(queue, "a")
            await until_pruned(queue, "a", clock)


async def until_pruned(store: Store, name: str, clock: SteppedClock) -> None:
    async def gone() -> bool:
        await clock.advance(100.0)
        return await state(store, name) is None

    await until(gone, "the job to be pruned")


async def until_attempts(band: Band, clock: SteppedClock, number: int) -> None:
    async def tried() -> bool:
        await clock.advance(0.1)
        return len(band.played) >= number

    await until(tried, f"{number} attempts")


class Flaky:
    """A store that can be away."""

    def __init__(self, store: Store) -> None:
        self.away = False
        self._store = store

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        if self.away:
            raise Unavailable("the disk is full")
        return await self._store.write(work)
