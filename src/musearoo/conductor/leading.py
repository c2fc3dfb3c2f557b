"""The choice of whose clock a session keeps: its own, or that of a leader outside."""

from musearoo.conductor.access import Gate
from musearoo.conductor.leaders import leader
from musearoo.conductor.parameters import settle
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import SetClockSource
from musearoo.domain.errors import NotFound
from musearoo.domain.events import ClockSourceSet
from musearoo.domain.ids import ProjectId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.leading import LiveDoor, LiveStatus


class Leading:
    """Carries out the choice of the clock source, and tells of Ableton Live.

    `live` is the bridge to it, None where it is off.
    """

    def __init__(self, world: World, desk: Desk, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self.live: LiveDoor | None = None
        desk.take_on(SetClockSource, self.set_source)

    async def set_source(self, deed: Deed, act: SetClockSource) -> Ack:
        """Follow another clock; raises `Unavailable` when it is not there."""
        if act.source != "session":
            leader(self._world, deed, act.source)
        return await settle(deed, ClockSourceSet(source=act.source))

    async def status(self, actor: Actor, origin: Origin) -> LiveStatus:
        """How it stands with Live: all of it for those who may see the session it is bound to."""
        if self.live is None:
            return LiveStatus()
        status = self.live.status()
        if status.session_id is not None:
            try:
                project = ProjectId(status.session_id)
                await self._gate.access(actor, project, Permission.VIEW, origin)
            except NotFound:
                pass
            else:
                return status
        return LiveStatus(way=status.way, presence=status.presence, version=status.version)
