"""A client and a thief with the same refresh token, in any order: the thief never wins.

The oracle stores in plain sight who rotated what and when; the server has only hashes.
"""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import UserId
from musearoo.ports.security import NewLogin, Replay
from musearoo.security.refresh import (
    ALLOWANCE_SECONDS,
    FORGOTTEN_SECONDS,
    IDLE_SECONDS,
    REMEMBERED_SECONDS,
    RotatingRefresh,
)
from tests.doubles.accounts import LoginRows, login_transaction
from tests.doubles.ambient import CountedIds, CountedRandom


@dataclass
class Known:
    """What the oracle knows of one secret."""

    issued_at: float
    used_at: float | None = None
    used_by: str = ""
    child: str = ""


class Theft(RuleBasedStateMachine):
    @initialize(remember=st.booleans(), disguised=st.booleans())
    def log_in(self, remember, disguised):
        self.now = self.began = 1_000_000.0
        self.rows = LoginRows()
        self.tx = login_transaction(self.rows)
        self.chains = RotatingRefresh(b"k" * 32, CountedIds(), CountedRandom())
        login = self.chains.begin(
            self.tx, UserId("u"), client="phone", remember_me=remember, now=self.now
        )
        self.absolute = self.now + (REMEMBERED_SECONDS if remember else FORGOTTEN_SECONDS)
        self.secrets = {login.secret: Known(self.now)}
        self.held = {"client": login.secret}
        self.thief_name = "phone" if disguised else "thief"
        self.thief_acted = False
        self.ended = False

    @rule(seconds=st.sampled_from([0.0, 0.2, 3.0, 9.9, 10.1, 600.0, 43_000.0, 86_400.0 * 6]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(lost=st.booleans())
    def client_refreshes(self, lost):
        secret = self.held["client"]
        known = self.secrets[secret]
        own_retry = known.used_by == "phone" and self.now - (known.used_at or 0) <= 10
        answer = self.present(secret, "phone")
        if own_retry and not self.thief_acted and not self.is_over():
            assert isinstance(answer, NewLogin), "locked out by its own retry"
        if isinstance(answer, NewLogin) and not lost:
            self.held["client"] = answer.secret

    @rule(data=st.data())
    def thief_steals(self, data):
        self.held["thief"] = data.draw(st.sampled_from(sorted(self.secrets)))

    @precondition(lambda self: "thief" in self.held)
    @rule(lost=st.booleans())
    def thief_refreshes(self, lost):
        self.thief_acted = True
        answer = self.present(self.held["thief"], self.thief_name)
        if isinstance(answer, NewLogin) and not lost:
            self.held["thief"] = answer.secret

    @invariant()
    def one_secret_at_most_is_good(self):
        """Two who part ways cannot both go on: the chain never forks."""
        unused = [token for token in self.rows.tokens.values() if token.used_at is None]
        assert len(unused) == 1

    def is_over(self):
        return self.ended or self.now >= self.absolute

    def present(self, secret, client):
        expected = self.expected(secret, client)
        try:
            answer = self.chains.rotate(self.tx, secret, client=client, now=self.now)
        except Unauthenticated:
            assert expected == "refused"
            return None
        if isinstance(answer, Replay):
            assert expected == "replay"
            self.ended = True
        elif expected == "retry":
            assert answer.secret == self.secrets[secret].child
        else:
            assert expected == "rotated"
            self.secrets[secret].used_at, self.secrets[secret].used_by = self.now, client
            self.secrets[secret].child = answer.secret
            assert answer.secret not in self.secrets
            self.secrets[answer.secret] = Known(self.now)
        return answer

    def expected(self, secret, client):
        known = self.secrets[secret]
        if self.is_over():
            return "refused"
        if known.used_at is not None:
            fresh = self.secrets[known.child].used_at is None
            in_time = self.now - known.used_at <= ALLOWANCE_SECONDS
            return "retry" if fresh and in_time and known.used_by == client else "replay"
        return "refused" if self.now >= known.issued_at + IDLE_SECONDS else "rotated"


TestTheft = Theft.TestCase
