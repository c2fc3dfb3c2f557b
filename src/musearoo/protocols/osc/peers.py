"""Who acts: paired devices, and in local mode what runs on this machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from musearoo.domain.ids import UserId
from musearoo.domain.origin import Origin, cut_address
from musearoo.domain.permissions import Actor, Tier
from musearoo.ports.osc import Monitored, Source
from musearoo.protocols.osc.options import (
    GREETED_SECONDS,
    LOCAL_PEERS,
    LOCAL_SECONDS,
    SWEEP_SECONDS,
)
from musearoo.protocols.osc.peer import Peer
from musearoo.protocols.osc.strangers import Strangers

if TYPE_CHECKING:
    from musearoo.conductor.pairings import Pairing
    from musearoo.protocols.osc.door import Door

NOBODY = Actor(UserId(""), Tier.FREE)


class Peers:
    """Finds the peer of a source; makes those of this machine in local mode."""

    def __init__(self, door: "Door") -> None:
        self._door = door
        self._peers: dict[Source, Peer] = {}
        self.strangers = Strangers(door.clock.monotonic())

    def __iter__(self) -> Iterator[Peer]:
        return iter(tuple(self._peers.values()))

    def __len__(self) -> int:
        return len(self._peers)

    def known(self, source: Source) -> Peer | None:
        """The peer of a source that was found before."""
        return self._peers.get(source)

    def find(self, source: Source, now: float) -> Peer | None:
        """The peer of a source that has sent something; None for a stranger."""
        peer = self._peers.get(source)
        if peer is not None:
            if peer.pairing_id is None:
                self._follow(peer)
            return peer
        local = self._door.options.local_mode and is_loopback(source.host)
        if local and not self.is_own(source, source.port):
            return self._local(source, now)
        return None

    def paired(self, pairing: "Pairing", now: float) -> Peer:
        """The peer of a new pairing."""
        former = self._peers.get(pairing.source)
        if former is not None:
            self._door.forget(former)
        peer = Peer(
            pairing.source,
            pairing.actor,
            Origin("osc", cut_address(pairing.source.host), pairing.id, "osc"),
            self._door.options,
            now,
            pairing_id=pairing.id,
        )
        peer.session = pairing.session
        self.listens_at(peer, pairing.reply_port)
        peer.greeted = True
        self._peers[pairing.source] = peer
        return peer

    def listens_at(self, peer: Peer, port: int) -> None:
        """Where feedback goes; over TCP it is the connection itself."""
        if peer.source.transport == "udp" and not self.is_own(peer.source, port):
            peer.reply = replace(peer.source, port=port)

    def is_own(self, source: Source, port: int) -> bool:
        """Whether a UDP port at the source's host is the server's: it must not hear itself."""
        own = port == self._door.address[1] and source.transport == "udp"
        return own and is_loopback(source.host)

    def remove(self, peer: Peer) -> None:
        """A peer is forgotten."""
        if self._peers.get(peer.source) is peer:
            del self._peers[peer.source]

    def sweep(self, now: float) -> None:
        """Forget local sources that have long been silent; pairings learn who was heard."""
        for peer in tuple(self._peers.values()):
            peer.beat(SWEEP_SECONDS)
            if peer.pairing_id is not None:
                pairing = self._door.conductor.pairings.heard(peer.source, peer.heard_at)
                peer.actor = pairing.actor if pairing is not None else peer.actor
                continue
            self._follow(peer)
            quiet = GREETED_SECONDS if peer.greeted else LOCAL_SECONDS
            if now - peer.heard_at > quiet:
                self._door.forget(peer)

    def monitored(self, user: UserId, address: tuple[str, int], *, owner: bool) -> Monitored:
        """What acts as this person."""
        clock = self._door.clock
        now, wall = clock.monotonic(), clock.now()
        return Monitored(
            host=address[0],
            port=address[1],
            sources=tuple(
                peer.report(now, wall)
                for peer in self._peers.values()
                if peer.actor.user == user or (owner and peer.pairing_id is None)
            ),
            unpaired=self.strangers.packets if owner else 0,
            unreadable=self.strangers.unreadable if owner else 0,
        )

    def _local(self, source: Source, now: float) -> Peer:
        local = [each for each in self._peers.values() if each.pairing_id is None]
        if len(local) >= LOCAL_PEERS:
            self._door.forget(min(local, key=lambda each: (each.greeted, each.heard_at)))
        origin = Origin(
            "osc", cut_address(source.host), self._door.conductor.world.ids.new(), "osc"
        )
        peer = Peer(source, NOBODY, origin, self._door.options, now)
        self._peers[source] = peer
        self._follow(peer)
        return peer

    def _follow(self, peer: Peer) -> None:
        """A source on this machine acts where the local owner is."""
        local = self._door.conductor.pairings.local
        if local is not None:
            peer.actor, peer.session = local


def is_loopback(host: str) -> bool:
    """Whether a numeric address is of this machine alone."""
    return host == "::1" or host.startswith(("127.", "::ffff:127."))
