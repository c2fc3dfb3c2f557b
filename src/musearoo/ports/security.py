"""Proofs of identity and the limits of use."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Literal, Protocol

import msgspec

from musearoo.domain.ids import FamilyId, UserId
from musearoo.domain.permissions import Tier
from musearoo.ports.store import Transaction


class Passwords(Protocol):
    """Password rules and hashing; hashing is slow on purpose, so bounded and off the event loop."""

    def check(self, password: str, *, username: str, email: str) -> None:
        """Refuse a weak password with `InvalidValue` that says what to do."""
        ...

    async def hash(self, password: str) -> str:
        """Argon2id; raises `ReducedCapacity` when too many wait."""
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Compare; None takes the same time and is never right."""
        ...


class Claims(msgspec.Struct, frozen=True):
    """Who an access token speaks for; rights and tier are looked up, never carried."""

    user: UserId
    family: FamilyId
    expires_at: float


class Tokens(Protocol):
    """Short-lived signed access tokens and single-use tickets."""

    def access(self, user: UserId, family: FamilyId, now: float) -> tuple[str, int]:
        """A signed token and its lifetime in seconds."""
        ...

    def verify(self, token: str, now: float) -> Claims:
        """The claims; raises `Unauthenticated`."""
        ...

    def revoke_family(self, family: FamilyId) -> None:
        """Refuse the access tokens of a family from now on, until they expire."""
        ...

    def signature(self, text: str, expires_at: int) -> str:
        """A keyed signature for a URL that expires."""
        ...

    def signature_is_valid(
        self, text: str, expires_at: int, signature: str, now: float
    ) -> bool: ...


class NewLogin(msgspec.Struct, frozen=True):
    """A login's chain of refresh tokens and its newest secret."""

    user: UserId
    family: FamilyId
    secret: str
    expires_at: float


class Replay(msgspec.Struct, frozen=True):
    """A used refresh token came back: the whole family has been ended."""

    user: UserId
    family: FamilyId


class RefreshChains(Protocol):
    """Opaque rotating refresh tokens (RFC 9700 §4.14.2); run inside a transaction."""

    def begin(
        self, tx: Transaction, user: UserId, *, client: str, remember_me: bool, now: float
    ) -> NewLogin:
        """Start a family."""
        ...

    def rotate(self, tx: Transaction, secret: str, *, client: str, now: float) -> NewLogin | Replay:
        """Trade a secret for the next one; raises `Unauthenticated` when unknown or expired."""
        ...


class Ticket(msgspec.Struct, frozen=True):
    """What a WebSocket ticket proves."""

    user: UserId
    family: FamilyId
    session: str
    client: str
    origin: str | None


class Tickets(Protocol):
    """Single-use WebSocket tickets, 30 s."""

    def issue(self, ticket: Ticket, now: float) -> tuple[str, int]:
        """The secret and its lifetime in seconds."""
        ...

    def redeem(self, secret: str, now: float) -> Ticket:
        """The ticket, once; raises `Unauthenticated`."""
        ...

    def revoke_family(self, family: FamilyId) -> None:
        """Void the tickets of a login that has ended."""
        ...


class Window(msgspec.Struct, frozen=True):
    """One printed limit: so many in so many seconds, what is left, and when it eases."""

    name: Literal["minute", "hour", "day"]
    quota: int
    seconds: int
    remaining: int
    reset_seconds: float


class Limiter(Protocol):
    """Generation quotas: an exact sliding minute, an hour and a day anchored at first use.

    Every `now` is `Clock.monotonic()`: setting the wall clock neither grants nor costs anything.
    """

    def take(self, user: UserId, tier: Tier, cost: int, now: float) -> tuple[Window, ...]:
        """Take from all windows or none; raises `QuotaExceeded`."""
        ...

    def refund(self, user: UserId, cost: int, now: float, *, age: float = 0.0) -> None:
        """Give back what our own failure cost; `age` is how many seconds ago it was taken."""
        ...

    def windows(self, user: UserId, tier: Tier, now: float) -> tuple[Window, ...]:
        """What is left, without taking."""
        ...

    def snapshot(self, now: float, wall: float, *users: UserId) -> dict[str, bytes]:
        """The counters of these users, or of all, for `QuotaRows.save`.

        `wall` is the same moment in UNIX seconds. Saved in the transaction that records the
        generation, a take is not forgiven by a crash.
        """
        ...

    def restore(self, rows: Mapping[str, bytes], now: float, wall: float) -> list[str]:
        """Take up saved counters at start; answers the users whose row cannot be read."""
        ...


class Pacing(Protocol):
    """How fast a source may knock (GCRA). `now` is `Clock.monotonic()`."""

    def admit(self, key: str, *, per_minute: float, burst: int, now: float) -> None:
        """Let one through or raise `TooManyRequests` with the time to wait."""
        ...


class Signal(StrEnum):
    """What may be a sign of an attack."""

    REFRESH_REPLAY = "refresh-replay"
    TICKET_REPLAY = "ticket-replay"
    BAD_MAC = "bad-mac"
    FAILED_LOGIN = "failed-login"
    FOREIGN_OBJECT = "foreign-object"
    REFUSED_FRAME = "refused-frame"
    HOSTILE_UPLOAD = "hostile-upload"
    UNUSUAL_RATE = "unusual-rate"


class ThreatLevel(IntEnum):
    """What the score of a subject calls for."""

    LOW = 0  # log
    MEDIUM = 1  # slow down
    HIGH = 2  # refuse writes, ask for login
    CRITICAL = 3  # end families, close sockets


class ThreatChange(msgspec.Struct, frozen=True):
    """A subject has come to another level; an audit line with its reasons is due."""

    subject: str
    level: ThreatLevel
    score: float
    reasons: tuple[Signal, ...]


class Threats(Protocol):
    """Scores of those who behave like attackers. `now` is `Clock.monotonic()`."""

    def note(
        self, subject: str, signal: Signal, now: float, *, about: str = ""
    ) -> ThreatChange | None:
        """Add what was seen of a subject (user, family, address, OSC source).

        `about` tells apart what must differ to count, such as the account of a failed login.
        Answers the change if the level rose.
        """
        ...

    def level(self, subject: str, now: float) -> ThreatLevel:
        """The level to act on; always LOW while only watching."""
        ...
