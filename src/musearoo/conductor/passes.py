"""Passes for the door that HTTP headers cannot open: WebSocket tickets."""

from musearoo.conductor.access import Gate
from musearoo.conductor.world import World
from musearoo.domain.ids import FamilyId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.security import Ticket


class Passes:
    """Hands out what lets a connection in without a login of its own."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    async def ticket(
        self, actor: Actor, session: SessionId, *, origin: Origin, page: str | None
    ) -> tuple[str, int]:
        """A single-use WebSocket ticket and its seconds; `page` is the browser's Origin."""
        await self._gate.access(actor, ProjectId(session), Permission.VIEW, origin)
        ticket = Ticket(actor.user, FamilyId(actor.family), session, origin.client, page)
        return self._world.tickets.issue(ticket, self._world.clock.monotonic())

    def redeem(self, secret: str) -> Ticket:
        """What a WebSocket ticket proves, once; raises `Unauthenticated`."""
        return self._world.tickets.redeem(secret, self._world.clock.monotonic())
