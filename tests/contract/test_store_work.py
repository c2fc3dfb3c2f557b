"""`WorkRows`: analyses, generations, takes, assets and exports, on both databases."""

from typing import Any

import msgspec
import pytest

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.events import Stages
from musearoo.ports.store import Transaction
from tests.contract.making import (
    ANN,
    access,
    analysis,
    asset,
    export,
    generation,
    project,
    take,
    with_song,
)

KINDS: list[tuple[str, Any]] = [
    ("analysis", analysis),
    ("generation", generation),
    ("asset", asset),
    ("export", export),
    ("take", take),
]
CHANGED: dict[str, Any] = {
    "analysis": analysis(
        status="completed", processing_time_ms=12, result=b"{}", error="e", depth="deep",
        features=(), asset="other",
    ),
    "generation": generation(
        status="failed", take="t", parent_take="p", progress=0.5, confidence=0.25,
        generation_time_ms=2**40, error="e", run=b"\x00\xff", parameters_used={"a": 1, "b": 1.0},
    ),
    "asset": asset(blob=None, size=None, recipe="take:t:midi", kind="midi", name="n"),
    "export": export(status="completed", asset="a", error="e", estimated_completion=9.0),
}  # fmt: skip


def insert(tx: Transaction, kind: str, record: Any) -> None:
    getattr(tx.work, f"insert_{kind}")(record)


def get(tx: Transaction, kind: str, name: str) -> Any:
    return getattr(tx.work, kind)(name)


class TestDrafts:
    async def test_are_in_their_own_users_lists_until_they_are_published(self, store) -> None:
        await with_song(store)
        for name, draft in (("shown", False), ("hidden", True)):
            made = take(name, draft=draft)
            await store.write(lambda tx, made=made: tx.work.insert_take(made))

        async def listed(user: str, part: str | None) -> tuple[set[str], int]:
            reader = access("song", user)
            found, count = await store.read(
                lambda tx: tx.work.takes(reader, part=part, limit=9, offset=0)
            )
            return {each.id for each in found}, count

        for part in (None, "drums"):
            assert ({"shown", "hidden"}, 2) == await listed("ann", part)
            assert ({"shown"}, 1) == await listed("bob", part)
        await store.write(lambda tx: tx.work.publish_take("hidden"))
        assert ({"shown", "hidden"}, 2) == await listed("bob", None)
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.work.publish_take("none"))

    async def test_a_generation_keeps_its_stages(self, store) -> None:
        await with_song(store)
        stages = Stages(admitted=0.25, sent=11.5)
        made = generation(stages=stages, draft=True)
        await store.write(lambda tx: tx.work.insert_generation(made))
        stored = await store.read(lambda tx: tx.work.generation("generation"))
        assert (stored.stages, stored.draft) == (stages, True)


class TestEveryKind:
    @pytest.mark.parametrize(("kind", "make"), KINDS)
    async def test_comes_back_as_stored_and_only_once(self, store, kind: str, make: Any) -> None:
        await with_song(store)
        assert await store.read(lambda tx: get(tx, kind, kind)) is None

        await store.write(lambda tx: insert(tx, kind, make()))
        assert make() == await store.read(lambda tx: get(tx, kind, kind))
        with pytest.raises(Conflict):
            await store.write(lambda tx: insert(tx, kind, make()))

    @pytest.mark.parametrize("kind", CHANGED)
    async def test_update_replaces_all_but_project_maker_and_time(self, store, kind: str) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.projects.insert(project("other")))
        make = dict(KINDS)[kind]
        maker = "owner" if kind == "asset" else "user"
        moved = msgspec.structs.replace(
            CHANGED[kind], project="other", created_at=77.0, **{maker: "bob"}
        )
        with pytest.raises(NotFound):
            await store.write(lambda tx: getattr(tx.work, f"update_{kind}")(moved))

        await store.write(lambda tx: insert(tx, kind, make()))
        await store.write(lambda tx: getattr(tx.work, f"update_{kind}")(moved))
        assert CHANGED[kind] == await store.read(lambda tx: get(tx, kind, kind))

    @pytest.mark.parametrize(("kind", "make"), KINDS)
    async def test_without_its_project_it_is_not_found(self, store, kind: str, make: Any) -> None:
        """What ends after its project was deleted leaves nothing behind."""
        with pytest.raises(NotFound):
            await store.write(lambda tx: insert(tx, kind, make()))

    async def test_whole_numbers_and_fractions_keep_their_type(self, store) -> None:
        await with_song(store)
        values: dict[str, Any] = {"whole": 1, "fraction": 1.0, "flag": True, "word": "1"}
        await store.write(lambda tx: tx.work.insert_generation(generation(parameters_used=values)))

        stored = await store.read(lambda tx: tx.work.generation("generation"))
        assert stored is not None
        assert {name: type(value) for name, value in values.items()} == {
            name: type(value) for name, value in stored.parameters_used.items()
        }


