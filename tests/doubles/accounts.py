"""The rows of logins in memory, for tests of what is decided over them."""

from dataclasses import dataclass, field
from typing import cast

from msgspec.structs import replace

from musearoo.domain.ids import FamilyId
from musearoo.domain.records import RefreshFamily, RefreshToken
from musearoo.ports.store import AccountRows, Transaction


@dataclass
class LoginRows:
    """The part of `AccountRows` that refresh chains use."""

    by_id: dict[FamilyId, RefreshFamily] = field(default_factory=dict)
    tokens: dict[str, RefreshToken] = field(default_factory=dict)

    def insert_family(self, family: RefreshFamily) -> None:
        self.by_id[family.id] = family

    def family(self, family: FamilyId) -> RefreshFamily | None:
        return self.by_id.get(family)

    def touch_family(self, family: FamilyId, at: float) -> None:
        self.by_id[family] = replace(self.by_id[family], last_used_at=at)

    def end_family(self, family: FamilyId, at: float, reason: str) -> None:
        self.by_id[family] = replace(self.by_id[family], ended_at=at, end_reason=reason)

    def insert_refresh(self, token: RefreshToken) -> None:
        assert token.hash not in self.tokens
        self.tokens[token.hash] = token

    def refresh(self, token_hash: str) -> RefreshToken | None:
        return self.tokens.get(token_hash)

    def child_of(self, token_hash: str) -> RefreshToken | None:
        return next((t for t in self.tokens.values() if t.parent == token_hash), None)

    def use_refresh(self, token_hash: str, at: float) -> None:
        assert self.tokens[token_hash].used_at is None
        self.tokens[token_hash] = replace(self.tokens[token_hash], used_at=at)


@dataclass
class _Transaction:
    accounts: AccountRows


def login_transaction(rows: LoginRows) -> Transaction:
    return cast("Transaction", _Transaction(cast("AccountRows", rows)))
