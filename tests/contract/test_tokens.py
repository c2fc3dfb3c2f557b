"""What every adapter of `Tokens` and `Tickets` must do."""

import timeit

import pytest

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.ports.security import Claims, Ticket, Tickets, Tokens
from musearoo.security.ambient import SystemRandom
from musearoo.security.keys import Keys, new_key
from musearoo.security.tickets import MemoryTickets
from musearoo.security.tokens import SignedTokens

NOW = 1_800_000_000.0
USER, FAMILY = UserId("user"), FamilyId("family")
KEYS = Keys(new_key())


def tokens_of(keys: Keys, issuer: str = "http://localhost:8000") -> Tokens:
    return SignedTokens(keys, issuer=issuer)


@pytest.fixture
def tokens():
    return tokens_of(KEYS)


class TestAccess:
    def test_token_names_user_and_family(self, tokens):
        token, lifetime = tokens.access(USER, FAMILY, NOW)
        assert tokens.verify(token, NOW) == Claims(USER, FAMILY, NOW + lifetime)

    def test_token_ends_on_time_verified_before_or_not(self, tokens):
        for seen_before in (True, False):
            token, lifetime = tokens.access(USER, FAMILY, NOW)
            if seen_before:
                tokens.verify(token, NOW)
            tokens.verify(token, NOW + lifetime - 0.5)
            with pytest.raises(Unauthenticated):
                tokens.verify(token, NOW + lifetime)

    def test_revoked_family_is_refused_verified_before_or_not(self, tokens):
        seen, unseen = (tokens.access(USER, FAMILY, NOW)[0] for _ in range(2))
        other, _ = tokens.access(USER, FamilyId("other"), NOW)
        tokens.verify(seen, NOW)
        tokens.revoke_family(FAMILY)
        for token in (seen, unseen, seen):
            with pytest.raises(Unauthenticated):
                tokens.verify(token, NOW + 1)
        assert tokens.verify(other, NOW + 1).family == "other"

    def test_token_of_another_server_is_refused(self, tokens):
        for stranger in (tokens_of(Keys(new_key())), tokens_of(KEYS, "https://other.example")):
            token, _ = stranger.access(USER, FAMILY, NOW)
            with pytest.raises(Unauthenticated):
                tokens.verify(token, NOW)

    def test_rotation_keeps_tokens_of_one_key_before(self):
        first, second = KEYS, KEYS.rotated()
        token, _ = tokens_of(first).access(USER, FAMILY, NOW)
        assert tokens_of(second).verify(token, NOW).user == USER
        with pytest.raises(Unauthenticated):
            tokens_of(second.rotated()).verify(token, NOW)

    def test_new_tokens_are_signed_with_the_new_key(self):
        token, _ = tokens_of(KEYS.rotated()).access(USER, FAMILY, NOW)
        with pytest.raises(Unauthenticated):
            tokens_of(KEYS).verify(token, NOW)


class TestSignature:
    def test_signature_holds_until_its_end(self, tokens):
        end = int(NOW) + 60
        signature = tokens.signature("/assets/1", end)
        assert tokens.signature_is_valid("/assets/1", end, signature, NOW)
        assert not tokens.signature_is_valid("/assets/1", end, signature, end)

    def test_signature_binds_text_and_end(self, tokens):
        end = int(NOW) + 60
        signature = tokens.signature("/assets/1", end)
        assert not tokens.signature_is_valid("/assets/2", end, signature, NOW)
        assert not tokens.signature_is_valid("/assets/1", end + 1, signature, NOW)
        assert not tokens.signature_is_valid("/assets/1", end, signature[:-1], NOW)
        assert not tokens.signature_is_valid("/assets/1", end, "", NOW)

    def test_signature_fits_into_a_url(self, tokens):
        signature = tokens.signature("/assets/ü?x=1&y=2", int(NOW))
        assert len(signature) >= 20
        assert signature.replace("-", "").replace("_", "").isalnum()

    def test_rotation_keeps_signatures_of_one_key_before(self):
        end = int(NOW) + 60
        signature = tokens_of(KEYS).signature("x", end)
        second = KEYS.rotated()
        assert tokens_of(second).signature_is_valid("x", end, signature, NOW)
        assert not tokens_of(second.rotated()).signature_is_valid("x", end, signature, NOW)


class TestTicket:
    TICKET = Ticket(USER, FAMILY, "session", "web", "https://band.example")

    @pytest.fixture
    def tickets(self) -> Tickets:
        return MemoryTickets(SystemRandom())

    def test_ticket_comes_back_once(self, tickets):
        secret, lifetime = tickets.issue(self.TICKET, NOW)
        assert lifetime == 30
        assert tickets.redeem(secret, NOW + lifetime - 0.1) == self.TICKET
        with pytest.raises(Unauthenticated):
            tickets.redeem(secret, NOW + lifetime - 0.1)

    def test_ticket_ends(self, tickets):
        secret, lifetime = tickets.issue(self.TICKET, NOW)
        with pytest.raises(Unauthenticated):
            tickets.redeem(secret, NOW + lifetime)

    @pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 100_000, "\ud800"])
    def test_unknown_secret_is_refused(self, tickets, secret):
        tickets.issue(self.TICKET, NOW)
        with pytest.raises(Unauthenticated):
            tickets.redeem(secret, NOW)

    def test_ended_login_voids_its_tickets_only(self, tickets):
        gone, _ = tickets.issue(self.TICKET, NOW)
        other = Ticket(USER, FamilyId("other"), "session", "web", None)
        stays, _ = tickets.issue(other, NOW)
        tickets.revoke_family(FAMILY)
        with pytest.raises(Unauthenticated):
            tickets.redeem(gone, NOW)
        assert tickets.redeem(stays, NOW) == other


def test_second_check_of_a_token_costs_a_part_of_the_first(tokens):
    """About a microsecond against 25; the fastest of each, for the machine is not ours alone."""
    made = iter([tokens.access(USER, FamilyId(f"f{n}"), NOW)[0] for n in range(500)])
    token, _ = tokens.access(USER, FAMILY, NOW)
    first = timeit.repeat(lambda: tokens.verify(next(made), NOW), number=10, repeat=50)
    second = timeit.repeat(lambda: tokens.verify(token, NOW), number=10, repeat=500)
    assert min(second) < min(first) / 5
