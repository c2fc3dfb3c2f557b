"""Refresh chains over the real store: what is decided is what is kept."""

import pytest

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import UserId
from musearoo.domain.permissions import Tier
from musearoo.domain.records import User
from musearoo.ports.security import NewLogin, Replay
from musearoo.security.ambient import SystemRandom, Uuid7Ids
from musearoo.security.refresh import RotatingRefresh
from musearoo.storage.opening import open_store

NOW = 1_800_000_000.0
USER = UserId("018f2b5a-1111-7000-8000-123456789abc")


@pytest.fixture
async def store(tmp_path):
    opened = open_store(None, tmp_path)
    user = User(
        id=USER, username="anna", username_key="anna", email="a@example.org",
        email_key="a@example.org", display_name=None, password_hash=None, tier=Tier.FREE,
        email_verified=False, accessibility_settings="{}", total_generations=0,
        monthly_generations=0, generations_month="2026-11", created_at=NOW,
    )  # fmt: skip
    await opened.write(lambda tx: tx.accounts.insert(user))
    yield opened
    await opened.close()


@pytest.fixture
def chains():
    return RotatingRefresh(b"k" * 32, Uuid7Ids(), SystemRandom())


class TestOverTheStore:
    async def test_life_of_a_family(self, store, chains):
        def begin(tx):
            return chains.begin(tx, USER, client="phone", remember_me=True, now=NOW)

        async def rotate(secret, after, client="phone"):
            return await store.write(
                lambda tx: chains.rotate(tx, secret, client=client, now=NOW + after)
            )

        first = await store.write(begin)
        second = await rotate(first.secret, 10)
        assert await rotate(first.secret, 15) == second
        third = await rotate(second.secret, 600)
        assert isinstance(third, NewLogin)
        [family] = await store.read(lambda tx: tx.accounts.families(USER))
        assert (family.id, family.last_used_at, family.ended_at) == (first.family, NOW + 600, None)
        assert await rotate(first.secret, 601) == Replay(USER, first.family)
        with pytest.raises(Unauthenticated):
            await rotate(third.secret, 602)
        [family] = await store.read(lambda tx: tx.accounts.families(USER))
        assert (family.ended_at, family.end_reason) == (NOW + 601, "replay")

    async def test_refusal_changes_nothing(self, store, chains):
        with pytest.raises(Unauthenticated):
            await store.write(lambda tx: chains.rotate(tx, "unknown", client="phone", now=NOW))
        assert await store.read(lambda tx: tx.accounts.families(USER)) == []
