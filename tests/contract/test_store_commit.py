"""What `Store.write` and `Store.read` promise, on both databases."""

import asyncio
import random
import threading

import pytest

from musearoo.domain.errors import Conflict, NotFound, Unavailable
from musearoo.storage import schema
from tests.contract.making import ANN, SONG, asset, event, project, session, user, with_song
from tests.waiting import PATIENCE


class Refused(Exception):
    pass


class TestWrite:
    async def test_work_that_raises_is_undone_whole_and_heard_by_its_caller_alone(
        self, store
    ) -> None:
        """Random mixes of good and bad work, committed together."""
        for seed in range(10):
            chance = random.Random(seed)
            plans = [
                (f"{seed}-{n}", chance.choice(["good", "raise", "conflict"])) for n in range(40)
            ]

            def work(tx, name, plan):
                tx.quotas.save({name: plan.encode()})
                if plan == "raise":
                    raise Refused(name)
                if plan == "conflict":
                    tx.sessions.append([event(1, "no such session")])
                return name

            outcomes = await asyncio.gather(
                *(store.write(lambda tx, n=name, p=plan: work(tx, n, p)) for name, plan in plans),
                return_exceptions=True,
            )
            kept = await store.read(lambda tx: tx.quotas.load())
            for (name, plan), outcome in zip(plans, outcomes, strict=True):
                match plan:
                    case "good":
                        assert (name, True) == (outcome, name in kept)
                    case "raise":
                        assert (name, False) == (str(outcome), name in kept)
                    case _:
                        assert isinstance(outcome, NotFound)
                        assert name not in kept

    async def test_writes_of_one_caller_are_seen_by_its_next_read(self, store) -> None:
        for n in range(50):
            await store.write(lambda tx, n=n: tx.quotas.save({"n": b"%d" % n}))
            assert {"n": b"%d" % n} == await store.read(lambda tx: tx.quotas.load())

    async def test_writes_happen_in_the_order_they_were_asked(self, store) -> None:
        await with_song(store)
        await asyncio.gather(
            *(
                store.write(
                    lambda tx, n=n: tx.sessions.append(
                        [event(tx.sessions.last_seq("song") + 1, body=b"%d" % n)]
                    )
                )
                for n in range(300)
            )
        )
        events = await store.read(lambda tx: tx.sessions.events_after("song", 0, 1000))
        assert [(n + 1, b"%d" % n) for n in range(300)] == [(e.seq, e.body) for e in events]

    async def test_a_driver_error_that_was_swallowed_still_undoes_the_work(self, store) -> None:
        def careless(tx):
            tx.quotas.save({"half": b""})
            try:
                tx.sessions.insert(session("no project"))
            except NotFound:
                return "all well"

        with pytest.raises(NotFound):
            await store.write(careless)
        assert {} == await store.read(lambda tx: tx.quotas.load())

    async def test_a_taken_key_that_was_expected_does_not(self, store) -> None:
        await with_song(store)

        def get_or_create(tx):
            tx.quotas.save({"kept": b""})
            with pytest.raises(Conflict):
                tx.sessions.insert(session("song"))
            return tx.sessions.get("song")

        assert session("song") == await store.write(get_or_create)
        assert {"kept": b""} == await store.read(lambda tx: tx.quotas.load())

    async def test_even_a_system_exit_in_work_leaves_the_store_working(self, store) -> None:
        def leave(tx):
            raise GeneratorExit

        with pytest.raises(GeneratorExit):
            await store.write(leave)
        assert 1 == await store.write(lambda tx: 1)

    async def test_what_a_cancelled_caller_asked_for_is_done(self, store) -> None:
        writes = [
            asyncio.ensure_future(store.write(lambda tx, n=n: tx.quotas.save({str(n): b""})))
            for n in range(20)
        ]
        await asyncio.sleep(0)
        for write in writes[::2]:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)

        await store.write(lambda tx: tx.quotas.save({"after": b""}))
        kept = await store.read(lambda tx: tx.quotas.load())
        assert {str(n) for n in range(20)} <= set(kept)


class TestRead:
    async def test_query_sees_one_moment(self, store, database: str) -> None:
        def elsewhere() -> None:
            with schema.engine(database) as engine, engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM quotas")

        def query(tx):
            before = tx.quotas.load()
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            return before, tx.quotas.load()

        await store.write(lambda tx: tx.quotas.save({"there": b""}))
        before, after = await store.read(query)
        assert before == after == {"there": b""}
        assert {} == await store.read(lambda tx: tx.quotas.load())

    async def test_query_may_not_write(self, store) -> None:
        with pytest.raises(PermissionError):
            await store.read(lambda tx: tx.quotas.save({"sneaked": b""}))

        assert {} == await store.read(lambda tx: tx.quotas.load())

    async def test_query_that_raises_leaves_the_store_working(self, store) -> None:
        def query(tx):
            tx.quotas.load()
            raise Refused

        with pytest.raises(Refused):
            await store.read(query)
        assert {} == await store.read(lambda tx: tx.quotas.load())

    async def test_reads_do_not_wait_for_a_write_in_progress(self, store) -> None:
        await store.write(lambda tx: tx.accounts.insert(user()))
        entered, leave = threading.Event(), threading.Event()

        def slow(tx):
            tx.accounts.count_generation(ANN, "2026-11", 1)
            entered.set()
            assert leave.wait(2 * PATIENCE)

        write = asyncio.ensure_future(store.write(slow))
        try:
            assert await asyncio.to_thread(entered.wait, PATIENCE)
            seen = await asyncio.wait_for(store.read(lambda tx: tx.accounts.get(ANN)), PATIENCE)
        finally:
            leave.set()
        await write
        assert user() == seen


class TestClose:
    async def test_close_finishes_what_was_accepted_and_refuses_the_rest(self, store) -> None:
        await with_song(store)
        writes = [
            asyncio.ensure_future(store.write(lambda tx, n=n: tx.work.insert_asset(asset(str(n)))))
            for n in range(50)
        ]
        await asyncio.sleep(0)
        await store.close()
        await store.close()

        assert [None] * 50 == await asyncio.gather(*writes)
        with pytest.raises(Unavailable):
            await store.write(lambda tx: tx.projects.insert(project("late")))
        with pytest.raises(Unavailable):
            await store.read(lambda tx: tx.accounts.get(ANN))


async def test_works_that_share_a_write_fail_alone(store) -> None:
    """What one raises is undone and told; the others are written, and all in one write."""
    await with_song(store)
    ran = []

    def put(number: int):
        def work(tx) -> None:
            ran.append(number)
            tx.sessions.append([event(number)])

        return work

    def fail(tx) -> None:
        tx.sessions.append([event(9)])
        raise NotFound("nothing")

    def together(tx) -> None:
        put(1)(tx)
        fail(tx)

    failures = await store.write_each([put(1), fail, put(2)], together)
    assert [type(None), NotFound, type(None)] == [type(failure) for failure in failures]
    assert [1, 1, 2] == ran
    assert [None, None] == await store.write_each(
        [put(3), put(4)], lambda tx: put(3)(tx) or put(4)(tx)
    )
    found = await store.read(lambda tx: tx.sessions.events_after(SONG, 0, 10))
    assert [1, 2, 3, 4] == [each.seq for each in found]
