"""One thread that writes: all work that waits goes into one transaction and one fsync.

Each piece of work runs between a savepoint and its release, so that what raises is undone
alone and only its caller hears of it. If the commit itself fails, every caller in the batch
hears `Unavailable`, nothing of the batch remains, and the thread carries on with the next.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol, TypeVar

import structlog

from musearoo.domain.errors import Unavailable
from musearoo.ports.store import Transaction

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Writes accepted and not yet answered; callers beyond it wait their turn on the loop.
IN_FLIGHT: Final = 512
LARGEST_BATCH: Final = 256
_NICENESS: Final = 10


class Writer(Protocol):
    """A connection as the writing thread uses it. Driver errors leave it as `Unavailable`."""

    def begin(self) -> Transaction:
        """Start a transaction, connecting anew where that is needed."""
        ...

    def mark(self) -> None:
        """Set a savepoint."""
        ...

    def keep(self) -> None:
        """Release the savepoint, or raise what made the work fail without its noticing."""
        ...

    def undo(self) -> bool:
        """Return to the savepoint; False when the whole transaction is lost."""
        ...

    def commit(self) -> None:
        """Make the transaction durable."""
        ...

    def abandon(self) -> None:
        """Undo the transaction or drop the connection; never raises."""
        ...

    def after_batch(self, *, idle: bool) -> None:
        """Do upkeep between transactions; never raises."""
        ...

    def close(self) -> None:
        """Release the connection; never raises."""
        ...


class _Write:
    """One piece of work on its way to the thread and back."""

    __slots__ = ("answer", "apart", "error", "future", "loop", "work")

    def __init__(
        self,
        work: Callable[[Transaction], Any],
        loop: asyncio.AbstractEventLoop,
        apart: Sequence[Callable[[Transaction], Any]] = (),
    ) -> None:
        self.work = work
        self.apart = apart
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.answer: Any = None
        self.error: BaseException | None = None


class GroupCommit:
    """Runs work on a `Writer` in its own thread; made, used and closed on one event loop."""

    def __init__(self, writer: Writer) -> None:
        self.commits = 0
        self.writes = 0
        self._writer = writer
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the next batch; what it did is durable when this returns.

        Work whose caller is cancelled meanwhile is done all the same: nobody has to guess.
        Raises `Unavailable` when the batch could not be committed or the store is closed.
        """
        answer: T = await self._written(_Write(work, asyncio.get_running_loop()))
        return answer

    async def run_each(
        self,
        works: Sequence[Callable[[Transaction], None]],
        together: Callable[[Transaction], None],
    ) -> list[BaseException | None]:
        """Run `together`, which does what all `works` do; should it raise, each by itself.

        Answers what each raised. Others' work comes before all of it or after all of it.
        """
        write = _Write(together, asyncio.get_running_loop(), works)
        failures: list[BaseException | None] | None = await self._written(write)
        return failures or [None] * len(works)

    async def _written(self, write: _Write) -> Any:
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise Unavailable("The store is closed; the server is shutting down.")
        self._queue.put(write)
        return await asyncio.shield(write.future)

    async def close(self) -> None:
        """Finish what was accepted, then end the thread and its connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        _give_way()
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                with suppress(Exception):  # a log that fails, say: nobody may wait for ever
                    self._commit(batch)
            idle = self._queue.empty()  # who writes again once answered leaves time for upkeep
            if batch:
                with suppress(Exception):
                    self._answer(batch)
            with suppress(Exception):
                self._writer.after_batch(idle=idle)
        self._writer.close()

    def _next_batch(self) -> tuple[list[_Write], bool]:
        """Wait for work and take all there is; True when nothing will follow."""
        first = self._queue.get()
        if first is None:
            return [], True
        batch = [first]
        while len(batch) < LARGEST_BATCH:
            try:
                write = self._queue.get_nowait()
            except Empty:
                break
            if write is None:
                return batch, True
            batch.append(write)
        return batch, False

    def _commit(self, batch: list[_Write]) -> None:
        try:
            transaction = self._writer.begin()
            for write in batch:
                write.answer, write.error = self._tried(write.work, transaction)
                if write.error is not None and write.apart:
                    write.answer = [self._tried(each, transaction)[1] for each in write.apart]
                    write.error = None
            self._writer.commit()
        except Exception as error:  # noqa: BLE001  each caller must hear of it, whatever it was
            self._lose(batch, error)
        else:
            self.commits += 1
            self.writes += len(batch)

    def _tried(
        self, work: Callable[[Transaction], Any], transaction: Transaction
    ) -> tuple[Any, BaseException | None]:
        """What work answered or raised; what raised is undone."""
        self._writer.mark()
        try:
            answer = work(transaction)
            self._writer.keep()
        except BaseException as error:
            if not self._writer.undo():
                raise _unavailable(error) from error
            return None, _tellable(error)
        return answer, None

    def _lose(self, batch: list[_Write], error: Exception) -> None:
        for write in batch:
            write.error = _unavailable(error)
        self._writer.abandon()
        log.error("store.commit_failed", writes=len(batch), error=repr(error.__cause__ or error))

    def _answer(self, batch: list[_Write]) -> None:
        try:
            batch[0].loop.call_soon_threadsafe(self._deliver, batch)
        except RuntimeError:  # the loop is closed, so nobody waits
            log.warning("store.answer_undelivered", writes=len(batch))

    def _deliver(self, batch: list[_Write]) -> None:
        for write in batch:
            self._places.release()
            if write.future.done():
                continue
            if write.error is None:
                write.future.set_result(write.answer)
            else:
                write.future.set_exception(write.error)


def _give_way() -> None:
    """Let the event loop go before this thread where both want one core.

    Only Linux gives threads a priority of their own (setpriority(2), "C library/kernel
    differences"); elsewhere it would be the whole process's.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            lower = max(_NICENESS, os.getpriority(os.PRIO_PROCESS, thread))
            os.setpriority(os.PRIO_PROCESS, thread, lower)


def _tellable(error: BaseException) -> BaseException:
    """The error, or one that says the same where a future refuses to carry it."""
    if not isinstance(error, StopIteration):
        return error
    told = RuntimeError("work in a transaction raised StopIteration")
    told.__cause__ = error
    return told


def _unavailable(error: BaseException) -> Unavailable:
    if isinstance(error, Unavailable):
        return Unavailable(error.detail, retry_after=error.retry_after)
    refusal = Unavailable("The database did not accept the change; try again.", retry_after=1.0)
    refusal.__cause__ = error
    return refusal
