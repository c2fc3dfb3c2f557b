"""The session that a Live is bound to: its state, events of Live's making, requests of its user."""

import asyncio
from collections.abc import Callable

import structlog

from musearoo.conductor.conductor import Conductor
from musearoo.conductor.sequencer import Sequencer
from musearoo.domain.commands import Act, Command
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import Event, Sequenced
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import SessionState

log = structlog.get_logger(__name__)


class Room:
    """One session, and the person for whom Live acts in it."""

    def __init__(
        self, conductor: Conductor, owner: Sequencer, actor: Actor, origin: Origin
    ) -> None:
        self.origin = origin
        self.actor = actor
        self.conductor = conductor
        self._owner = owner

    @property
    def session(self) -> SessionId:
        return self._owner.session

    @property
    def state(self) -> SessionState:
        return self._owner.state

    @property
    def now(self) -> float:
        """Server time, UNIX seconds."""
        return self.conductor.world.clock.now()

    @property
    def beat(self) -> float:
        """Where the transport is, in quarter notes."""
        return self.state.tick_at(self.now) / 960

    async def tell(
        self, *events: Event, user: UserId | None = None, cause: str | None = None
    ) -> Sequenced:
        """What Live did, as events of the session; answers the first, once all are durable.

        `user` is whoever asked Live for it; None for a hand in Live.
        """
        sequenced = [self._owner.sequence(each, user=user, cause=cause) for each in events]
        await self._owner.settled()
        return sequenced[0]

    def ask(self, act: Act, refused: Callable[[], None]) -> asyncio.Task[None]:
        """What a hand did in Live, as a request to the session, which may refuse it."""
        return self.conductor.world.spawn(self._submit(act, refused), name="live.ask")

    async def _submit(self, act: Act, refused: Callable[[], None]) -> None:
        command = Command(session=self.session, actor=self.actor, act=act, origin=self.origin)
        try:
            await self.conductor.desk.submit(command)
        except MuseArooError as refusal:
            log.warning("live.request_refused", act=type(act).__name__, code=refusal.code)
            refused()
