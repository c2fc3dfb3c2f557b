"""A command id makes a repeat harmless: the same id gives the first answer for 24 h."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

import msgspec

from musearoo.conductor.single_flight import SingleFlight
from musearoo.conductor.world import World
from musearoo.domain.errors import Conflict, IdempotencyConflict, InvalidValue
from musearoo.domain.ids import CommandId, UserId
from musearoo.domain.records import Answer
from musearoo.ports.store import Transaction

T = TypeVar("T")
Keep = Callable[[Transaction, Any], None]

KEPT_SECONDS: Final = 24 * 3600.0
MAXIMUM_ID: Final = 128
RECENT: Final = 8_192


def keep_nothing(_tx: Transaction, _answer: object) -> None:
    """The `Keep` of a command without an id."""


class Repeats:
    """Answers repeated commands from memory while they run and from the store afterwards."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: SingleFlight[tuple[UserId, CommandId], tuple[str, Any]] = SingleFlight(
            world.spawn, "command.once"
        )
        # What was answered a moment ago may still be on its way to the store.
        self._recent: dict[tuple[UserId, CommandId], tuple[str, Any]] = {}

    async def once(
        self,
        user: UserId,
        command: CommandId | None,
        body_hash: str,
        answer: type[T],
        work: Callable[[Keep], Awaitable[T]],
        *,
        new: bool = False,
        told: Callable[[], Awaitable[T | None]] | None = None,
    ) -> T:
        """Run `work` unless this id was answered before; raises `IdempotencyConflict`.

        `new` says that the id cannot have come before, which saves looking. `told` knows of
        answers that are not kept here.

        `work` gets a `Keep` and must call it inside the transaction that makes its
        effect durable, so that effect and answer live or die together.
        """
        if command is None:
            return await work(keep_nothing)
        if not 1 <= len(command) <= MAXIMUM_ID or not command.isprintable():
            raise InvalidValue("command id", command, f"1 to {MAXIMUM_ID} printable characters")
        key = user, command

        async def first() -> tuple[str, T]:
            recent = self._recent.get(key)
            if recent is not None:
                return recent
            known = None if new else await self._known(user, command, body_hash, answer)
            if known is None and told is not None and not new:
                known = await told()
            if known is None:
                known = await work(self._keep(user, command, body_hash, new=new))
            self._remember(key, body_hash, known)
            return body_hash, known

        asked, result = await self._running.once(key, first, eager=new)
        if asked != body_hash:
            raise IdempotencyConflict
        return cast("T", result)

    def _remember(self, key: tuple[UserId, CommandId], body_hash: str, result: object) -> None:
        self._recent[key] = (body_hash, result)
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def forget(self, is_void: Callable[[object], bool]) -> None:
        """Answer no longer from memory what is void; what is durable is in the store."""
        self._recent = {
            key: (asked, answer)
            for key, (asked, answer) in self._recent.items()
            if not is_void(answer)
        }

    async def _known(
        self, user: UserId, command: CommandId, body_hash: str, answer: type[T]
    ) -> T | None:
        oldest = self._world.clock.now() - KEPT_SECONDS
        kept = await self._world.store.read(lambda tx: tx.answers.find(user, command, oldest))
        if kept is None:
            return None
        if kept.body_hash != body_hash:
            raise IdempotencyConflict
        return msgspec.json.decode(kept.body, type=answer)

    def _keep(self, user: UserId, command: CommandId, body_hash: str, *, new: bool) -> Keep:
        now = self._world.clock.now()

        def keep(tx: Transaction, answer: object) -> None:
            kept = Answer(
                user=user,
                command=command,
                body_hash=body_hash,
                body=msgspec.json.encode(answer),
                created_at=now,
            )
            try:
                tx.answers.put(kept)
            except Conflict:
                if not new:  # who promised falsely keeps the first answer, and harms nobody
                    raise

        return keep
