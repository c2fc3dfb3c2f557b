"""The OSC door: packets of paired devices become commands, events become their feedback."""

import math
from collections.abc import Callable
from typing import Final

import structlog

from musearoo.codecs.osc import Message, OscRefused, compile_pattern, decode, encode, is_pattern
from musearoo.codecs.osc.addresses import Address
from musearoo.codecs.osc.table import AddressTable, address_table
from musearoo.codecs.osc.telling import error
from musearoo.conductor.conductor import Conductor
from musearoo.domain.ids import UserId
from musearoo.ports.osc import Monitored, Source
from musearoo.protocols.osc.asking import Asking
from musearoo.protocols.osc.feed import Feeds
from musearoo.protocols.osc.options import (
    FEEDBACK_PER_SECOND,
    FEEDBACK_SECONDS,
    FLUSH_SECONDS,
    LANE,
    LATE_ADDRESSES,
    MAXIMUM_MATCHES,
    PATTERN_COST,
    SLOWEST_FLUSH_SECONDS,
    SWEEP_SECONDS,
    OscOptions,
)
from musearoo.protocols.osc.peer import Peer
from musearoo.protocols.osc.peers import Peers

log = structlog.get_logger(__name__)

Send = Callable[[Source, bytes], bool]
_CONTROLLER: Final = "/musearoo/cc/"
_LOG_SECONDS: Final = 60.0
_MANY: Final = 4  # peers in motion above which values are collected for longer


