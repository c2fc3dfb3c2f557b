"""What the composition root tells the door."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WsOptions:
    """Settings of the door. Sizes are bytes, times seconds.

    `per_user` limits the connections of one person, None does not. `unauthenticated` and
    `unauthenticated_per_address` count those that have not joined yet.
    """

    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    per_user: int | None = 32
    unauthenticated: int = 200
    unauthenticated_per_address: int = 10
    waiting: int = 2_000
    join_seconds: float = 5.0
    silence_seconds: float = 40.0
    heartbeat_seconds: float = 15.0
    ping_seconds: float = 20.0
    away_seconds: float = 15.0
    linger_seconds: float = 120.0
    renew_before_seconds: float = 60.0
    renew_grace_seconds: float = 30.0
    drain_seconds: float = 0.5
    messages_per_second: float = 120.0
    burst: int = 240
    send_buffer: int = 96 << 10
