"""`AccountRows`: accounts, logins and single-use secrets, on both databases."""

import asyncio

import msgspec
import pytest

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.permissions import Tier
from tests.contract.making import (
    ANN,
    BOB,
    access,
    answer,
    asset,
    audit_entry,
    collaborator,
    family,
    job,
    one_time,
    project,
    refresh,
    take,
    user,
    with_song,
)

replace = msgspec.structs.replace


class TestAccounts:
    async def test_account_comes_back_as_it_was_stored(self, store) -> None:
        full = user(
            "ann", display_name="Ann Ü. 🎸", email_verified=True, tier=Tier.STUDIO,
            password_hash=None, accessibility_settings='{"contrast": true}',
        )  # fmt: skip
        await store.write(lambda tx: tx.accounts.insert(full))

        assert full == await store.read(lambda tx: tx.accounts.get(ANN))
        assert full == await store.read(lambda tx: tx.accounts.find_by_email("ann@example.org"))
        assert full == await store.read(lambda tx: tx.accounts.find_by_username("ann"))

    async def test_unknown_account_is_none(self, store) -> None:
        assert await store.read(lambda tx: tx.accounts.get(ANN)) is None
        assert await store.read(lambda tx: tx.accounts.find_by_email("ann")) is None

    @pytest.mark.parametrize(
        ("field", "said"), [("email_key", "e-mail"), ("username_key", "username")]
    )
    async def test_taken_address_and_name_conflict(self, store, field: str, said: str) -> None:
        await store.write(lambda tx: tx.accounts.insert(user("ann")))
        second = replace(user("bob"), **{field: getattr(user("ann"), field)})

        with pytest.raises(Conflict, match=said):
            await store.write(lambda tx: tx.accounts.insert(second))
        assert await store.read(lambda tx: tx.accounts.get(BOB)) is None

    async def test_of_twenty_at_once_with_one_address_one_gets_it(self, store) -> None:
        same = [user(f"u{n}", email_key="same@example.org") for n in range(20)]
        answers = await asyncio.gather(
            *(store.write(lambda tx, one=one: tx.accounts.insert(one)) for one in same),
            return_exceptions=True,
        )

        assert 1 == answers.count(None)
        assert 19 == sum(isinstance(answer, Conflict) for answer in answers)

    async def test_update_replaces_everything_but_the_time_of_creation(self, store) -> None:
        await store.write(lambda tx: tx.accounts.insert(user("ann")))
        changed = user(
            "ann", username="Anna", username_key="anna", email="a@b.c", email_key="a@b.c",
            display_name="A", password_hash="new", tier=Tier.PRO, email_verified=True,
            accessibility_settings="{1}", total_generations=7, monthly_generations=3,
            generations_month="2027-01", created_at=999.0,
        )  # fmt: skip
        await store.write(lambda tx: tx.accounts.update(changed))

        stored = await store.read(lambda tx: tx.accounts.get(ANN))
        assert replace(changed, created_at=100.25) == stored

    async def test_update_to_a_taken_address_conflicts(self, store) -> None:
        await with_song(store)
        with pytest.raises(Conflict):
            await store.write(
                lambda tx: tx.accounts.update(user("bob", email_key="ann@example.org"))
            )

    async def test_change_of_an_unknown_account_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.accounts.update(user("ann")))
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.accounts.set_tier(ANN, Tier.PRO))

    async def test_tier_changes_alone(self, store) -> None:
        await store.write(lambda tx: tx.accounts.insert(user("ann")))
        await store.write(lambda tx: tx.accounts.set_tier(ANN, Tier.STUDIO))

        assert user("ann", tier=Tier.STUDIO) == await store.read(lambda tx: tx.accounts.get(ANN))

    async def test_new_month_restarts_the_monthly_counter_only(self, store) -> None:
        await store.write(lambda tx: tx.accounts.insert(user("ann")))
        for month, parts in (("2026-11", 4), ("2026-11", 1), ("2026-12", 2)):
            await store.write(lambda tx, m=month, n=parts: tx.accounts.count_generation(ANN, m, n))

        stored = await store.read(lambda tx: tx.accounts.get(ANN))
        assert stored is not None
        assert (7, 2, "2026-12") == (
            stored.total_generations,
            stored.monthly_generations,
            stored.generations_month,
        )


