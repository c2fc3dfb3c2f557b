"""Refresh tokens that are used once: rotation, and the end of a family when one comes back.

RFC 9700 §4.14.2 asks that a used token ends the whole family. One allowance is ours, because
phones lose answers: the client that rotated may present the parent again within ten seconds,
as long as the child is unused, and gets the same child.

Only hashes are stored, so the child must be made again: it is a keyed hash of the parent's
secret and the client. Neither the database alone nor the database with the key yields a
secret, and another client that presents the parent would get another child, which tells the
two apart without storing who rotated.
"""

import base64
import hashlib
import hmac
from typing import Final

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.domain.records import RefreshFamily, RefreshToken
from musearoo.ports.ambient import Ids, Random
from musearoo.ports.security import NewLogin, Replay
from musearoo.ports.store import AccountRows, Transaction

IDLE_SECONDS: Final = 7 * 86400
REMEMBERED_SECONDS: Final = 30 * 86400
FORGOTTEN_SECONDS: Final = 12 * 3600
ALLOWANCE_SECONDS: Final = 10.0
_MAX_SECRET_CHARACTERS: Final = 128


class RotatingRefresh:
    """Implements `ports.security.RefreshChains`; `key` is a secret of the server, 32 bytes."""

    def __init__(self, key: bytes, ids: Ids, random: Random) -> None:
        self._key = key
        self._ids = ids
        self._random = random

    def begin(
        self, tx: Transaction, user: UserId, *, client: str, remember_me: bool, now: float
    ) -> NewLogin:
        """Start a family: 30 days at most when remembered, else 12 hours."""
        absolute = REMEMBERED_SECONDS if remember_me else FORGOTTEN_SECONDS
        family = RefreshFamily(
            id=FamilyId(self._ids.new()),
            user=user,
            client=client,
            created_at=now,
            last_used_at=now,
            expires_at=now + absolute,
        )
        tx.accounts.insert_family(family)
        secret = self._random.secret()
        return _issue(tx.accounts, family, secret, parent=None, now=now)

    def rotate(self, tx: Transaction, secret: str, *, client: str, now: float) -> NewLogin | Replay:
        """Trade a secret for the next one; raises `Unauthenticated` when unknown or expired.

        `client` names the installation or browser and stays the same for life. A `Replay` is
        answered, not raised, so that the end of the family is committed.
        """
        return rotate(tx.accounts, secret, client=client, now=now, key=self._key)


def secret_hash(secret: str) -> str:
    """How a single-use secret of 32 random bytes is stored: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def rotate(
    rows: AccountRows, secret: str, *, client: str, now: float, key: bytes
) -> NewLogin | Replay:
    """The rule itself, over the rows of one transaction."""
    token = rows.refresh(secret_hash(secret)) if len(secret) <= _MAX_SECRET_CHARACTERS else None
    family = rows.family(token.family) if token else None
    if token is None or family is None or family.ended_at is not None:
        raise _refusal()
    if now >= family.expires_at:
        raise _refusal()
    child = _child_secret(key, secret, client)
    if token.used_at is not None:
        if _is_own_retry(rows, token, child, now):
            return NewLogin(family.user, family.id, child, _ends(family, token.used_at))
        rows.end_family(family.id, now, "replay")
        return Replay(family.user, family.id)
    if now >= token.expires_at:
        raise _refusal()
    rows.use_refresh(token.hash, now)
    rows.touch_family(family.id, now)
    return _issue(rows, family, child, parent=token.hash, now=now)


def _is_own_retry(rows: AccountRows, parent: RefreshToken, child: str, now: float) -> bool:
    known = rows.child_of(parent.hash)
    if known is None or known.used_at is not None or parent.used_at is None:
        return False
    # The clock may have been set back a little between the two.
    in_time = abs(now - parent.used_at) <= ALLOWANCE_SECONDS
    return in_time and hmac.compare_digest(known.hash, secret_hash(child))


def _issue(
    rows: AccountRows, family: RefreshFamily, secret: str, *, parent: str | None, now: float
) -> NewLogin:
    ends = _ends(family, now)
    rows.insert_refresh(
        RefreshToken(
            hash=secret_hash(secret),
            family=family.id,
            parent=parent,
            created_at=now,
            expires_at=ends,
        )
    )
    return NewLogin(family.user, family.id, secret, ends)


def _ends(family: RefreshFamily, issued_at: float) -> float:
    return min(issued_at + IDLE_SECONDS, family.expires_at)


def _child_secret(key: bytes, secret: str, client: str) -> str:
    message = f"{len(secret)}:{secret}{client}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(key, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refusal() -> Unauthenticated:
    return Unauthenticated("The login has ended; log in again.")
