"""Processes and connections that die in the middle, on both databases."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.storage.opening import open_store
from tests.contract.making import ANN, user
from tests.servers.postgres import Postgres
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS = 2.0


@pytest.fixture
def own_database(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield name
    postgres.drop(name)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
async def test_whatever_was_acknowledged_survives_kill_9_once(
    database: str, tmp_path: Path
) -> None:
    """A writer killed at random moments: every acknowledged row is there, and once."""
    chance = random.Random(1)
    acknowledged: set[str] = set()
    for round_number in range(3):
        arguments = [database, str(tmp_path / "data"), str(round_number * 1_000_000)]
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.servers.acknowledging", *arguments,
            stdout=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert writer.stdout is not None
        assert b"open\n" == await writer.stdout.readline()
        for _ in range(chance.randint(40, 300)):
            acknowledged.add((await writer.stdout.readline()).decode().strip())
        writer.send_signal(signal.SIGKILL)
        lines = (await writer.stdout.read()).decode().split("\n")
        acknowledged.update(lines[:-1])  # the last line may be cut
        await writer.wait()

        began = time.process_time()  # the machine may stand still, which is no work of ours
        store = await asyncio.to_thread(open_store, database, tmp_path / "data")
        rows = await store.read(lambda tx: tx.audit.latest(10_000_000))
        assert time.process_time() - began < READY_SECONDS * 3
        stored = Counter(row.action for row in rows)
        assert acknowledged <= set(stored)
        assert {1} == set(stored.values())
        await store.close()
    assert len(acknowledged) > 100


async def test_postgres_connections_cut_by_the_server_are_made_anew(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    name = own_database
    store = await asyncio.to_thread(open_store, postgres.url(name), tmp_path)
    await store.write(lambda tx: tx.accounts.insert(user()))
    for _ in range(3):
        await store.read(lambda tx: tx.accounts.get(ANN))
        postgres.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        await store.write(lambda tx: tx.accounts.count_generation(ANN, "2026-11", 1))
    found = await store.read(lambda tx: tx.accounts.get(ANN))
    assert found is not None
    assert 3 == found.total_generations
    await store.close()


async def test_postgres_gone_is_unavailable_soon_and_comes_back(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    name = own_database
    store = await asyncio.to_thread(open_store, postgres.url(name), tmp_path)
    await store.write(lambda tx: tx.accounts.insert(user()))
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    )

    async with asyncio.timeout(PATIENCE):  # half of what it waits for a silent server here
        outcomes = await asyncio.gather(
            *(store.write(lambda tx: tx.accounts.get(ANN)) for _ in range(5)),
            *(store.read(lambda tx: tx.accounts.get(ANN)) for _ in range(5)),
            return_exceptions=True,
        )
    assert {Unavailable} == {type(outcome) for outcome in outcomes}
    assert name not in str(outcomes)

    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert user() == await store.write(lambda tx: tx.accounts.get(ANN))
    assert user() == await store.read(lambda tx: tx.accounts.get(ANN))
    await store.close()


async def test_postgres_connection_lost_in_work_loses_the_batch_only(
    postgres: Postgres, own_database: str, tmp_path: Path
) -> None:
    name = own_database
    store = await asyncio.to_thread(open_store, postgres.url(name), tmp_path)

    def work(tx):
        tx.accounts.insert(user())
        postgres.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        tx.accounts.get(ANN)

    with pytest.raises(Unavailable):
        await store.write(work)
    assert await store.read(lambda tx: tx.accounts.get(ANN)) is None
    await store.write(lambda tx: tx.accounts.insert(user()))
    await store.close()
