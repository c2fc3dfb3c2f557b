"""The one UDP socket between us and AbletonOSC: it answers only to a fixed port."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from musearoo.codecs.osc import IMMEDIATELY, Bundle, Message, OscRefused, Packet, decode, encode
from musearoo.domain.errors import Unavailable

log = structlog.get_logger(__name__)

LISTENS: Final = 11_000
ANSWERS: Final = 11_001
_BUFFER: Final = 1 << 20


class Address(msgspec.Struct, frozen=True):
    """Where AbletonOSC listens, and the port that it answers to (both fixed in its code)."""

    host: str = "127.0.0.1"
    port: int = LISTENS
    reply_port: int = ANSWERS


class Tally(msgspec.Struct):
    """What passed the socket; `foreign` came from elsewhere, `refused` was no OSC."""

    sent: int = 0
    received: int = 0
    foreign: int = 0
    refused: int = 0


class Wire(asyncio.DatagramProtocol):
    """Sends bundles to one Live and hears only that one. Use it on one event loop."""

    def __init__(self, address: Address, heard: Callable[[Message], None]) -> None:
        self.tally = Tally()
        self._address = address
        self._heard = heard
        self._peer: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Take the reply port; raises `Unavailable` where it is in use or the host unknown."""
        loop = asyncio.get_running_loop()
        address = self._address
        try:
            found = await loop.getaddrinfo(address.host, address.port, family=socket.AF_INET)
            self._peer = (str(found[0][4][0]), address.port)
            local = "127.0.0.1" if self._peer[0].startswith("127.") else "0.0.0.0"  # noqa: S104
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(local, address.reply_port)
            )
        except OSError as error:
            raise Unavailable(
                f"Port {address.reply_port} for the answers of AbletonOSC at {address.host} "
                f"cannot be had ({error.strerror}); stop what uses it."
            ) from error
        sock: socket.socket = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def close(self) -> None:
        """Let go of the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def send(self, *messages: Message) -> None:
        """One datagram: a message, or a bundle of them. Nothing once closed."""
        if self._transport is None or self._peer is None or not messages:
            return
        packet: Packet = messages[0] if len(messages) == 1 else Bundle(IMMEDIATELY, messages)
        self._transport.sendto(encode(packet), self._peer)
        self.tally.sent += 1

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand on what Live sent; anything else is counted and dropped."""
        if addr[:2] != self._peer:
            self.tally.foreign += 1
            return
        try:
            packet = decode(data)
        except OscRefused:
            self.tally.refused += 1
            return
        self.tally.received += 1
        for message in _flat(packet):
            self._heard(message)

    def error_received(self, exc: Exception) -> None:
        """The system tells that nobody listens there; the heartbeat tells the same."""
        log.debug("live.unreachable", error=repr(exc))


def _flat(packet: Packet) -> tuple[Message, ...]:
    if isinstance(packet, Message):
        return (packet,)
    return tuple(message for element in packet.elements for message in _flat(element))
