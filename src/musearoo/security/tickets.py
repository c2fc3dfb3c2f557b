"""Single-use WebSocket tickets that live thirty seconds, in memory."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.ports.ambient import Random
from musearoo.ports.security import Ticket

LIFETIME_SECONDS: Final = 30
_MAX_TICKETS: Final = 20_000
_MAX_PER_USER: Final = 64
_MAX_SECRET_CHARACTERS: Final = 128


@dataclass(slots=True)
class _Issued:
    ticket: Ticket
    at: float
    used: bool = False

    def lives(self, now: float) -> bool:
        return abs(now - self.at) < LIFETIME_SECONDS


class MemoryTickets:
    """Implements `ports.security.Tickets`.

    Kept by the hash of their secret, in order of issue. Where a user or the whole table has too
    many, the oldest goes first. `on_replay` hears of a ticket that came a second time while it
    would have lived: somebody has seen it on the way.
    """

    def __init__(
        self,
        random: Random,
        *,
        max_tickets: int = _MAX_TICKETS,
        max_per_user: int = _MAX_PER_USER,
        on_replay: Callable[[Ticket], None] | None = None,
    ) -> None:
        self._random = random
        self._max_tickets = max_tickets
        self._max_per_user = max_per_user
        self._on_replay = on_replay
        self._issued: dict[bytes, _Issued] = {}
        self._of_user: Counter[UserId] = Counter()

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, ticket: Ticket, now: float) -> tuple[str, int]:
        """The secret and its lifetime in seconds."""
        self._drop_expired(now)
        if self._of_user[ticket.user] >= self._max_per_user:
            self._drop(next(k for k, i in self._issued.items() if i.ticket.user == ticket.user))
        elif len(self._issued) >= self._max_tickets:
            self._drop(next(iter(self._issued)))
        secret = self._random.secret()
        self._issued[_fingerprint(secret)] = _Issued(ticket, now)
        self._of_user[ticket.user] += 1
        return secret, LIFETIME_SECONDS

    def redeem(self, secret: str, now: float) -> Ticket:
        """The ticket, once; raises `Unauthenticated`."""
        short = len(secret) <= _MAX_SECRET_CHARACTERS
        issued = self._issued.get(_fingerprint(secret)) if short else None
        if issued is None or not issued.lives(now):
            raise _refusal()
        if issued.used:
            if self._on_replay:
                self._on_replay(issued.ticket)
            raise _refusal()
        issued.used = True
        return issued.ticket

    def revoke_family(self, family: FamilyId) -> None:
        """Void the tickets of a login that has ended."""
        for fingerprint, issued in list(self._issued.items()):
            if issued.ticket.family == family:
                self._drop(fingerprint)

    def _drop_expired(self, now: float) -> None:
        while self._issued:
            oldest = next(iter(self._issued))
            if self._issued[oldest].lives(now):
                return
            self._drop(oldest)

    def _drop(self, fingerprint: bytes) -> None:
        user = self._issued.pop(fingerprint).ticket.user
        self._of_user[user] -= 1
        if not self._of_user[user]:
            del self._of_user[user]


def _fingerprint(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _refusal() -> Unauthenticated:
    return Unauthenticated("The ticket is used or too old; ask for a new one.")