class TestLists:
    async def test_takes_come_newest_first_by_page_and_part(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("other"))
            tx.work.insert_take(take("foreign", "other", created_at=99.0))
            for n, part in enumerate(["drums", "bass", "drums", "drums"]):
                tx.work.insert_take(take(f"t{n}", part=part, created_at=float(n // 2)))

        await store.write(fill)

        async def names(part: str | None, limit: int, offset: int) -> tuple[list[str], int]:
            rows, total = await store.read(
                lambda tx: tx.work.takes(access(), part=part, limit=limit, offset=offset)
            )
            return [row.id for row in rows], total

        assert (["t3", "t2", "t1", "t0"], 4) == await names(None, 10, 0)
        assert (["t2", "t1"], 4) == await names(None, 2, 1)
        assert (["t3", "t2", "t0"], 3) == await names("drums", 10, 0)
        assert ([], 0) == await names("kazoo", 10, 0)

    async def test_analyses_come_newest_first(self, store) -> None:
        await with_song(store)

        def fill(tx):
            for name, at in (("a", 3.0), ("b", 1.0), ("c", 3.0)):
                tx.work.insert_analysis(analysis(name, created_at=at))

        await store.write(fill)
        rows, total = await store.read(lambda tx: tx.work.analyses(access(), limit=2, offset=0))
        assert (["c", "a"], 3) == ([row.id for row in rows], total)

    async def test_unfinished_generations_come_oldest_first(self, store) -> None:
        await with_song(store)
        states = ["completed", "processing", "failed", "queued", "cancelled", "queued"]

        def fill(tx):
            for n, state in enumerate(states):
                tx.work.insert_generation(
                    generation(f"g{n}", status=state, created_at=10.0 - n // 4)
                )

        await store.write(fill)
        rows = await store.read(lambda tx: tx.work.unfinished_generations())
        assert ["g5", "g1", "g3"] == [row.id for row in rows]


class TestAssets:
    async def test_recipe_is_found_by_its_exact_beginning(self, store) -> None:
        await with_song(store)
        recipes = ["take:1:midi", "take:1:audio", "take:10:midi", "TAKE:1:midi", "take:1", None]

        def fill(tx):
            for n, recipe in enumerate(recipes):
                tx.work.insert_asset(asset(f"a{n}", recipe=recipe, created_at=float(-n)))

        await store.write(fill)
        rows = await store.read(lambda tx: tx.work.assets_of_recipe("take:1:"))
        assert ["a1", "a0"] == [row.id for row in rows]
        assert [] == await store.read(lambda tx: tx.work.assets_of_recipe("take:%"))

    async def test_stored_bytes_count_uploads_of_one_owner(self, store) -> None:
        await with_song(store)
        assert (0, 0) == await store.read(lambda tx: tx.work.stored_bytes(ANN))

        def fill(tx):
            tx.work.insert_asset(asset("a", size=2**40))
            tx.work.insert_asset(asset("b", size=2))
            tx.work.insert_asset(asset("c", size=4, owner="bob"))
            tx.work.insert_asset(asset("d", size=8, kind="midi"))
            tx.work.insert_asset(asset("e", size=None))
            tx.work.insert_asset(asset("f", size=None, blob=None))  # refused: it takes no place

        await store.write(fill)
        assert (2**40 + 2, 3) == await store.read(lambda tx: tx.work.stored_bytes(ANN))

    async def test_blob_is_referenced_while_an_asset_names_it(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.work.insert_asset(asset(blob="b")))

        assert await store.read(lambda tx: tx.work.blob_is_referenced("b")) is True
        await store.write(lambda tx: tx.work.update_asset(asset(blob=None)))
        assert await store.read(lambda tx: tx.work.blob_is_referenced("b")) is False
