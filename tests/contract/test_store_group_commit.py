"""The writing thread over a writer that can be told to fail or to wait."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from musearoo.domain.errors import Unavailable
from musearoo.ports.store import Transaction
from musearoo.storage import group_commit
from musearoo.storage.group_commit import IN_FLIGHT, LARGEST_BATCH, GroupCommit
from tests.waiting import PATIENCE, until


class Scripted:
    """A `Writer` that records what it is asked; `gate` holds its commits up."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.idle: list[bool] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begin_error: Exception | None = None
        self.commit_error: Exception | None = None
        self.transaction_lost = False

    def begin(self) -> Transaction:
        self.calls.append("begin")
        if self.begin_error is not None:
            raise self.begin_error
        return cast("Transaction", self)

    def mark(self) -> None:
        self.calls.append("mark")

    def keep(self) -> None:
        self.calls.append("keep")

    def undo(self) -> bool:
        self.calls.append("undo")
        return not self.transaction_lost

    def commit(self) -> None:
        self.gate.wait(2 * PATIENCE)
        self.calls.append("commit")
        if self.commit_error is not None:
            raise self.commit_error

    def abandon(self) -> None:
        self.calls.append("abandon")

    def after_batch(self, *, idle: bool) -> None:
        self.idle.append(idle)

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def writer() -> Scripted:
    return Scripted()


@pytest.fixture
async def commit(writer: Scripted) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(writer)
    yield made
    writer.gate.set()
    await made.close()


def fail(_: Any) -> None:
    raise ValueError("bad work")


async def taken(writer: Scripted) -> None:
    """Wait until the thread is in the commit of its first batch."""
    await until(lambda: "keep" in writer.calls, "the first batch")


