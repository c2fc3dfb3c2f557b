"""Who sends, what the transport tells the door, and what it counts."""

from typing import Protocol

import msgspec

from musearoo.codecs.osc import Message, OscRefused
from musearoo.ports.osc import Source

__all__ = ["Counts", "Receiver", "Source"]


class Receiver(Protocol):
    """The door above the transport. It is called on the event loop and must not block."""

    def admit(self, source: Source, packet: bytes) -> bool:
        """Whether to look into a packet at all; False drops it unread and unanswered."""
        ...

    def receive(self, source: Source, messages: tuple[Message, ...]) -> None:
        """One message, or the messages of a bundle at its time, to be taken as one act."""
        ...

    def refused(self, source: Source, refusal: OscRefused) -> None:
        """An admitted packet that is none, or a bundle that cannot wait here."""
        ...

    def closed(self, source: Source) -> None:
        """A TCP connection has ended; nothing more comes from this source."""
        ...


class Counts(msgspec.Struct):
    """What has happened since the start, in packets if nothing else is said."""

    received: int = 0
    unadmitted: int = 0
    refused: int = 0
    failed: int = 0
    """The receiver raised: a fault of ours, also in the log."""
    late: int = 0
    """Bundles run at once because their time had passed."""
    held: int = 0
    """Bundles, or parts of bundles, that were held until their time."""
    sent: int = 0
    unsent: int = 0
    """Packets dropped because the network took no more, or the TCP peer was gone."""
    turned_away: int = 0
    """TCP connections beyond the limits."""
    slow: int = 0
    """TCP connections closed because the peer did not read."""
    idle: int = 0
    """TCP connections closed because nothing moved."""
