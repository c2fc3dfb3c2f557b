"""`JobRows`: leases and fences, on both databases.

The tests follow the open faults of existing job engines: a worker killed while it holds a job,
a job longer than its lease, a worker's name used again, cancelling, growth.
"""

import asyncio
from typing import Any

import msgspec
import pytest

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.records import Job
from musearoo.ports.store import Store
from musearoo.storage import schema
from musearoo.storage.jobs import _claim
from tests.contract.making import access, job, project, with_song

ALL = ("generate", "analyze", "render", "export")
replace = msgspec.structs.replace


async def claim(
    store, now: float, *kinds: str, worker: str = "w", lease: float = 30.0
) -> Job | None:
    return await store.write(lambda tx: tx.jobs.claim(worker, now, lease, kinds or ALL))


async def stored(store, name: str = "job") -> Job:
    found = await store.read(lambda tx: tx.jobs.get(name))
    assert found is not None
    return found


@pytest.fixture
async def queue(store) -> Store:
    """A store with one queued job."""
    await with_song(store)
    await store.write(lambda tx: tx.jobs.enqueue(job()))
    return store


class TestEnqueue:
    async def test_job_comes_back_by_id_and_by_its_latest_subject(self, queue) -> None:
        later = job("later", subject="subject of job", created_at=2.0)
        await queue.write(lambda tx: tx.jobs.enqueue(later))

        assert job() == await stored(queue)
        assert later == await queue.read(lambda tx: tx.jobs.of_subject("subject of job"))
        assert await queue.read(lambda tx: tx.jobs.of_subject("other")) is None

    async def test_same_id_twice_conflicts(self, queue) -> None:
        with pytest.raises(Conflict):
            await queue.write(lambda tx: tx.jobs.enqueue(job()))

    async def test_job_of_a_deleted_project_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.jobs.enqueue(job()))

    async def test_job_and_record_are_kept_or_undone_together(self, queue) -> None:
        def work(tx):
            tx.jobs.enqueue(job("second"))
            tx.jobs.enqueue(job("job"))

        with pytest.raises(Conflict):
            await queue.write(work)
        assert await queue.read(lambda tx: tx.jobs.get("second")) is None


