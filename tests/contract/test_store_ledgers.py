"""Audit log, answers and quota counters, on both databases."""

import asyncio

import pytest

from musearoo.domain.errors import Conflict, NotFound
from musearoo.storage import schema
from tests.contract.making import ANN, BOB, answer, audit_entry, with_song

DAY = 24 * 3600.0


class TestAudit:
    async def test_latest_come_first_and_need_no_account(self, store) -> None:
        entries = [
            audit_entry(f"act {n}", actor=None, result="refused", detail="d") for n in range(3)
        ]
        for entry in entries:
            await store.write(lambda tx, entry=entry: tx.audit.append(entry))

        assert entries[:0:-1] == await store.read(lambda tx: tx.audit.latest(2))

    @pytest.mark.parametrize(
        "sql", ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit", "TRUNCATE audit"]
    )
    async def test_database_itself_refuses_changes(
        self, store, database: str, backend: str, sql: str
    ) -> None:
        if backend == "sqlite" and sql.startswith("TRUNCATE"):
            return  # SQLite has no such statement
        await store.write(lambda tx: tx.audit.append(audit_entry()))

        def tamper() -> None:
            with schema.engine(database) as engine, engine.begin() as connection:
                connection.exec_driver_sql(sql)

        with pytest.raises(Exception, match="audit rows are never changed"):
            await asyncio.to_thread(tamper)
        assert [audit_entry()] == await store.read(lambda tx: tx.audit.latest(9))

    async def test_entry_is_undone_with_the_act_it_tells_of(self, store) -> None:
        def work(tx):
            tx.audit.append(audit_entry())
            raise RuntimeError("refused after all")

        with pytest.raises(RuntimeError):
            await store.write(work)
        assert [] == await store.read(lambda tx: tx.audit.latest(9))


class TestAnswers:
    async def test_first_answer_stays(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.answers.put(answer()))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.answers.put(answer(body=b"second")))

        assert answer() == await store.read(lambda tx: tx.answers.find(ANN, "cmd", 0.0))

    async def test_of_many_at_once_one_is_first(self, store) -> None:
        await with_song(store)
        outcomes = await asyncio.gather(
            *(
                store.write(lambda tx, n=n: tx.answers.put(answer(body=b"%d" % n)))
                for n in range(10)
            ),
            return_exceptions=True,
        )
        assert 1 == outcomes.count(None)

    async def test_users_have_ids_of_their_own(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.answers.put(answer()))
        await store.write(lambda tx: tx.answers.put(answer("cmd", "bob", body=b"his")))

        assert answer("cmd", "bob", body=b"his") == await store.read(
            lambda tx: tx.answers.find(BOB, "cmd", 0.0)
        )

    async def test_answer_older_than_a_day_is_gone_and_replaced(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.answers.put(answer(created_at=1000.0)))

        assert await store.read(lambda tx: tx.answers.find(ANN, "cmd", 1000.0)) is not None
        assert await store.read(lambda tx: tx.answers.find(ANN, "cmd", 1000.5)) is None
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.answers.put(answer(created_at=1000.0 + DAY)))
        late = answer(created_at=1000.5 + DAY, body=b"new")
        await store.write(lambda tx: tx.answers.put(late))
        assert late == await store.read(lambda tx: tx.answers.find(ANN, "cmd", 0.0))

    async def test_prune_removes_the_older_ones(self, store) -> None:
        await with_song(store)
        for n in range(3):
            await store.write(lambda tx, n=n: tx.answers.put(answer(f"c{n}", created_at=float(n))))

        assert 2 == await store.write(lambda tx: tx.answers.prune(2.0))
        assert await store.read(lambda tx: tx.answers.find(ANN, "c2", 0.0)) is not None

    async def test_answer_to_an_unknown_account_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.answers.put(answer()))


class TestQuotas:
    async def test_saved_counters_replace_their_own_only(self, store) -> None:
        assert {} == await store.read(lambda tx: tx.quotas.load())
        await store.write(lambda tx: tx.quotas.save({"ann": b"1", "bob": b"2"}))
        await store.write(lambda tx: tx.quotas.save({"ann": b"\x00\xff"}))
        await store.write(lambda tx: tx.quotas.save({}))

        assert {"ann": b"\x00\xff", "bob": b"2"} == await store.read(lambda tx: tx.quotas.load())
