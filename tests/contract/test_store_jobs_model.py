"""Any sequence of job operations, against a model: no job is lost, none is done twice."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from musearoo.domain.ids import JobId
from musearoo.domain.records import Job
from musearoo.ports.store import Store, Transaction
from musearoo.storage.opening import open_store
from musearoo.storage.tables import metadata
from tests.contract.making import job, with_song
from tests.servers.postgres import Postgres

T = TypeVar("T")
LEASE = 10.0


@dataclass
class Expected:
    """What the model knows of one job."""

    state: str = "queued"
    fence: int = 0
    attempt: int = 0
    lease_until: float = 0.0
    cancel: bool = False
    done: int = 0


class JobLife(RuleBasedStateMachine):
    """Workers claim, die, come late, cancel; `write` and `close` are given by the test."""

    def __init__(self, opening: Callable[[], Store]) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = opening()
        self.now = 0.0
        self.jobs: dict[JobId, Expected] = {}
        self.claims: list[tuple[JobId, int]] = []

    def run(self, work: Callable[[Transaction], T]) -> T:
        return self.loop.run_until_complete(self.store.write(work))

    @initialize()
    def open(self) -> None:
        self.loop.run_until_complete(with_song(self.store))

    @rule()
    def enqueue(self) -> None:
        name = JobId(f"job {len(self.jobs):04}")
        self.run(lambda tx: tx.jobs.enqueue(job(name, created_at=float(len(self.jobs)))))
        self.jobs[name] = Expected()

    @rule(seconds=st.sampled_from([1.0, 4.0, LEASE + 1.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def claim(self) -> None:
        claimed = self.run(lambda tx: tx.jobs.claim("w", self.now, LEASE, ["analyze"]))
        free = [
            name
            for name, one in self.jobs.items()
            if one.state == "queued" or (one.state == "processing" and one.lease_until < self.now)
        ]
        if claimed is None:
            assert [] == free
            return
        assert free[0] == claimed.id
        expected = self.jobs[claimed.id]
        expected.state = "processing"
        expected.fence += 1
        expected.attempt += 1
        expected.lease_until = self.now + LEASE
        self.claims.append((claimed.id, claimed.fence))

    def held(self, data: st.DataObject) -> tuple[JobId, int, Expected, bool]:
        name, fence = data.draw(st.sampled_from(self.claims))
        one = self.jobs[name]
        return name, fence, one, one.state == "processing" and one.fence == fence

    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        name, fence, one, valid = self.held(data)
        until = self.now + LEASE
        answer: Job | None = self.run(lambda tx: tx.jobs.heartbeat(name, fence, until, 0.5))
        assert valid == (answer is not None)
        if answer is not None:
            one.lease_until = until
            assert one.cancel == answer.cancel_requested

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        name, fence, one, valid = self.held(data)
        assert valid == self.run(lambda tx: tx.jobs.finish(name, fence, "completed", None))
        if valid:
            one.state = "completed"
            one.done += 1

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        name, fence, one, valid = self.held(data)
        assert valid == self.run(lambda tx: tx.jobs.release(name, fence))
        if valid:
            one.state = "cancelled" if one.cancel else "queued"
            one.attempt -= 1

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.jobs:
            return
        name = data.draw(st.sampled_from(sorted(self.jobs)))
        one = self.jobs[name]
        live = one.state in {"queued", "processing"}
        assert live == self.run(lambda tx: tx.jobs.request_cancel(name))
        if live:
            one.cancel = True
            one.state = "cancelled" if one.state == "queued" else one.state

    @invariant()
    def store_agrees(self) -> None:
        def look(tx: Transaction) -> dict[str, Any]:
            found = {name: tx.jobs.get(name) for name in self.jobs}
            return {
                n: (j.state, j.fence, j.attempt, j.cancel_requested) for n, j in found.items() if j
            }

        stored = self.loop.run_until_complete(self.store.read(look))
        assert stored == {
            name: (one.state, one.fence, one.attempt, one.cancel) for name, one in self.jobs.items()
        }
        assert all(one.done <= 1 for one in self.jobs.values())

    def teardown(self) -> None:
        close: Awaitable[None] = self.store.close()
        self.loop.run_until_complete(close)
        self.loop.close()


def test_no_sequence_of_operations_loses_or_repeats_a_job(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    runs = 0

    def opening() -> Store:
        nonlocal runs
        runs += 1
        folder = tmp_path / str(runs)
        folder.mkdir()
        if backend == "sqlite":
            shutil.copy(request.getfixturevalue("migrated_file"), folder / "test.sqlite3")
            return open_store(f"sqlite:///{folder / 'test.sqlite3'}", folder)
        server: Postgres = request.getfixturevalue("postgres")
        name: str = request.getfixturevalue("shared_database")
        server.empty(name, [table.name for table in metadata.sorted_tables])
        return open_store(server.url(name), folder)

    run_state_machine_as_test(
        lambda: JobLife(opening),  # type: ignore[arg-type]
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