class TestClaim:
    async def test_claim_leases_and_fences(self, queue) -> None:
        expected = replace(
            job(), state="processing", attempt=1, fence=1, worker="w", lease_until=130.0
        )

        assert expected == await claim(queue, 100.0)
        assert expected == await stored(queue)

    async def test_oldest_of_the_wanted_kinds_comes_first(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.jobs.enqueue(job("export", kind="export", created_at=1.0))
            tx.jobs.enqueue(job("b", created_at=2.0))
            tx.jobs.enqueue(job("a", created_at=2.0))
            tx.jobs.enqueue(job("first", created_at=1.5))

        await store.write(fill)
        claimed = [await claim(store, 9.0, "analyze", "render") for _ in range(4)]
        assert ["first", "a", "b", None] == [found and found.id for found in claimed]
        assert await claim(store, 9.0, "generate") is None
        assert await store.write(lambda tx: tx.jobs.claim("w", 9.0, 30.0, ())) is None

    async def test_of_many_workers_one_gets_the_job(self, queue) -> None:
        claims = await asyncio.gather(*(claim(queue, 1.0, worker=f"w{n}") for n in range(20)))
        assert 1 == sum(found is not None for found in claims)

    async def test_lease_holds_until_it_runs_out(self, queue) -> None:
        """A worker that was killed loses its job when its lease ends, not before."""
        await claim(queue, 100.0, worker="killed")

        assert await claim(queue, 130.0) is None
        taken_over = await claim(queue, 130.5, worker="next")
        assert taken_over is not None
        assert (2, 2, "next") == (taken_over.attempt, taken_over.fence, taken_over.worker)

    async def test_job_longer_than_its_lease_is_kept_by_heartbeats(self, queue) -> None:
        await claim(queue, 100.0)
        for until in (150.0, 180.0):
            alive = await queue.write(
                lambda tx, until=until: tx.jobs.heartbeat("job", 1, until, 0.5)
            )
            assert alive is not None
            assert (until, 0.5) == (alive.lease_until, alive.progress)
        assert await claim(queue, 179.0) is None

    async def test_same_worker_name_after_a_restart_cannot_speak_for_the_old_claim(
        self, queue
    ) -> None:
        await claim(queue, 100.0, worker="host-1")
        await claim(queue, 200.0, worker="host-1")

        assert await queue.write(lambda tx: tx.jobs.heartbeat("job", 1, 999.0, 1.0)) is None
        assert await queue.write(lambda tx: tx.jobs.finish("job", 1, "completed", None)) is False
        assert await queue.write(lambda tx: tx.jobs.release("job", 1)) is False
        assert 230.0 == (await stored(queue)).lease_until
        assert await queue.write(lambda tx: tx.jobs.finish("job", 2, "completed", None)) is True


class TestEnd:
    async def test_finished_job_is_closed_for_good(self, queue) -> None:
        await claim(queue, 100.0)
        assert await queue.write(lambda tx: tx.jobs.finish("job", 1, "failed", "why")) is True

        ended = await stored(queue)
        assert ("failed", "why") == (ended.state, ended.error)
        assert await claim(queue, 999.0) is None
        assert await queue.write(lambda tx: tx.jobs.finish("job", 1, "completed", None)) is False
        assert await queue.write(lambda tx: tx.jobs.heartbeat("job", 1, 999.0, 1.0)) is None
        assert await queue.write(lambda tx: tx.jobs.request_cancel("job")) is False

    async def test_queued_job_cannot_be_finished(self, queue) -> None:
        assert await queue.write(lambda tx: tx.jobs.finish("job", 0, "completed", None)) is False

    async def test_answer_after_the_lease_counts_until_somebody_else_claims(self, queue) -> None:
        await claim(queue, 100.0)
        assert await queue.write(lambda tx: tx.jobs.heartbeat("job", 1, 130.0, 0.9)) is not None
        assert await queue.write(lambda tx: tx.jobs.finish("job", 1, "completed", None)) is True

    async def test_release_costs_no_attempt_and_keeps_the_fence(self, queue) -> None:
        await claim(queue, 100.0)
        assert await queue.write(lambda tx: tx.jobs.release("job", 1)) is True
        assert replace(job(), fence=1) == await stored(queue)

        again = await claim(queue, 101.0)
        assert again is not None
        assert (1, 2) == (again.attempt, again.fence)


class TestCancel:
    async def test_queued_job_is_cancelled_at_once(self, queue) -> None:
        assert await queue.write(lambda tx: tx.jobs.request_cancel("job")) is True
        assert "cancelled" == (await stored(queue)).state
        assert await claim(queue, 999.0) is None

    async def test_running_job_hears_of_it_at_its_heartbeat(self, queue) -> None:
        await claim(queue, 100.0)
        assert await queue.write(lambda tx: tx.jobs.request_cancel("job")) is True

        alive = await queue.write(lambda tx: tx.jobs.heartbeat("job", 1, 150.0, 0.5))
        assert alive is not None
        assert alive.cancel_requested is True
        assert await queue.write(lambda tx: tx.jobs.finish("job", 1, "cancelled", None)) is True

    async def test_request_outlives_a_killed_worker(self, queue) -> None:
        await claim(queue, 100.0)
        await queue.write(lambda tx: tx.jobs.request_cancel("job"))

        again = await claim(queue, 200.0)
        assert again is not None
        assert again.cancel_requested is True

    async def test_released_job_is_cancelled_if_that_was_asked(self, queue) -> None:
        await claim(queue, 100.0)
        await queue.write(lambda tx: tx.jobs.request_cancel("job"))
        assert await queue.write(lambda tx: tx.jobs.release("job", 1)) is True

        assert "cancelled" == (await stored(queue)).state

    async def test_unknown_job_cannot_be_cancelled(self, store) -> None:
        assert await store.write(lambda tx: tx.jobs.request_cancel("none")) is False


class TestGrowth:
    async def test_waiting_counts_queued_jobs_only(self, queue) -> None:
        await queue.write(lambda tx: tx.jobs.enqueue(job("second")))
        assert 2 == await queue.read(lambda tx: tx.jobs.waiting())
        await claim(queue, 1.0)
        assert 1 == await queue.read(lambda tx: tx.jobs.waiting())

    async def test_prune_removes_old_ends_and_nothing_open(self, store) -> None:
        await with_song(store)

        def fill(tx):
            for name in ("long", "quick", "running", "waiting", "cancelled"):
                tx.jobs.enqueue(job(name, created_at=1.0))
            tx.jobs.request_cancel("cancelled")
            for at in (10.0, 10.0, 10.0):
                tx.jobs.claim("w", at, 30.0, ALL)
            tx.jobs.heartbeat("long", 1, 500.0, 0.9)
            tx.jobs.finish("long", 1, "completed", None)
            tx.jobs.finish("quick", 1, "completed", None)

        await store.write(fill)
        assert 2 == await store.write(lambda tx: tx.jobs.prune(400.0))
        left = {
            name
            for name in ("long", "quick", "running", "waiting", "cancelled")
            if await store.read(lambda tx, name=name: tx.jobs.get(name)) is not None
        }
        assert {"long", "running", "waiting"} == left

    async def test_claims_do_not_read_finished_jobs(self, database: str, store) -> None:
        """The plan uses the index of open jobs, so a million finished ones cost nothing."""
        await with_song(store)
        values: dict[str, Any] = {f"kind_{n}": "x" for n in range(4)}
        values |= {"by": "w", "now": 1.0, "until": 2.0}
        with schema.engine(database) as engine, engine.connect() as connection:
            cursor = connection.connection.cursor()
            if engine.dialect.name == "sqlite":
                explain = "EXPLAIN QUERY PLAN " + _claim(4).for_sqlite
            else:
                cursor.execute("SET enable_seqscan = off")
                explain = "EXPLAIN " + _claim(4).for_postgres
            cursor.execute(explain, values | _claim(4).constants)
            assert "ix_jobs_open" in str(cursor.fetchall())

    async def test_project_takes_its_jobs_along(self, queue) -> None:
        await queue.write(lambda tx: tx.projects.insert(project("other")))
        await queue.write(lambda tx: tx.projects.delete(access("song")))
        assert await claim(queue, 1.0) is None