class TestBatches:
    async def test_what_waits_is_committed_together(self, writer: Scripted, commit) -> None:
        writer.gate.clear()
        writes = [asyncio.ensure_future(commit.run(lambda tx, n=n: n)) for n in range(10)]
        await asyncio.sleep(0.05)
        writer.gate.set()

        assert list(range(10)) == await asyncio.gather(*writes)
        assert commit.commits <= 2
        assert 10 == commit.writes

    async def test_each_batch_wakes_the_loop_once(
        self, writer: Scripted, commit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loop = asyncio.get_running_loop()
        wakes: list[Any] = []
        wake = loop.call_soon_threadsafe

        def counted(callback, *args, **more):
            if threading.current_thread().name == "store-writer":
                wakes.append(callback)
            return wake(callback, *args, **more)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        await asyncio.gather(*(commit.run(lambda tx: None) for _ in range(200)))
        assert len(wakes) == commit.commits

    async def test_failing_work_is_undone_between_its_neighbours(
        self, writer: Scripted, commit
    ) -> None:
        writer.gate.clear()
        first = asyncio.ensure_future(commit.run(lambda tx: 0))
        await taken(writer)
        writer.calls.clear()
        rest = [
            asyncio.ensure_future(commit.run(work)) for work in (lambda tx: 1, fail, lambda tx: 3)
        ]
        await asyncio.sleep(0)
        writer.gate.set()

        outcomes = await asyncio.gather(first, *rest, return_exceptions=True)
        assert [0, 1, 3] == [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert isinstance(outcomes[2], ValueError)
        batch = ["begin", "mark", "keep", "mark", "undo", "mark", "keep", "commit"]
        assert ["commit", *batch] == writer.calls

    async def test_exception_that_futures_refuse_reaches_its_caller_in_another_shape(
        self, commit
    ) -> None:
        outcomes = await asyncio.wait_for(
            asyncio.gather(
                *(commit.run(lambda tx: next(iter(()))) for _ in range(3)),
                commit.run(lambda tx: 4),
                return_exceptions=True,
            ),
            PATIENCE,
        )
        assert [RuntimeError] * 3 == [type(outcome) for outcome in outcomes[:3]]
        assert 4 == outcomes[3]

    async def test_nothing_is_answered_before_its_commit(self, writer: Scripted, commit) -> None:
        writer.gate.clear()
        write = asyncio.ensure_future(commit.run(lambda tx: None))
        await asyncio.sleep(0.05)
        assert not write.done()
        writer.gate.set()
        await write

    async def test_batches_are_bounded(self, writer: Scripted, commit) -> None:
        writer.gate.clear()
        first = asyncio.ensure_future(commit.run(lambda tx: None))
        await taken(writer)
        rest = [asyncio.ensure_future(commit.run(lambda tx: None)) for _ in range(IN_FLIGHT - 1)]
        await asyncio.sleep(0)
        writer.gate.set()
        await asyncio.gather(first, *rest)
        marks = "".join("m" if call == "mark" else "|" for call in writer.calls)
        assert max(map(len, marks.split("|"))) <= LARGEST_BATCH


class TestFailure:
    @pytest.mark.parametrize("where", ["begin_error", "commit_error"])
    async def test_lost_batch_reaches_every_caller_and_the_next_one_works(
        self, writer: Scripted, commit, where: str
    ) -> None:
        setattr(writer, where, OSError("disk full"))
        outcomes = await asyncio.gather(
            *(commit.run(lambda tx: None) for _ in range(5)), return_exceptions=True
        )
        assert [Unavailable] * 5 == [type(outcome) for outcome in outcomes]
        assert "abandon" in writer.calls

        setattr(writer, where, None)
        assert 7 == await commit.run(lambda tx: 7)

    async def test_callers_get_refusals_of_their_own(self, writer: Scripted, commit) -> None:
        """One shared exception would grow a traceback with every caller that raises it."""
        writer.commit_error = Unavailable("full", retry_after=10.0)
        outcomes = await asyncio.gather(
            *(commit.run(lambda tx: None) for _ in range(3)), return_exceptions=True
        )
        assert 3 == len({id(outcome) for outcome in outcomes})
        assert [10.0] * 3 == [cast("Unavailable", outcome).retry_after for outcome in outcomes]

    async def test_transaction_lost_in_work_fails_the_whole_batch(
        self, writer: Scripted, commit
    ) -> None:
        writer.gate.clear()
        first = asyncio.ensure_future(commit.run(lambda tx: 0))
        await taken(writer)
        writer.transaction_lost = True
        rest = [asyncio.ensure_future(commit.run(work)) for work in (lambda tx: 1, fail)]
        await asyncio.sleep(0)
        writer.gate.set()
        assert 0 == await first
        outcomes = await asyncio.gather(*rest, return_exceptions=True)
        assert [Unavailable] * 2 == [type(outcome) for outcome in outcomes]


class TestThread:
    async def test_nothing_that_fails_beside_the_work_keeps_anybody_waiting(
        self, writer: Scripted, commit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A log on a full disk or a failing upkeep must not end the thread that answers."""

        def fails(*_: object, **__: object) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr(group_commit.log, "error", fails)
        monkeypatch.setattr(writer, "after_batch", fails)
        writer.commit_error = OSError("disk")
        for _ in range(2):
            with pytest.raises(Unavailable):
                await asyncio.wait_for(commit.run(lambda tx: 1), PATIENCE)
        writer.commit_error = None
        assert 2 == await asyncio.wait_for(commit.run(lambda tx: 2), PATIENCE)


class TestUpkeep:
    async def test_who_writes_again_once_answered_did_not_wait(
        self, writer: Scripted, commit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However quick one caller is, there is time between its writes."""
        loop, again = asyncio.get_running_loop(), threading.Event()
        wake = loop.call_soon_threadsafe

        def slow_to_return(callback, *args, **more):
            handle = wake(callback, *args, **more)
            if threading.current_thread().name == "store-writer":
                again.wait(PATIENCE)
            return handle

        monkeypatch.setattr(loop, "call_soon_threadsafe", slow_to_return)
        await commit.run(lambda tx: None)
        second = asyncio.ensure_future(commit.run(lambda tx: None))
        await asyncio.sleep(0)
        again.set()
        await second
        await until(lambda: len(writer.idle) == 2, "two batches")
        assert [True, True] == writer.idle

    async def test_there_is_no_time_while_others_wait(self, writer: Scripted, commit) -> None:
        writer.gate.clear()
        first = asyncio.ensure_future(commit.run(lambda tx: None))
        await taken(writer)
        second = asyncio.ensure_future(commit.run(lambda tx: None))
        await asyncio.sleep(0)
        writer.gate.set()
        await asyncio.gather(first, second)
        await until(lambda: len(writer.idle) == 2, "two batches")
        assert [False, True] == writer.idle


class TestBounds:
    async def test_only_so_many_are_accepted_at_a_time(self, writer: Scripted, commit) -> None:
        started: list[int] = []
        writer.gate.clear()
        writes = [
            asyncio.ensure_future(commit.run(lambda tx, n=n: started.append(n)))
            for n in range(IN_FLIGHT * 2)
        ]
        await asyncio.sleep(0.05)
        assert commit._queue.qsize() <= IN_FLIGHT
        writer.gate.set()
        await asyncio.gather(*writes)
        assert list(range(IN_FLIGHT * 2)) == started

    async def test_cancelled_callers_give_their_places_back(self, writer: Scripted, commit) -> None:
        ran: list[int] = []
        for _ in range(3):
            writer.gate.clear()
            writer.calls.clear()
            blocker = asyncio.ensure_future(commit.run(lambda tx: None))
            await taken(writer)
            writes = [
                asyncio.ensure_future(commit.run(lambda tx: ran.append(1)))
                for _ in range(IN_FLIGHT + 50)
            ]
            await asyncio.sleep(0)
            for write in writes:
                write.cancel()
            writer.gate.set()
            await asyncio.gather(blocker, *writes, return_exceptions=True)
            await asyncio.wait_for(commit.run(lambda tx: None), PATIENCE)
        assert len(ran) == 3 * (IN_FLIGHT - 1)  # what had its place was done all the same

    async def test_closed_thread_refuses_and_those_who_waited_hear_it(
        self, writer: Scripted
    ) -> None:
        commit = GroupCommit(writer)
        writer.gate.clear()
        writes = [asyncio.ensure_future(commit.run(lambda tx: 1)) for _ in range(IN_FLIGHT + 5)]
        await asyncio.sleep(0.02)
        closing = asyncio.ensure_future(commit.close())
        await asyncio.sleep(0.02)
        writer.gate.set()
        await closing
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert IN_FLIGHT == outcomes.count(1)
        assert [Unavailable] * 5 == [type(outcome) for outcome in outcomes[IN_FLIGHT:]]
        assert "close" == writer.calls[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority")
async def test_the_loop_goes_first() -> None:
    """The writing thread alone has a lower priority than the rest of the process."""
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    commits = GroupCommit(Scripted())
    theirs = await commits.run(lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    await commits.close()
    assert theirs == max(mine, 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine
