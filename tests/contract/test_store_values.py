"""Values at the edge: kept as they are, or refused in words before a driver sees them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.ports.store import Store
from musearoo.storage.opening import open_store
from tests.contract.making import (
    ANN,
    answer,
    audit_entry,
    generation,
    take,
    user,
    with_song,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def test_any_text_is_kept_exactly_or_refused(database: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        store = runner.run(_opened(database, tmp_path))

        @given(ANY_TEXT)
        @settings(max_examples=100, suppress_health_check=list(HealthCheck))
        def check(text: str) -> None:
            entry = audit_entry("act", detail=text)
            if storable(text):
                runner.run(store.write(lambda tx: tx.audit.append(entry)))
                assert [entry] == runner.run(store.read(lambda tx: tx.audit.latest(1)))
            else:
                with pytest.raises(InvalidValue, match="detail"):
                    runner.run(store.write(lambda tx: tx.audit.append(entry)))

        check()
        runner.run(store.close())


def test_any_number_is_kept_exactly_or_refused(database: str, tmp_path: Path) -> None:
    edges = st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**200])
    with asyncio.Runner() as runner:
        store = runner.run(_opened(database, tmp_path))
        runner.run(store.write(lambda tx: tx.accounts.insert(user())))

        @given(st.integers() | edges, st.floats())
        @settings(max_examples=100, suppress_health_check=list(HealthCheck))
        def check(whole: int, fraction: float) -> None:
            changed = user(total_generations=whole)
            if -(2**63) <= whole < 2**63:
                runner.run(store.write(lambda tx: tx.accounts.update(changed)))
                assert changed == runner.run(store.read(lambda tx: tx.accounts.get(ANN)))
            else:
                with pytest.raises(InvalidValue, match="64 bits"):
                    runner.run(store.write(lambda tx: tx.accounts.update(changed)))
            entry = audit_entry(at=fraction)
            if fraction - fraction == 0.0:
                runner.run(store.write(lambda tx: tx.audit.append(entry)))
                assert [entry] == runner.run(store.read(lambda tx: tx.audit.latest(1)))
            else:
                with pytest.raises(InvalidValue, match="finite"):
                    runner.run(store.write(lambda tx: tx.audit.append(entry)))

        check()
        runner.run(store.close())


class TestRefusals:
    @pytest.mark.parametrize("hostile", ["a\0b", "\ud800", "ok\udfff"])
    async def test_hostile_text_in_a_question_is_refused_too(self, store, hostile: str) -> None:
        with pytest.raises(InvalidValue):
            await store.read(lambda tx: tx.accounts.find_by_email(hostile))
        with pytest.raises(InvalidValue):
            await store.read(
                lambda tx: tx.projects.list_for(ANN, search=hostile, limit=1, offset=0)
            )

    @pytest.mark.parametrize(
        "parameters", [{"style": "\ud800"}, {"\udfff": 1}, {"complexity": 2**64}]
    )
    async def test_hostile_values_inside_packed_fields_are_refused(
        self, store, parameters: dict[str, Any]
    ) -> None:
        await with_song(store)
        with pytest.raises(InvalidValue):
            await store.write(
                lambda tx: tx.work.insert_generation(generation(parameters_used=parameters))
            )

    async def test_refusal_leaves_the_rest_of_the_work_usable(self, store) -> None:
        await with_song(store)

        def work(tx):
            with pytest.raises(InvalidValue):
                tx.answers.put(answer("a\0"))
            tx.answers.put(answer("b"))

        await store.write(work)
        assert await store.read(lambda tx: tx.answers.find(ANN, "b", 0.0)) is not None

    async def test_bytes_of_any_value_and_size_are_kept(self, store) -> None:
        await with_song(store)
        for name, body in (("empty", b""), ("all", bytes(range(256))), ("long", b"\0" * 2**20)):
            await store.write(lambda tx, n=name, b=body: tx.work.insert_take(take(n, context=b)))
            stored = await store.read(lambda tx, n=name: tx.work.take(n))
            assert stored is not None
            assert body == stored.context


async def _opened(database: str, folder: Path) -> Store:
    return await asyncio.to_thread(open_store, database, folder / "data")
