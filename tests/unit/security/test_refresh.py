import pytest

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import UserId
from musearoo.ports.security import NewLogin, RefreshChains, Replay
from musearoo.security.refresh import (
    ALLOWANCE_SECONDS,
    FORGOTTEN_SECONDS,
    IDLE_SECONDS,
    REMEMBERED_SECONDS,
    RotatingRefresh,
    secret_hash,
)
from tests.doubles.accounts import LoginRows, login_transaction
from tests.doubles.ambient import CountedIds, CountedRandom

USER = UserId("user")
START = 1_000_000.0


class Desk:
    """One server with one family, for short sentences."""

    def __init__(self, *, remember_me=True):
        self.rows = LoginRows()
        self.tx = login_transaction(self.rows)
        self.chains: RefreshChains = RotatingRefresh(b"k" * 32, CountedIds(), CountedRandom())
        self.first = self.chains.begin(
            self.tx, USER, client="phone", remember_me=remember_me, now=START
        )

    def rotate(self, secret, after=1.0, client="phone"):
        return self.chains.rotate(self.tx, secret, client=client, now=START + after)

    def must_rotate(self, secret, after=1.0, client="phone"):
        login = self.rotate(secret, after, client)
        assert isinstance(login, NewLogin)
        return login


class TestBegin:
    def test_only_the_hash_of_a_secret_is_stored(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret)
        stored = repr(desk.rows.tokens) + repr(desk.rows.by_id)
        assert desk.first.secret not in stored
        assert second.secret not in stored
        assert secret_hash(second.secret) in desk.rows.tokens

    def test_remembered_login_ends_after_30_days_however_busy(self):
        desk = Desk()
        secret, day = desk.first.secret, 86400.0
        for number in range(1, 30):
            secret = desk.must_rotate(secret, number * day).secret
        assert desk.rows.by_id[desk.first.family].expires_at == START + REMEMBERED_SECONDS
        with pytest.raises(Unauthenticated):
            desk.rotate(secret, REMEMBERED_SECONDS)

    def test_forgotten_login_ends_after_12_hours(self):
        desk = Desk(remember_me=False)
        assert desk.first.expires_at == START + FORGOTTEN_SECONDS
        desk.must_rotate(desk.first.secret, FORGOTTEN_SECONDS - 1)
        again = Desk(remember_me=False)
        with pytest.raises(Unauthenticated):
            again.rotate(again.first.secret, FORGOTTEN_SECONDS)

    def test_idle_login_ends_after_7_days(self):
        desk = Desk()
        assert desk.first.expires_at == START + IDLE_SECONDS
        desk.must_rotate(desk.first.secret, IDLE_SECONDS - 1)
        again = Desk()
        with pytest.raises(Unauthenticated):
            again.rotate(again.first.secret, IDLE_SECONDS)


class TestRotate:
    def test_each_secret_is_new_and_belongs_to_the_same_login(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, 100)
        third = desk.must_rotate(second.secret, 200)
        assert len({desk.first.secret, second.secret, third.secret}) == 3
        assert (third.user, third.family) == (USER, desk.first.family)
        assert third.expires_at == START + 200 + IDLE_SECONDS
        assert desk.rows.by_id[third.family].last_used_at == START + 200

    @pytest.mark.parametrize("secret", ["", "no", "x" * 43, "x" * 5000, "\ud800", "ü" * 43])
    def test_unknown_secret_is_refused(self, secret):
        with pytest.raises(Unauthenticated):
            Desk().rotate(secret)

    def test_secrets_of_another_server_key_differ(self):
        """The child cannot be computed from the parent without the server's key."""
        one, other = Desk(), Desk()
        other.chains = RotatingRefresh(b"x" * 32, CountedIds(), CountedRandom())
        assert one.first.secret == other.first.secret
        assert (
            one.must_rotate(one.first.secret).secret != other.must_rotate(one.first.secret).secret
        )


class TestReplay:
    def test_used_secret_ends_the_family_for_everyone(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret)
        assert desk.rotate(desk.first.secret, 100) == Replay(USER, desk.first.family)
        family = desk.rows.by_id[desk.first.family]
        assert (family.ended_at, family.end_reason) == (START + 100, "replay")
        for secret in (desk.first.secret, second.secret):
            with pytest.raises(Unauthenticated):
                desk.rotate(secret, 101)

    def test_used_secret_is_noticed_even_after_its_idle_end(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, IDLE_SECONDS - 10)
        assert isinstance(desk.rotate(desk.first.secret, IDLE_SECONDS + 10), Replay)
        with pytest.raises(Unauthenticated):
            desk.rotate(second.secret, IDLE_SECONDS + 11)

    def test_used_secret_of_an_expired_login_is_no_news(self):
        desk = Desk(remember_me=False)
        desk.must_rotate(desk.first.secret)
        with pytest.raises(Unauthenticated):
            desk.rotate(desk.first.secret, FORGOTTEN_SECONDS + 1)
        assert desk.rows.by_id[desk.first.family].ended_at is None

    def test_other_families_of_the_user_live_on(self):
        desk = Desk()
        laptop = desk.chains.begin(desk.tx, USER, client="laptop", remember_me=True, now=START)
        desk.must_rotate(desk.first.secret)
        desk.rotate(desk.first.secret, 100)
        assert desk.must_rotate(laptop.secret, 101, "laptop").family == laptop.family


class TestAllowance:
    def test_lost_answer_is_given_again(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, 1)
        again = desk.must_rotate(desk.first.secret, 1 + ALLOWANCE_SECONDS)
        assert again == second
        assert desk.must_rotate(second.secret, 20).secret

    def test_clock_set_back_a_little_locks_nobody_out(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, 5)
        assert desk.must_rotate(desk.first.secret, 1) == second

    def test_too_late_is_a_replay(self):
        desk = Desk()
        desk.must_rotate(desk.first.secret, 1)
        assert isinstance(desk.rotate(desk.first.secret, 1.1 + ALLOWANCE_SECONDS), Replay)

    def test_another_client_is_a_replay(self):
        desk = Desk()
        desk.must_rotate(desk.first.secret, 1)
        assert isinstance(desk.rotate(desk.first.secret, 2, client="thief"), Replay)

    def test_owner_after_a_thief_who_came_first_is_a_replay(self):
        """The allowance goes to whoever rotated, not to whoever logged in."""
        desk = Desk()
        stolen = desk.must_rotate(desk.first.secret, 1, client="thief")
        assert isinstance(desk.rotate(desk.first.secret, 2), Replay)
        with pytest.raises(Unauthenticated):
            desk.rotate(stolen.secret, 3, client="thief")

    def test_parent_after_its_child_was_used_is_a_replay(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, 1)
        desk.must_rotate(second.secret, 2)
        assert isinstance(desk.rotate(desk.first.secret, 3), Replay)

    def test_retry_does_not_prolong_the_child(self):
        desk = Desk()
        second = desk.must_rotate(desk.first.secret, 1)
        assert desk.must_rotate(desk.first.secret, 9).expires_at == second.expires_at
