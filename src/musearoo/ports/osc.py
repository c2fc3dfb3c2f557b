"""The OSC door as the rest of the application sees it."""

from typing import Literal, Protocol

import msgspec

from musearoo.domain.ids import SessionId, UserId


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where packets come from and answers go to.

    `host` is a numeric address. `connection` numbers TCP and WebSocket connections and is 0 for
    UDP, where a source may also be made by hand: the same host with the port for the answers.
    """

    transport: Literal["udp", "tcp", "ws"]
    host: str
    port: int
    connection: int = 0


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it came: UNIX seconds, address, arguments as text, what became of it.

    `outcome` is "done", "coalesced", or the code of the refusal.
    """

    at: float
    address: str
    arguments: str
    outcome: str


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one source has sent; `per_second` is over the last ten seconds or so."""

    transport: str
    host: str
    port: int
    reply_port: int
    pairing_id: str | None
    user_id: UserId
    session_id: SessionId | None
    received: int
    sent: int
    coalesced: int
    dropped: int
    refused: int
    per_second: float
    last_at: float
    recent: tuple[Recent, ...]


class Monitored(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the OSC door: its sources, and what came from nobody.

    `unpaired` and `unreadable` count datagrams and stay 0 for whoever may not see them.
    """

    host: str
    port: int
    sources: tuple[SourceReport, ...]
    unpaired: int = 0
    unreadable: int = 0


class OscDoor(Protocol):
    """What the application asks of the running door."""

    def monitored(self, user: UserId, *, owner: bool = False) -> Monitored:
        """What acts as this person, and for the local `owner` what is of this machine."""
        ...

    def unpaired(self, pairing_id: str) -> None:
        """A pairing has ended: forget its device at once."""
        ...
