"""Parameter changes on the short way: what needs nothing but memory is done at once."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from musearoo.conductor.access import Gate
from musearoo.conductor.board import Board
from musearoo.conductor.event_log import events_of
from musearoo.conductor.repeats import KEPT_SECONDS
from musearoo.conductor.sessions import MAXIMUM_OPEN, Ack, Sessions
from musearoo.conductor.world import World
from musearoo.domain.commands import COMMANDS, NAMES, Command, SetParameter
from musearoo.domain.errors import IdempotencyConflict
from musearoo.domain.events import ParameterSet, Sequenced
from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Actor

_NEEDED: Final = COMMANDS[NAMES[SetParameter]].permission
# `<connection>:<counter>`, connections being named by UUIDs of version 7 (RFC 9562 §5.7).
_COUNTED: Final = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}):\d{1,15}"
)


class Knobs:
    """Sets parameters at once, and knows from the log what it did."""

    def __init__(self, world: World, gate: Gate, sessions: Sessions) -> None:
        self._world = world
        self._gate = gate
        self._sessions = sessions
        self._boards: dict[SessionId, Board] = {}

    def turn(
        self, actor: Actor, session: SessionId, act: SetParameter, cause: str | None
    ) -> Ack | None:
        """Set a parameter now; None if rights or session must be looked up: `submit` it then.

        `cause` must be new, and its form one that `told` knows. Raises `InvalidValue`.
        """
        owner = self._sessions.known(session)
        if owner is None or act.path.startswith("session/"):
            return None
        if self._gate.held(actor.user, session, _NEEDED) is None:
            return None
        state, board = owner.surroundings, self._boards.get(session) or self._board(session)
        event = ParameterSet(
            path=act.path,
            value=board.spec(state, act.path).checked(act.value),
            gesture=act.gesture,
            lands_at=board.landing(state, self._world.clock.now()),
        )
        sequenced = owner.sequence(event, user=actor.user, cause=cause)
        owner.journal()
        owner.turned.append(sequenced)
        return Ack(seq=sequenced.seq, epoch=sequenced.epoch, lands_at=event.lands_at)

    async def told(self, command: Command) -> Ack | None:
        """What a command was answered if it went the short way before; the log remembers it.

        Raises `IdempotencyConflict` if something else was asked under its id.
        """
        found = _COUNTED.fullmatch(command.id or "")
        if found is None or command.id is None:
            return None
        owner = await self._sessions.open(command.session)
        recent = _named(reversed(owner.turned), command)
        if recent is not None:
            return _answer(command, recent)
        if not owner.idle:
            await owner.settled()
        made = (UUID(found[1]).int >> 80) / 1_000  # a cause is not older than its connection
        since = max(made - 1.0, self._world.clock.now() - KEPT_SECONDS)
        session, cause = command.session, command.id
        rows = await self._world.store.read(lambda tx: tx.sessions.naming(session, cause, since))
        earlier = _named(events_of(rows), command)
        return _answer(command, earlier) if earlier is not None else None

    def _board(self, session: SessionId) -> Board:
        if len(self._boards) >= MAXIMUM_OPEN:
            self._boards.clear()
        board = self._boards[session] = Board(self._world.engines)
        return board


def _named(events: Iterable[Sequenced], command: Command) -> Sequenced | None:
    """The event that a command's id and actor made, if it is among these."""
    cause, user = command.id, command.actor.user
    return next((each for each in events if each.cause == cause and each.user == user), None)


def _answer(command: Command, made: Sequenced) -> Ack:
    event = made.event
    if not isinstance(event, ParameterSet) or not _asks(command, event):
        raise IdempotencyConflict
    return Ack(seq=made.seq, epoch=made.epoch, lands_at=event.lands_at)


def _asks(command: Command, event: ParameterSet) -> bool:
    """Whether a command asks what was done; 1 and 1.0 are the same number."""
    act = command.act
    return (
        isinstance(act, SetParameter)
        and (act.path, act.gesture) == (event.path, event.gesture)
        and command.at is None
        and act.value == event.value
    )
