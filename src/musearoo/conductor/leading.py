"""The choice of whose clock a session keeps: its own, or that of a leader outside."""

from musearoo.conductor.leaders import leader
from musearoo.conductor.parameters import settle
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import SetClockSource
from musearoo.domain.events import ClockSourceSet


class Leading:
    """Carries out the choice of the clock source."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        desk.take_on(SetClockSource, self.set_source)

    async def set_source(self, deed: Deed, act: SetClockSource) -> Ack:
        """Follow another clock; raises `Unavailable` when it is not there."""
        if act.source != "session":
            leader(self._world, deed, act.source)
        return await settle(deed, ClockSourceSet(source=act.source))
