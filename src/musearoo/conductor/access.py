"""Who may do it: actors from tokens, and access to projects."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from musearoo.conductor.standing import Standing, access_in
from musearoo.conductor.watch import Watch
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import Forbidden, NotFound, Unauthenticated
from musearoo.domain.ids import FamilyId, ProjectId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.policies import require_owner
from musearoo.domain.records import GenerationRecord, Take
from musearoo.ports.security import Signal
from musearoo.ports.store import Transaction

_ACTOR_SECONDS: Final = 2.0
_MAXIMUM_ACTORS: Final = 10_000


class Gate:
    """Turns proofs into actors, and actors into access. Refusals are audited."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._watch = Watch(world)
        self._actors: dict[tuple[UserId, FamilyId], tuple[float, Actor]] = {}
        self._standing = Standing(world)
        self.held = self._standing.find
        """The access that was looked up at most 2 s ago; None means that `access` must look."""
        self._told: list[Callable[[UserId | None], None]] = []

    async def actor(self, token: str) -> Actor:
        """Who a bearer token speaks for, with rights looked up at most 2 s ago.

        Raises `Unauthenticated`.
        """
        claims = self._world.tokens.verify(token, self._world.clock.now())
        return await self.actor_of(claims.user, claims.family)

    def forget(self, user: UserId | None = None) -> None:
        """Look every actor up again: rights, tier or logins of `user` (or of many) have changed."""
        self._actors.clear()
        self._standing.forget()
        for told in self._told:
            told(user)

    @property
    def revision(self) -> int:
        """Counts the changes of anybody's rights."""
        return self._standing.revision

    def on_change(self, told: Callable[[UserId | None], None]) -> None:
        """Call `told` whenever rights, tiers or logins have changed: whose, None for many."""
        self._told.append(told)

    async def actor_of(self, user: UserId, family: FamilyId) -> Actor:
        """Who a login speaks for while it lasts; raises `Unauthenticated`.

        Looked up at most 2 s ago, and anew as soon as `forget` was called.
        """
        now, revision = self._world.clock.monotonic(), self.revision
        known = self._actors.get((user, family))
        if known is not None and now - known[0] < _ACTOR_SECONDS:
            return known[1]
        account, login = await self._world.store.read(
            lambda tx: (tx.accounts.get(user), tx.accounts.family(family))
        )
        if account is None or login is None or login.ended_at is not None:
            raise Unauthenticated("This login has ended; log in again.")
        actor = Actor(account.id, account.tier, family)
        if revision == self.revision:
            if len(self._actors) >= _MAXIMUM_ACTORS:
                self._actors.clear()
            self._actors[user, family] = (now, actor)
        return actor

    async def access(
        self, actor: Actor, project: ProjectId, needed: Permission, origin: Origin
    ) -> Access:
        """The access of an actor to a project; raises `NotFound` or `Forbidden`, and audits it.

        Granted rights are looked up at most 2 s ago, and anew as soon as `forget` was called.
        """
        held = self.held(actor.user, project, needed)
        if held is not None:
            return held
        now, revision = self._world.clock.monotonic(), self.revision
        try:
            access = await self._world.store.read(lambda tx: access_in(tx, actor, project, needed))
        except (Forbidden, NotFound) as refusal:
            await self.refused(actor, project, f"project.{needed}", origin, refusal)
            if isinstance(refusal, NotFound):
                self._watch.note(
                    Signal.FOREIGN_OBJECT, origin, subject=actor.user, about=project[:64]
                )
            raise
        self._standing.keep(actor, access, at=now, revision=revision)
        return access

    async def owner(self, actor: Actor, project: ProjectId, origin: Origin) -> Access:
        """The access of the project's owner; anyone else is refused, and that is audited."""
        access = await self.access(actor, project, Permission.VIEW, origin)
        try:
            require_owner(access)
        except Forbidden as refusal:
            await self.refused(actor, project, "project.owner", origin, refusal)
            raise
        return access

    async def refused(
        self,
        actor: Actor,
        project: ProjectId,
        action: str,
        origin: Origin,
        refusal: Forbidden | NotFound,
    ) -> None:
        """Write down what an actor was refused."""
        line = audit_entry(
            origin,
            actor.user,
            action,
            project[:64],
            at=self._world.clock.now(),
            result="refused",
            detail=refusal.code,
        )
        await self._world.store.write(lambda tx: tx.audit.append(line))


class OfProject(Protocol):
    """A record that belongs to a project."""

    @property
    def project(self) -> ProjectId: ...


R = TypeVar("R", bound=OfProject)


def is_hidden(record: OfProject, reader: UserId) -> bool:
    """Whether it is somebody else's draft, which nobody else may know of."""
    return isinstance(record, Take | GenerationRecord) and record.draft and record.user != reader


def visible_in(
    tx: Transaction,
    actor: Actor,
    record: R | None,
    what: str,
    needed: Permission = Permission.VIEW,
) -> R:
    """The record if the actor may see it; a stranger's, or another's draft, looks missing."""
    if record is None or is_hidden(record, actor.user):
        raise NotFound(what)
    try:
        access_in(tx, actor, record.project, needed)
    except NotFound:
        raise NotFound(what) from None
    return record
