"""What the composition root tells the door."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class LocalTokens(Protocol):
    """The one-time tokens of local mode."""

    def redeem(self, token: str) -> bool:
        """Whether the token is live; asking spends it."""
        ...


class Metrics(Protocol):
    """Counts requests, and writes the text of `/metrics`."""

    def observe(self, route: str, status: int, seconds: float) -> None: ...
    def __call__(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests a minute one address may make, and how many at once."""

    per_minute: float
    burst: int


Readiness = Callable[[], Awaitable[Mapping[str, bool]]]


@dataclass(frozen=True, slots=True)
class RestOptions:
    """Settings of the door. A `pace` of None, or local mode, lets every address knock at will.

    `local_tokens` is there in local mode only. `readiness` answers, part by part, whether the
    server can do its work.
    """

    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    cors_origins: tuple[str, ...] = ()
    local_tokens: LocalTokens | None = None
    secure_cookies: bool = False
    version: str = ""
    metrics: Metrics | None = None
    readiness: Readiness | None = None
    pace: Pace | None = Pace(per_minute=6000, burst=1000)
