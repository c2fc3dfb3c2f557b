"""The store over SQLite: one writer that alone checkpoints, readers that only read.

WAL with synchronous=FULL: an acknowledged commit survives a power cut, which NORMAL does
not promise. SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write or
checkpoint at the same moment (sqlite.org/wal.html#walresetbug); a single writer is safe.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import structlog

from musearoo.domain.errors import Conflict, NotFound, Unavailable
from musearoo.ports.store import Transaction
from musearoo.storage.group_commit import GroupCommit
from musearoo.storage.read_costs import ReadCosts
from musearoo.storage.statement import Parameters, Row, Statement, Value, checked
from musearoo.storage.transaction import Rows

T = TypeVar("T")
log = structlog.get_logger(__name__)

OLDEST: Final = (3, 37, 0)  # STRICT tables; RETURNING came with 3.35
SAFE_WITH_MANY_WRITERS: Final = (3, 51, 3)
BUSY_SECONDS: Final = 5.0  # only a foreign program can hold a lock against the writer
# Between batches when nobody waits; inside a commit only when that never comes about.
CHECKPOINT_COMMITS: Final = 200
CHECKPOINT_PAGES: Final = 8000
LARGEST_LOG_BYTES: Final = 64 * 2**20
LONG_READERS: Final = 2
CLOSE_MILLISECONDS: Final = 250
# Rows in one step: after each step the thread must wait for the event loop to let it go on.
ROWS_AT_ONCE: Final = 32


def check_version(version: tuple[int, int, int], *, writers: int) -> None:
    """Refuse an SQLite that lacks what we use or would not be safe with so many writers."""
    shown = ".".join(map(str, version))
    if version < OLDEST:
        raise Unavailable(
            f"SQLite {shown} is too old: 3.37 or newer is needed. Use a newer Python build."
        )
    if writers > 1 and version < SAFE_WITH_MANY_WRITERS:
        raise Unavailable(
            f"SQLite {shown} can corrupt a database that {writers} connections write to "
            "(fixed in 3.51.3). Run one server on this data folder, or use PostgreSQL."
        )


class SqliteConnection:
    """`Connection` over sqlite3, in autocommit: whoever owns it begins and ends transactions."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.failure: Exception | None = None

    def all(self, statement: Statement, /, **parameters: Value) -> Sequence[Row]:
        return self._executed(statement, parameters).fetchall()

    def first(self, statement: Statement, /, **parameters: Value) -> Row | None:
        # Read to the end: a statement left open would outlive its transaction.
        rows = self._executed(statement, parameters).fetchall()
        return rows[0] if rows else None

    def run(self, statement: Statement, /, **parameters: Value) -> int:
        return self._executed(statement, parameters).rowcount

    def run_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        ready = [checked(row) for row in rows]
        if self.failure is not None:
            raise self.failure
        try:
            return self.raw.executemany(statement.for_sqlite, ready).rowcount
        except sqlite3.Error as error:
            raise self.fail(refusal(error, statement)) from error

    def insert_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        names, added = statement.columns, 0
        for row in rows:
            checked(row)
        if self.failure is not None:
            raise self.failure
        try:
            for at in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[at : at + ROWS_AT_ONCE]
                text = statement.several_for_sqlite(len(some))
                added += self.raw.execute(text, [row[n] for row in some for n in names]).rowcount
        except sqlite3.Error as error:
            raise self.fail(refusal(error, statement)) from error
        return added

    def fail(self, error: Exception) -> Exception:
        self.failure = error
        return error

    def _executed(self, statement: Statement, parameters: Parameters) -> sqlite3.Cursor:
        ready = checked(parameters)
        if self.failure is not None:
            raise self.failure
        try:
            return self.raw.execute(statement.for_sqlite, {**statement.constants, **ready})
        except sqlite3.Error as error:
            raise self.fail(refusal(error, statement)) from error


def refusal(error: sqlite3.Error, statement: Statement) -> Exception:
    """What a driver error means to the caller; a fault of ours stays as it is."""
    name = getattr(error, "sqlite_errorname", "")
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}:
        return Conflict("Another record holds this key.")
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return NotFound(statement.parent)
    if name.startswith("SQLITE_READONLY"):
        return PermissionError("a read may not write")
    if isinstance(error, sqlite3.OperationalError) and name != "SQLITE_ERROR":
        return _unavailable(error)
    return error


