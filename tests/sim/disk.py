"""A store in memory that outlives the server: real SQL, virtual time, failures on request."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from musearoo.domain.errors import Unavailable
from musearoo.ports.store import Transaction
from musearoo.storage.sqlite import SqliteConnection
from musearoo.storage.transaction import Rows

T = TypeVar("T")
Work = Callable[[Transaction], Any]
LONGEST_COMMIT = 0.008
LONGEST_ANSWER = 0.002


class Disk:
    """What a crash leaves."""

    def __init__(self, template: sqlite3.Connection) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        template.backup(self.raw)
        self.raw.execute("PRAGMA foreign_keys = ON")
        self.connection = SqliteConnection(self.raw)
        self.rows = Rows(self.connection)

    def read(self, query: Callable[[Transaction], T]) -> T:
        """One query, at once."""
        self.connection.failure = None
        self.raw.execute("BEGIN")
        try:
            return query(self.rows)
        finally:
            self.raw.execute("ROLLBACK")

    def write(self, writes: "Sequence[Write]") -> None:
        """One commit."""
        self.raw.execute("BEGIN IMMEDIATE")
        for write in writes:
            write.result, write.error = self._tried(write.work)
            if write.error is not None and write.apart:
                write.result = [self._tried(each)[1] for each in write.apart]
                write.error = None
        self.raw.execute("COMMIT")

    def _tried(self, work: Work) -> tuple[Any, Exception | None]:
        self.raw.execute("SAVEPOINT work")
        self.connection.failure = None
        try:
            result = work(self.rows)
            if self.connection.failure is not None:
                raise self.connection.failure  # noqa: TRY301
        except Exception as error:  # noqa: BLE001  the caller hears of it
            self.raw.execute("ROLLBACK TO work")
            self.raw.execute("RELEASE work")
            return None, error
        self.raw.execute("RELEASE work")
        return result, None


@dataclass
class Write:
    """Some work on its way; `apart` is the same in pieces, for when it fails as a whole."""

    work: Work
    answer: asyncio.Future[Any]
    apart: Sequence[Work] = ()
    result: Any = None
    error: Exception | None = field(default=None)


class MemoryStore:
    """`Store` of one server over a disk; after `die` it does nothing any more.

    Writes share a commit that takes up to 8 ms. With `slow_reads` reads wait too, as they do
    on a database with threads of its own.
    """

    def __init__(self, disk: Disk, chance: Random, *, slow_reads: bool) -> None:
        self._disk = disk
        self._chance = chance
        self._slow_reads = slow_reads
        self._queue: list[Write] = []
        self._dead = False
        self.away_until = 0.0
        self.fail_next = 0
        self.failed_at: list[float] = []

    async def read(self, query: Callable[[Transaction], T]) -> T:
        if self._slow_reads:
            await asyncio.sleep(self._chance.uniform(0.0, 0.001))
        if asyncio.get_running_loop().time() < self.away_until:
            raise Unavailable("The database is away.", retry_after=1.0)
        return self._disk.read(query)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        done: T = await self._written(work, ())
        return done

    async def write_each(
        self,
        works: Sequence[Callable[[Transaction], None]],
        together: Callable[[Transaction], None],
    ) -> list[BaseException | None]:
        failures: list[BaseException | None] | None = await self._written(together, works)
        return failures or [None] * len(works)

    async def close(self) -> None:
        """Nothing to do: the disk stays."""

    def die(self) -> None:
        """The server is gone; what was on its way is lost."""
        self._dead = True
        self._queue = []

    async def _written(self, work: Work, apart: Sequence[Work]) -> Any:
        loop = asyncio.get_running_loop()
        write = Write(work, loop.create_future(), apart)
        if not self._queue:
            loop.call_later(self._chance.uniform(0.0005, LONGEST_COMMIT), self._commit)
        self._queue.append(write)
        return await asyncio.shield(write.answer)

    def _commit(self) -> None:
        batch, self._queue = self._queue, []
        if self._dead:
            return
        loop = asyncio.get_running_loop()
        if self.fail_next or loop.time() < self.away_until:
            self.fail_next = max(0, self.fail_next - 1)
            self.failed_at.append(loop.time())
            for write in batch:
                write.error = Unavailable("The disk is gone.", retry_after=1.0)
        else:
            self._disk.write(batch)
        loop.call_later(self._chance.uniform(0.0, LONGEST_ANSWER), self._deliver, batch)

    def _deliver(self, batch: Sequence[Write]) -> None:
        if self._dead:
            return
        for write in batch:
            if write.answer.done():
                continue
            if write.error is None:
                write.answer.set_result(write.result)
            else:
                write.answer.set_exception(write.error)
                write.answer.exception()  # whoever asked may have left
