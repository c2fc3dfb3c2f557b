"""What only SQLite's adapter promises: its settings, where reads run, a full disk."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.storage import sqlite
from musearoo.storage.read_costs import LONG_SECONDS
from musearoo.storage.sqlite import SqliteStore, connect
from tests.contract.making import ANN, user
from tests.waiting import PATIENCE

FULL_DISK = Path(__file__).parent.parent / "servers" / "full_disk.py"


@pytest.fixture
def path(migrated_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path / "test.sqlite3"))


@pytest.fixture
async def sqlite_store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    await store.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


class TestConnections:
    def test_writer_is_durable_and_checks_references(self, path: Path) -> None:
        raw = connect(path, write=True)
        full = 2
        names = ("journal_mode", "synchronous", "foreign_keys")
        assert ("wal", full, 1) == tuple(pragma(raw, name) for name in names)
        raw.close()

    def test_reader_neither_writes_nor_checkpoints(self, path: Path) -> None:
        writer = connect(path, write=True)
        writer.execute("INSERT INTO quotas VALUES ('a', x'00')")
        reader = connect(path, write=False)
        assert (1, 0) == (pragma(reader, "query_only"), pragma(reader, "wal_autocheckpoint"))
        log = path.with_name(path.name + "-wal")
        before = log.read_bytes()

        with pytest.raises(sqlite3.OperationalError):
            reader.execute("DELETE FROM quotas")
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert 1 == reader.execute("SELECT count(*) FROM quotas").fetchone()[0]
        reader.close()
        assert before == log.read_bytes()
        writer.close()

    async def test_log_stays_bounded_under_constant_writing(self, sqlite_store, path: Path) -> None:
        """The writer checkpoints between batches; without it the log would hold every commit."""
        for n in range(700):
            await sqlite_store.write(lambda tx, n=n: tx.quotas.save({str(n): b"x" * 2000}))
        log = path.with_name(path.name + "-wal").stat().st_size
        assert log < 700 * 2 * 4096

    async def test_close_leaves_one_file(self, sqlite_store, path: Path) -> None:
        await sqlite_store.write(lambda tx: tx.accounts.insert(user()))
        await sqlite_store.read(lambda tx: tx.accounts.get(ANN))
        await sqlite_store.close()

        assert [path] == list(path.parent.glob("test.sqlite3*"))

    async def test_close_does_not_wait_for_a_foreign_reader(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However long a writer may wait for locks otherwise."""
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 3600.0)
        sqlite_store = SqliteStore(path)
        await sqlite_store.write(lambda tx: tx.quotas.save({"a": b""}))
        foreign = sqlite3.connect(path, isolation_level=None)
        foreign.execute("BEGIN")
        foreign.execute("SELECT * FROM quotas").fetchall()
        await sqlite_store.write(lambda tx: tx.quotas.save({"b": b""}))
        await asyncio.wait_for(sqlite_store.close(), PATIENCE)
        foreign.close()

        store: Any = SqliteStore(path)
        assert {"a", "b"} == set(await store.read(lambda tx: tx.quotas.load()))
        await store.close()


class TestReads:
    async def test_short_query_runs_on_the_loop(self, sqlite_store) -> None:
        here = threading.get_ident()
        for _ in range(20):
            assert here == await sqlite_store.read(lambda tx: threading.get_ident())

    async def test_query_that_proves_long_moves_to_a_thread(self, sqlite_store) -> None:
        def long(tx):
            until = time.thread_time() + 8 * LONG_SECONDS
            while time.thread_time() < until:
                pass
            return threading.get_ident(), tx.quotas.load()

        places = [(await sqlite_store.read(long))[0] for _ in range(5)]
        here = threading.get_ident()
        assert here == places[0]
        assert here not in places[2:]

    async def test_one_long_run_moves_nothing(self, sqlite_store) -> None:
        """A collection of garbage may fall into any query."""
        burdens = iter([100 * LONG_SECONDS])

        def interrupted(tx):
            until = time.thread_time() + next(burdens, 0.0)
            while time.thread_time() < until:
                pass
            return threading.get_ident()

        places = {await sqlite_store.read(interrupted) for _ in range(4)}
        assert {threading.get_ident()} == places

    async def test_waiting_does_not_make_a_query_long(self, sqlite_store) -> None:
        """Only its own work counts: on a busy machine everything takes long by the clock."""

        def interrupted(tx):
            time.sleep(0.005)
            return threading.get_ident()

        places = {await sqlite_store.read(interrupted) for _ in range(6)}
        assert {threading.get_ident()} == places

    async def test_long_queries_see_what_was_written(self, sqlite_store) -> None:
        def long(tx):
            until = time.thread_time() + 8 * LONG_SECONDS
            while time.thread_time() < until:
                pass
            return tx.quotas.load()

        for n in range(6):
            await sqlite_store.write(lambda tx, n=n: tx.quotas.save({"n": b"%d" % n}))
            assert {"n": b"%d" % n} == await sqlite_store.read(long)


class TestTrouble:
    async def test_foreign_lock_is_unavailable_in_time_and_passes(
        self, sqlite_store, path: Path
    ) -> None:
        """Somebody opened the database with another program and began to write."""
        foreign = sqlite3.connect(path, isolation_level=None)
        writer = sqlite_store._commit._writer
        writer._connection.raw.execute("PRAGMA busy_timeout = 50")
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refusal:
            await sqlite_store.write(lambda tx: tx.accounts.insert(user()))
        assert refusal.value.retry_after is not None
        foreign.execute("ROLLBACK")
        foreign.close()

        await sqlite_store.write(lambda tx: tx.accounts.insert(user()))
        assert user() == await sqlite_store.read(lambda tx: tx.accounts.get(ANN))

    async def test_full_database_fails_its_batch_and_recovers(self, sqlite_store) -> None:
        raw = sqlite_store._commit._writer._connection.raw
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {pages + 4}")
        outcomes = await asyncio.gather(
            *(
                sqlite_store.write(lambda tx, n=n: tx.quotas.save({str(n): b"x" * 9000}))
                for n in range(10)
            ),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert refused
        assert {Unavailable} == {type(outcome) for outcome in refused}
        assert any("full" in str(outcome) for outcome in refused)
        kept = await sqlite_store.read(lambda tx: tx.quotas.load())
        assert {str(n) for n in range(10) if outcomes[n] is None} == set(kept)

        raw.execute("PRAGMA max_page_count = 1000000")
        await sqlite_store.write(lambda tx: tx.accounts.insert(user()))

    @pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX")
    def test_commit_that_the_disk_refuses_reaches_every_caller(self, path: Path) -> None:
        """In a process that may not let files grow: refused, consistent, and back afterwards."""
        done = subprocess.run(
            [sys.executable, str(FULL_DISK), str(path)],
            capture_output=True, text=True, timeout=4 * PATIENCE, check=False,
        )  # fmt: skip
        assert ["recovered"] == done.stdout.splitlines()[-1:], done.stderr
