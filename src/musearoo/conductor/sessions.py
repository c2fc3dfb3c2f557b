"""The open sessions of this process, and the desk where every session command arrives."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, Final

import msgspec
import structlog

from musearoo.conductor.access import Gate
from musearoo.conductor.event_log import events_of
from musearoo.conductor.journal import Journal
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sequencer import Sequencer, durable_state
from musearoo.conductor.single_flight import SingleFlight
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.commands import (
    COMMANDS,
    NAMES,
    Act,
    At,
    Command,
    Generate,
    LaunchClip,
    Regenerate,
    SelectTake,
)
from musearoo.domain.errors import Gone, InvalidValue, MuseArooError
from musearoo.domain.events import Landing, Sequenced
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Access
from musearoo.domain.session.state import SessionState

log = structlog.get_logger(__name__)

MAXIMUM_OPEN: Final = 2_000
MAXIMUM_EVENTS: Final = 1_000
_TAKES: Final = (Generate, LaunchClip, Regenerate, SelectTake)
_NEXT_BAR: Final = At("next_bar")
_NOW: Final = At()


class Ack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer to a command: what it made, and where it takes effect."""

    seq: int
    epoch: str
    lands_at: Landing | None = None
    generation_id: str | None = None
    take_id: str | None = None
    conflicts: tuple[str, ...] = ()


class Deed(msgspec.Struct, frozen=True):
    """A command that was let in: all a handler needs to carry it out."""

    command: Command
    access: Access
    session: Sequencer
    keep: Keep

    @property
    def at(self) -> At:
        """When it takes effect: as asked, else takes at the next bar and all else now."""
        return self.command.at or (_NEXT_BAR if isinstance(self.command.act, _TAKES) else _NOW)


Handler = Callable[[Deed, Any], Awaitable[Ack]]
Told = Callable[[Command], Awaitable[Ack | None]]


async def _told_nothing(_command: Command) -> None:
    return


class Sessions:
    """Opens the owner of a session on first use and keeps the busiest open."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: OrderedDict[SessionId, Sequencer] = OrderedDict()
        self._opening: SingleFlight[SessionId, Sequencer] = SingleFlight(
            world.spawn, "session.open"
        )
        self._glanced: dict[SessionId, SessionState] = {}
        self._told: list[Callable[[Sequencer], None]] = []
        self._journal = Journal(world)

    def on_start_over(self, told: Callable[[Sequencer], None]) -> None:
        """Call `told` with a session that lost events and goes on under a new epoch."""
        self._told.append(told)

    async def open(self, session: SessionId) -> Sequencer:
        """The owner of a session; raises `NotFound`."""
        known = self.known(session)
        if known is not None:
            return known
        return await self._opening.once(session, lambda: self._opened(session))

    def known(self, session: SessionId) -> Sequencer | None:
        """The owner of a session if it is open."""
        known = self._open.get(session)
        if known is not None:
            self._open.move_to_end(session)
        return known

    async def _opened(self, session: SessionId) -> Sequencer:
        owner = Sequencer(self._world, session, self._journal, self._tell)
        await owner.open()
        self._open[session] = owner
        self._glanced.pop(session, None)
        await self._evict()
        return owner

    async def glance(self, session: SessionId) -> SessionState:
        """The state without opening the session: for lists, where nothing will be sequenced.

        Only an open session changes, so what was read once stays true until it is opened.
        """
        known = self._open.get(session)
        if known is not None:
            return known.state
        seen = self._glanced.get(session)
        if seen is None:
            seen = await self._world.store.read(lambda tx: durable_state(tx, session))
            if len(self._glanced) >= MAXIMUM_OPEN:
                self._glanced.clear()
            if session not in self._open and session not in self._opening:
                self._glanced[session] = seen
        return seen

    async def events(
        self, access: Access, *, epoch: str | None, after: int, limit: int
    ) -> tuple[Sequencer, list[Sequenced]]:
        """Events with `seq > after`; raises `Gone` when the epoch or the number is not ours."""
        session = await self.open(SessionId(access.project))
        if (epoch is not None and epoch != session.epoch) or after > session.seq:
            raise Gone("This epoch has ended; read the session's state and go on from its seq.")
        await session.settled()
        limit = min(limit, MAXIMUM_EVENTS)
        stored = await self._world.store.read(
            lambda tx: tx.sessions.events_after(session.session, after, limit)
        )
        return session, list(islice(events_of(stored, after), limit))

    def drop(self, session: SessionId) -> None:
        """Forget a session whose project was deleted."""
        self._open.pop(session, None)
        self._glanced.pop(session, None)

    async def close(self) -> None:
        """Store every open session, so that its epoch can go on."""
        while self._open:
            _, owner = self._open.popitem()
            await _close(owner)

    def _tell(self, session: Sequencer) -> None:
        for told in self._told:
            told(session)

    async def _evict(self) -> None:
        while len(self._open) > MAXIMUM_OPEN:
            oldest = next(iter(self._open.values()))
            if not oldest.idle:
                self._open.move_to_end(oldest.session)
                return
            del self._open[oldest.session]
            self._glanced.pop(oldest.session, None)
            await _close(oldest)


async def _close(owner: Sequencer) -> None:
    """One that cannot be stored, perhaps because its project is gone, keeps no other from it."""
    try:
        await owner.close()
    except MuseArooError as failure:
        log.warning("session.not_stored", session=owner.session, error=repr(failure))


class Desk:
    """Where session commands of every door arrive: authorise, run once, answer."""

    def __init__(self, world: World, gate: Gate, sessions: Sessions, repeats: Repeats) -> None:
        self._world = world
        self._gate = gate
        self._sessions = sessions
        self._repeats = repeats
        self._handlers: dict[type[Act], Handler] = {}
        self._told: Told = _told_nothing
        self.late = 0
        """Commands that came after the bar that they asked for."""
        sessions.on_start_over(self._forget_lost)

    def remember(self, told: Told) -> None:
        """Ask `told` too what became of a command whose id came before."""
        self._told = told

    def take_on(self, act: type[Act], handler: Handler) -> None:
        """Let `handler` carry out commands of one kind."""
        self._handlers[act] = handler

    async def submit(self, command: Command, *, new: bool = False) -> Ack:
        """Carry out one command; the answer comes when its event-class effect is durable.

        `new` is the door's word that the command's id cannot have come before.
        """
        rule = COMMANDS[NAMES[type(command.act)]]
        access = await self._gate.access(
            command.actor, ProjectId(command.session), rule.permission, command.origin
        )
        return await self._repeats.once(
            command.actor.user,
            command.id,
            fingerprint((command.session, NAMES[type(command.act)], command.act, command.at)),
            Ack,
            lambda keep: self._carry_out(command, access, keep),
            new=new,
            told=lambda: self._told(command),
        )

    def _forget_lost(self, session: Sequencer) -> None:
        epoch = session.lost_epoch
        self._repeats.forget(lambda answer: isinstance(answer, Ack) and answer.epoch == epoch)

    async def _carry_out(self, command: Command, access: Access, keep: Keep) -> Ack:
        handler = self._handlers.get(type(command.act))
        if handler is None:
            raise InvalidValue("name", NAMES[type(command.act)], "a command that is available here")
        session = await self._sessions.open(command.session)
        with session.held():
            ack = await handler(Deed(command, access, session, keep), command.act)
        if ack.lands_at is not None and ack.lands_at.late:
            self.late += 1
        return ack
