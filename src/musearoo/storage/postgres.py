"""The store over PostgreSQL: one writing thread with group commit, a few reading threads."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg import errors
from sqlalchemy import URL, make_url

from musearoo.domain.errors import Conflict, NotFound, Unavailable
from musearoo.ports.store import Transaction
from musearoo.storage.group_commit import GroupCommit
from musearoo.storage.statement import Parameters, Row, Statement, Value, checked
from musearoo.storage.transaction import Rows

T = TypeVar("T")
log = structlog.get_logger(__name__)

READERS: Final = 4
CONNECT_SECONDS: Final = 5
# What another session holds locked for longer than this is refused, not waited for.
LOCK_SECONDS: Final = 5
# A server that is cut off without a word counts as gone after some 15 s (TCP only).
_SILENT_SERVER: Final[dict[str, Any]] = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


class PostgresConnection:
    """`Connection` over psycopg, in autocommit: whoever owns it begins and ends transactions."""

    def __init__(self, raw: psycopg.Connection[Row]) -> None:
        self.raw = raw
        self.failure: Exception | None = None

    def all(self, statement: Statement, /, **parameters: Value) -> Sequence[Row]:
        return self._executed(statement, parameters).fetchall()

    def first(self, statement: Statement, /, **parameters: Value) -> Row | None:
        return self._executed(statement, parameters).fetchone()

    def run(self, statement: Statement, /, **parameters: Value) -> int:
        return self._executed(statement, parameters).rowcount

    def run_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        if len(rows) == 1:  # a batch costs a pipeline of messages more
            return self.run(statement, **rows[0])
        ready = [{**statement.constants, **checked(row)} for row in rows]
        if self.failure is not None:
            raise self.failure
        try:
            cursor = self.raw.cursor()
            cursor.executemany(statement.for_postgres.encode(), ready)
        except psycopg.Error as error:
            raise self.fail(refusal(error, statement)) from error
        return cursor.rowcount

    def insert_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        return self.run_many(statement, rows)

    def fail(self, error: Exception) -> Exception:
        self.failure = error
        return error

    def _executed(self, statement: Statement, parameters: Parameters) -> psycopg.Cursor[Row]:
        ready = checked(parameters)
        if self.failure is not None:
            raise self.failure
        sql = statement.for_postgres.encode()
        try:
            return self.raw.execute(sql, {**statement.constants, **ready})
        except psycopg.Error as error:
            raise self.fail(refusal(error, statement)) from error


def refusal(error: psycopg.Error, statement: Statement) -> Exception:
    """What a driver error means to the caller; a fault of ours stays as it is."""
    match error:
        case errors.UniqueViolation():
            return Conflict("Another record holds this key.")
        case errors.ForeignKeyViolation():
            return NotFound(statement.parent)
        case errors.ReadOnlySqlTransaction():
            return PermissionError("a read may not write")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _unavailable()
        case _:
            return error


def connect(url: str | URL) -> psycopg.Connection[Row]:
    """Open a connection in autocommit; raises `Unavailable`."""
    target = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        raw = psycopg.connect(
            target, autocommit=True, connect_timeout=CONNECT_SECONDS, **_SILENT_SERVER
        )
    except psycopg.Error as error:
        raise _unavailable() from error
    try:
        # What is acknowledged must survive; a stronger setting of the server stays.
        raw.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
        raw.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'".encode())
    except psycopg.Error as error:
        raw.close()
        raise _unavailable() from error
    return raw


class PostgresWriter:
    """`Writer` over PostgreSQL; used by the writing thread alone."""

    def __init__(self, url: str | URL) -> None:
        self._url = url
        self._connection = PostgresConnection(connect(url))
        self._rows = Rows(self._connection)
        self._marked = False

    def begin(self) -> Transaction:
        self._connection.failure = None
        self._marked = True
        begin = b"BEGIN; SAVEPOINT work"  # each message saved is a round trip saved
        if not self._connection.raw.closed:
            with contextlib.suppress(psycopg.OperationalError):
                self._connection.raw.execute(begin)
                return self._rows
            self._drop()
        self._connection.raw = connect(self._url)
        self._do(begin)
        return self._rows

    def mark(self) -> None:
        if not self._marked:
            self._do(b"RELEASE work; SAVEPOINT work")
        self._marked = False

    def keep(self) -> None:
        if self._connection.failure is not None:
            raise self._connection.failure

    def undo(self) -> bool:
        self._connection.failure = None
        self._do(b"ROLLBACK TO work")
        self._marked = True  # the savepoint outlives a return to it
        return True

    def commit(self) -> None:
        self._do(b"COMMIT")

    def abandon(self) -> None:
        # Whether a lost COMMIT was done is unknown; a new connection at least sees clearly.
        self._drop()

    def after_batch(self, *, idle: bool) -> None:
        """Nothing to do: the server tidies up by itself."""

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._connection.raw.close()

    def _do(self, sql: bytes) -> None:
        try:
            self._connection.raw.execute(sql)
        except psycopg.Error as error:
            raise _unavailable() from error


class PostgresReader:
    """A connection of one reading thread; each query sees one moment of the database."""

    def __init__(self, url: str | URL) -> None:
        self._url = url
        self._connection = PostgresConnection(connect(url))
        self._rows = Rows(self._connection)

    def read(self, query: Callable[[Transaction], T]) -> T:
        """Run a query; raises what it raises, or `Unavailable`."""
        self._begin()
        self._connection.failure = None
        try:
            return query(self._rows)
        finally:
            with contextlib.suppress(psycopg.Error):
                self._connection.raw.execute("ROLLBACK")

    def close(self) -> None:
        """Release the connection."""
        with contextlib.suppress(psycopg.Error):
            self._connection.raw.close()

    def _begin(self) -> None:
        begin = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        try:
            self._connection.raw.execute(begin)
        except psycopg.OperationalError:  # the server was restarted since
            self.close()
            self._connection.raw = connect(self._url)
            self._connection.raw.execute(begin)


class PostgresStore:
    """`Store` over one PostgreSQL database, for one event loop."""

    def __init__(self, url: str | URL, *, on_close: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._on_close = on_close
        self._commit = GroupCommit(PostgresWriter(url))
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._opened: list[PostgresReader] = []
        self._closed = False

    @property
    def commits(self) -> int:
        """Transactions committed so far; writes share them."""
        return self._commit.commits

    async def read(self, query: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise Unavailable("The store is closed; the server is shutting down.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, query)

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
        for reader in self._opened:
            reader.close()
        await self._commit.close()
        self._on_close()

    def _read(self, query: Callable[[Transaction], T]) -> T:
        reader: PostgresReader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = PostgresReader(self._url)
            self._opened.append(reader)
        return reader.read(query)


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer; try again.", retry_after=1.0)