def _unavailable(error: sqlite3.Error) -> Unavailable:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return Unavailable("The disk of the database is full; free some space.", retry_after=10.0)
    return Unavailable("The database does not answer; try again.", retry_after=1.0)


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open a connection in autocommit; readers can neither write nor checkpoint."""
    mode = "rwc" if write else "ro"
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA temp_store = MEMORY")
    if write:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        raw.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG_BYTES}")
    else:
        raw.execute("PRAGMA wal_autocheckpoint = 0")
        raw.execute("PRAGMA query_only = ON")
    return raw


class SqliteWriter:
    """`Writer` over SQLite; used by the writing thread alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._commits = 0
        self._connection = SqliteConnection(connect(path, write=True))
        self._rows = Rows(self._connection)
        self._broken = False

    def begin(self) -> Transaction:
        if self._broken:
            self._reconnect()
        self._connection.failure = None
        self._do("BEGIN IMMEDIATE")
        return self._rows

    def mark(self) -> None:
        self._do("SAVEPOINT work")

    def keep(self) -> None:
        if self._connection.failure is not None:
            raise self._connection.failure
        self._do("RELEASE work")

    def undo(self) -> bool:
        self._connection.failure = None
        # Disk full, I/O error and no memory may have ended the transaction already.
        if not self._connection.raw.in_transaction:
            return False
        self._do("ROLLBACK TO work")
        self._do("RELEASE work")
        return True

    def commit(self) -> None:
        self._do("COMMIT")

    def abandon(self) -> None:
        try:
            if self._connection.raw.in_transaction:
                self._connection.raw.execute("ROLLBACK")
        except sqlite3.Error as error:
            log.warning("store.rollback_failed", error=repr(error))
            self._broken = True

    def after_batch(self, *, idle: bool) -> None:
        self._commits += 1
        if not idle or self._commits < CHECKPOINT_COMMITS:
            return
        self._commits = 0
        try:
            self._connection.raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            log.warning("store.checkpoint_failed", error=repr(error))

    def close(self) -> None:
        try:
            # A foreign reader may keep the log; it does no harm and shutting down goes on.
            self._connection.raw.execute(f"PRAGMA busy_timeout = {CLOSE_MILLISECONDS}")
            busy = self._connection.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._connection.raw.close()
            if busy:
                log.warning("store.log_kept", reason="another program reads the database")
        except sqlite3.Error as error:
            log.warning("store.close_failed", error=repr(error))

    def _reconnect(self) -> None:
        try:
            self._connection.raw.close()
            self._connection.raw = connect(self._path, write=True)
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        self._broken = False

    def _do(self, sql: str) -> None:
        try:
            self._connection.raw.execute(sql)
        except sqlite3.Error as error:
            raise _unavailable(error) from error


class SqliteReader:
    """A read-only connection of one thread; each query sees one moment of the database."""

    def __init__(self, path: Path) -> None:
        self._connection = SqliteConnection(connect(path, write=False))
        self._rows = Rows(self._connection)

    def read(self, query: Callable[[Transaction], T]) -> T:
        """Run a query; raises what the query raises."""
        raw = self._connection.raw
        self._connection.failure = None
        raw.execute("BEGIN")
        try:
            return query(self._rows)
        finally:
            raw.execute("ROLLBACK")

    def close(self) -> None:
        """Release the connection."""
        self._connection.raw.close()


class SqliteStore:
    """`Store` over one SQLite file, for one event loop.

    Queries run on the loop itself, where a thread's round trip would cost more than they
    do; one that has shown to take longer than a millisecond moves to a thread.
    """

    def __init__(self, path: Path, *, on_close: Callable[[], None] = lambda: None) -> None:
        check_version(sqlite3.sqlite_version_info, writers=1)
        self._path = path
        self._on_close = on_close
        self._commit = GroupCommit(SqliteWriter(path))
        self._here = SqliteReader(path)
        self._costs = ReadCosts()
        self._local = threading.local()
        self._opened: list[SqliteReader] = []
        self._threads = ThreadPoolExecutor(LONG_READERS, thread_name_prefix="store-reader")
        self._closed = False

    @property
    def commits(self) -> int:
        """Transactions committed so far; writes share them."""
        return self._commit.commits

    async def read(self, query: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise Unavailable("The store is closed; the server is shutting down.")
        if self._costs.is_long(query):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._read_in_thread, query)
        with self._costs.measured(query):
            return self._here.read(query)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await self._commit.run(work)

    async def write_each(
        self,
        works: Sequence[Callable[[Transaction], None]],
        together: Callable[[Transaction], None],
    ) -> list[BaseException | None]:
        return await self._commit.run_each(works, together)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        for reader in (self._here, *self._opened):
            reader.close()
        await self._commit.close()  # the writer goes last: it tidies the log away
        self._on_close()

    def _read_in_thread(self, query: Callable[[Transaction], T]) -> T:
        reader: SqliteReader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = SqliteReader(self._path)
            self._opened.append(reader)
        with self._costs.measured(query):
            return reader.read(query)