class TestDelete:
    async def test_account_takes_all_it_owns_along_and_leaves_audit_and_others(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("other", owner="bob"))
            tx.projects.put_collaborator(collaborator("bob", "song"))
            tx.projects.put_collaborator(collaborator("ann", "other"))
            tx.accounts.insert_family(family())
            tx.accounts.insert_refresh(refresh())
            tx.accounts.insert_one_time(one_time())
            tx.answers.put(answer())
            tx.work.insert_take(take("hers", "song"))
            tx.work.insert_take(take("hers in his", "other"))
            tx.jobs.enqueue(job("job", "song"))
            tx.audit.append(audit_entry("login"))

        await store.write(fill)
        await store.write(lambda tx: tx.accounts.delete(ANN))

        def look(tx):
            assert tx.accounts.get(ANN) is None
            assert tx.accounts.family("fam") is None
            assert tx.accounts.refresh("tok") is None
            assert tx.projects.facts("song", BOB) is None
            assert tx.work.take("hers") is None
            assert tx.jobs.get("job") is None
            assert tx.sessions.get("song") is None
            assert [] == tx.projects.collaborators(access("other"))
            assert tx.answers.find(ANN, "cmd", 0.0) is None
            assert tx.work.take("hers in his") is not None
            assert [audit_entry("login")] == tx.audit.latest(10)

        await store.read(look)
        assert await store.write(lambda tx: tx.accounts.use_one_time("once", "reset", 1.0)) is None

    async def test_answers_blobs_that_only_it_referred_to(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.projects.insert(project("mine too"))
            tx.projects.insert(project("his", owner="bob"))
            tx.work.insert_asset(asset("a", "song", blob="only hers"))
            tx.work.insert_asset(asset("b", "mine too", blob="only hers"))
            tx.work.insert_asset(asset("c", "song", blob="of both"))
            tx.work.insert_asset(asset("d", "his", blob="of both"))
            tx.work.insert_asset(asset("e", "song", blob=None))

        await store.write(fill)
        assert ["only hers"] == await store.write(lambda tx: tx.accounts.delete(ANN))

    async def test_unknown_account_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.accounts.delete(ANN))


class TestLogins:
    async def test_families_come_newest_first_with_their_end(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.accounts.insert_family(family("old", created_at=1.0))
            tx.accounts.insert_family(family("new", created_at=2.0))
            tx.accounts.insert_family(family("his", "bob"))
            tx.accounts.touch_family("old", 7.0)
            tx.accounts.end_family("old", 8.0, "logout")
            tx.accounts.end_family("old", 9.0, "again")

        await store.write(fill)
        ended = family("old", last_used_at=7.0, ended_at=8.0, end_reason="logout")
        assert [family("new", created_at=2.0), ended] == await store.read(
            lambda tx: tx.accounts.families(ANN)
        )

    async def test_ending_all_answers_which_were_live(self, store) -> None:
        await with_song(store)

        def fill(tx):
            for name in ("a", "b", "c"):
                tx.accounts.insert_family(family(name))
            tx.accounts.insert_family(family("his", "bob"))
            tx.accounts.end_family("b", 2.0, "logout")

        await store.write(fill)
        assert ["a", "c"] == await store.write(
            lambda tx: tx.accounts.end_families(ANN, 5.0, "password")
        )
        his = await store.read(lambda tx: tx.accounts.family("his"))
        assert his is not None
        assert his.ended_at is None

    async def test_refresh_token_knows_child_and_first_use(self, store) -> None:
        await with_song(store)

        def fill(tx):
            tx.accounts.insert_family(family())
            tx.accounts.insert_refresh(refresh("parent"))
            tx.accounts.insert_refresh(refresh("child", parent="parent"))
            tx.accounts.use_refresh("parent", 3.0)
            tx.accounts.use_refresh("parent", 4.0)

        await store.write(fill)
        assert refresh("child", parent="parent") == await store.read(
            lambda tx: tx.accounts.child_of("parent")
        )
        assert replace(refresh("parent"), used_at=3.0) == await store.read(
            lambda tx: tx.accounts.refresh("parent")
        )
        assert await store.read(lambda tx: tx.accounts.child_of("child")) is None

    async def test_login_of_an_unknown_account_is_not_found(self, store) -> None:
        with pytest.raises(NotFound):
            await store.write(lambda tx: tx.accounts.insert_family(family()))

    async def test_secret_is_used_once_in_time_and_for_its_purpose(self, store) -> None:
        await with_song(store)
        await store.write(lambda tx: tx.accounts.insert_one_time(one_time(expires_at=50.0)))

        async def use(purpose: str, at: float):
            return await store.write(lambda tx: tx.accounts.use_one_time("once", purpose, at))

        assert await use("verify", 1.0) is None
        assert await use("reset", 50.0) is None
        assert one_time(used_at=49.0) == await use("reset", 49.0)
        assert await use("reset", 49.5) is None