class Door:
    """A `Receiver` for the transport, and the `OscDoor` of the application."""

    def __init__(self, conductor: Conductor, options: OscOptions | None = None) -> None:
        self.conductor = conductor
        self.options = options or OscOptions()
        self.clock = conductor.world.clock
        self.table: AddressTable = address_table(conductor.world.engines.engines())
        self.feeds = Feeds(conductor, self.table, self.tell, self.wake)
        self.peers = Peers(self)
        self.address = ("", 0)
        self._asking = Asking(self)
        self._send: Send = lambda _source, _packet: False
        self._drop: Callable[[Source], None] = lambda _source: None
        self._moving: set[Peer] = set()
        self._state = {each.path: each for each in self.table.incoming if each.is_state}
        self._hurried = {path.encode() for path in self._state}
        self._now = self.clock.monotonic()
        self._flushing = False
        self._feed_at = -math.inf
        self.answered = 0
        self._open = False

    def start(self, send: Send, drop: Callable[[Source], None], address: tuple[str, int]) -> None:
        """Begin to answer by `send`; call it on the running loop."""
        self._send, self._drop, self.address = send, drop, address
        self._open = True
        self.conductor.pairings.door = self
        self.conductor.world.spawn(self._sweep(), name="osc.sweep")

    def close(self) -> None:
        """Answer nobody any more."""
        self._open = False
        self.conductor.pairings.door = None
        for peer in self.peers:
            self.forget(peer)

    def admit(self, source: Source, packet: bytes) -> bool:
        """Whether to read a packet: strangers only pair, devices keep a pace."""
        self._now = now = self.clock.monotonic()
        peer = self.peers.find(source, now)
        if peer is None:
            return self.peers.strangers.may_pair(source, packet, now)
        peer.heard_at = now
        peer.received += 1
        if peer.pace.take(now):
            return True
        self._hurry(peer, packet)
        return False

    def receive(self, source: Source, messages: tuple[Message, ...]) -> None:
        """Messages that belong together."""
        peer = self.peers.known(source) or self.peers.find(source, self.clock.monotonic())
        if peer is None:
            self._pair(source, messages)
            return
        if len(messages) > 1:
            peer.pace.owe(len(messages) - 1)
        for message in messages:
            address = self._state.get(message.address)
            if address is not None and len(message.arguments) == 1:
                self._move(peer, address, message)
            else:
                self._message(peer, message)

    def refused(self, source: Source, refusal: OscRefused) -> None:
        """What is no OSC packet."""
        peer = self.peers.known(source)
        if peer is None:
            self.peers.strangers.unreadable += 1
            return
        self.refuse(peer, "not_osc", refusal.detail)

    def closed(self, source: Source) -> None:
        """A connection has ended: what it sent is still done, then its pairing ends."""
        peer = self.peers.known(source)
        if peer is None:
            self.conductor.pairings.left(source)
            return
        self._settle(peer)
        peer.leaving = True
        if not peer.working:
            self.left(peer)

    def left(self, peer: Peer) -> None:
        """All that a closed connection sent is done."""
        self.conductor.pairings.left(peer.source)
        self.forget(peer)

    def monitored(self, user: UserId, *, owner: bool = False) -> Monitored:
        """What acts as this person; the local owner sees strangers counted."""
        return self.peers.monitored(user, self.address, owner=owner)

    def unpaired(self, pairing_id: str) -> None:
        """A pairing has ended."""
        for peer in tuple(self.peers):
            if peer.pairing_id == pairing_id:
                self.forget(peer)
                self._drop(peer.source)

    def _message(self, peer: Peer, message: Message) -> None:
        address = self.table.find(message.address)
        if address is None and is_pattern(message.address):
            self._pattern(peer, message)
            return
        if address is not None and len(message.arguments) == 1 and _is_control(address):
            self._move(peer, address, message)
            return
        self._settle(peer)
        self.queue(peer, address, message)

    def _move(self, peer: Peer, address: Address, message: Message) -> None:
        """A control in motion: only its latest value will count."""
        value = message.arguments[0]
        if isinstance(value, float) and not math.isfinite(value):
            self.queue(peer, address, message)  # to be refused, without the loss of a good one
            return
        moving = peer.moving
        if peer.late and peer.late.pop(message.address.encode(), None) is not None:
            peer.coalesced += 1
        if message.address in moving:
            peer.coalesced += 1
        elif not moving:
            self._moving.add(peer)
        moving[message.address] = (address, message)
        if not self._flushing:
            self.wake()

    def _pattern(self, peer: Peer, message: Message) -> None:
        if not peer.pace.take(self._now, PATTERN_COST):
            peer.dropped += 1
            return
        try:
            pattern = compile_pattern(message.address)
        except OscRefused as refusal:
            self.refuse(peer, "not_osc", refusal.detail, message)
            return
        found = self.table.matching(pattern, MAXIMUM_MATCHES)
        if not found:
            self.refuse(peer, "unknown_address", f"{message.address} matches nothing.", message)
        for address in found:
            self._message(peer, Message(address.path, message.arguments))

    def _hurry(self, peer: Peer, packet: bytes) -> None:
        """Too fast: of a control the latest value waits, the rest is lost and counted."""
        path = packet[: packet.find(b"\0")]
        if path in self._hurried or path.startswith(_CONTROLLER.encode()):
            if path in peer.late:
                peer.coalesced += 1
            elif len(peer.late) >= LATE_ADDRESSES:
                peer.dropped += 1
                return
            peer.late[path] = packet
            self._moving.add(peer)
            self.wake()
            return
        peer.dropped += 1

    def queue(self, peer: Peer, address: Address | None, message: Message) -> None:
        """Have a message carried out after those before it."""
        if len(peer.lane) >= LANE:
            peer.dropped += 1
            return
        peer.lane.append((address, message))
        if not peer.working:
            self.go_on(peer)

    def go_on(self, peer: Peer) -> None:
        """Carry out what waits in a peer's lane."""
        peer.working = True
        self.conductor.world.spawn(self._asking.work(peer), name="osc.work")

    def _settle(self, peer: Peer) -> None:
        """Controls in motion go before what comes after them."""
        if not peer.moving:
            return
        moving, peer.moving = peer.moving, {}
        peer.moved(moving, self._now)
        for address, message in moving.values():
            self.queue(peer, address, message)

    def _pair(self, source: Source, messages: tuple[Message, ...]) -> None:
        first = messages[0]
        if len(messages) == 1 and first.address == "/musearoo/pair":
            self.conductor.world.spawn(self._asking.pair(source, first), name="osc.pair")

    def tell(self, peer: Peer, message: Message | bytes) -> bool:
        """Send a message, or an encoded one, to a peer; False when it must wait or is lost."""
        if peer.gone:
            return False
        packet = message if isinstance(message, bytes) else encode(message)
        if not peer.answers.take(self.clock.monotonic(), len(packet)):
            return False
        peer.sent += 1
        self.answered += 1
        return self._send(peer.reply, packet)

    def refuse(self, peer: Peer, code: str, text: str, message: Message | None = None) -> None:
        """Tell a peer what was wrong, ten times a second at most."""
        now = self.clock.monotonic()
        peer.refused += 1
        if message is not None:
            peer.note(self.clock.now(), message, code.replace("-", "_"))
        if peer.logged_at is None or now - peer.logged_at > _LOG_SECONDS:
            peer.logged_at = now
            log.info("osc.refused", network=peer.origin.source, code=code, refused=peer.refused)
        if peer.errors.take(now):
            self.tell(peer, error(code, text, *_request_of(message)))

    def forget(self, peer: Peer) -> None:
        """A peer is one no more."""
        peer.gone = True
        peer.lane.clear()
        peer.moving.clear()
        peer.late.clear()
        self._moving.discard(peer)
        self.feeds.leave(peer)
        self._asking.forget(peer)
        self.peers.remove(peer)

    def wake(self) -> None:
        """Something moves or is owed: look again in a moment."""
        if not self._flushing and self._open:
            self._flushing = True
            self.conductor.world.spawn(self._flush(), name="osc.flush")

    async def _flush(self) -> None:
        try:
            owing, many = True, 0
            while self._open and (owing or self._moving):
                wait = FLUSH_SECONDS * max(1.0, many / _MANY)
                await self.clock.sleep(min(wait, SLOWEST_FLUSH_SECONDS))
                many = len(self._moving)
                await self._moved(self.clock.monotonic())
                owing = self._feed()
        finally:
            self._flushing = False

    def _feed(self) -> bool:
        """Tell what is owed, if it is time; whether there may be more."""
        now = self.clock.monotonic()
        if now < self._feed_at:
            return True
        before = self.answered
        owing = self.feeds.flush()
        told = self.answered - before
        self._feed_at = now + max(FEEDBACK_SECONDS, told / FEEDBACK_PER_SECOND)
        return owing

    async def _moved(self, now: float) -> None:
        for peer in tuple(self._moving):
            self._moving.discard(peer)
            if len(peer.lane) >= LANE:
                self._moving.add(peer)
                continue
            moving, peer.moving = peer.moving, {}
            peer.moved(moving, now)
            if peer.lane or peer.working:
                peer.lane.extend(moving.values())
            else:
                await self._asking.move(peer, moving)
            for path in tuple(peer.late):
                if not peer.pace.take(now):
                    self._moving.add(peer)
                    break
                packet = peer.late.pop(path)
                self._read_late(peer, packet)

    def _read_late(self, peer: Peer, packet: bytes) -> None:
        try:
            message = decode(packet)
        except OscRefused as refusal:
            self.refuse(peer, "not_osc", refusal.detail)
            return
        if isinstance(message, Message):
            self._message(peer, message)

    async def _sweep(self) -> None:
        while self._open:
            await self.clock.sleep(SWEEP_SECONDS)
            now = self.clock.monotonic()
            self.peers.sweep(now)
            self.conductor.pairings.sweep()
            for peer in self.peers:
                lost = peer.dropped - peer.dropped_told
                if lost:
                    peer.dropped_told = peer.dropped
                    text = f"{lost} messages came too fast and were lost; send at most "
                    rate = f"{self.options.messages_per_second:.0f} a second."
                    self.tell(peer, error("rate_limited", text + rate))
                if peer.greeted:
                    await self.feeds.follow(peer)
            await self.feeds.keep()


def _is_control(address: Address) -> bool:
    """Whether only the latest value counts of what is sent here."""
    return address.is_state or address.path.startswith(_CONTROLLER)


def _request_of(message: Message | None) -> tuple[str, ...]:
    """The id of a request that is refused."""
    if message is None or message.address != "/musearoo/request" or not message.arguments:
        return ()
    own = message.arguments[0]
    return (own[:128],) if isinstance(own, str) else ()
