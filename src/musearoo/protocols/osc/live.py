"""Messages of devices to Ableton Live: whatever of `/live/...` is not in our own table."""

import contextlib
from typing import TYPE_CHECKING

from musearoo.codecs.osc import Message
from musearoo.domain.errors import MuseArooError
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Permission
from musearoo.ports.hub import LiveHub

if TYPE_CHECKING:
    from musearoo.protocols.osc.door import Door
    from musearoo.protocols.osc.peer import Peer


class ToLive:
    """Hands messages to the hub of the Live that is bound to the device's session."""

    def __init__(self, door: "Door") -> None:
        self._door = door
        self._joined: dict[Peer, LiveHub] = {}

    async def forward(self, peer: "Peer", session: SessionId, message: Message) -> bool:
        """Whether the message is for Live; needs the right to edit. Raises what the hub refuses."""
        conductor = self._door.conductor
        live = conductor.leading.live
        if not message.address.startswith("/live/") or live is None or live.hub is None:
            return False
        if live.status().session_id != session:
            return False
        project = ProjectId(session)
        await conductor.gate.access(peer.actor, project, Permission.EDIT, peer.origin)
        if peer.gone:  # while its right was looked up
            return True
        if self._joined.get(peer) is not live.hub:
            self._join(peer, live.hub)
        live.hub.forward(_name(peer), message.address, message.arguments)
        return True

    def leave(self, peer: "Peer") -> None:
        """A device is one no more: Live need not tell it anything."""
        hub = self._joined.pop(peer, None)
        if hub is not None:
            with contextlib.suppress(MuseArooError):  # too much waits for Live to say goodbye
                hub.leave(_name(peer))

    def _join(self, peer: "Peer", hub: LiveHub) -> None:
        def deliver(address: str, arguments: tuple[object, ...]) -> None:
            self._door.tell(peer, Message(address, arguments))  # type: ignore[arg-type]

        self._joined[peer] = hub
        hub.join(_name(peer), deliver)


def _name(peer: "Peer") -> str:
    return f"{peer.source.transport} {peer.source.host} {peer.source.port} {id(peer)}"
