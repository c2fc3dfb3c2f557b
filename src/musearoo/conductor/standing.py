"""What people were found to be allowed, for two seconds; what is in use is looked up ahead."""

import asyncio
from typing import Final

import msgspec

from musearoo.conductor.world import World
from musearoo.domain.errors import Forbidden, MuseArooError, NotFound
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.policies import project_access
from musearoo.ports.store import Transaction

HELD_SECONDS: Final = 2.0
_AHEAD_SECONDS: Final = 0.75
_AT_A_TIME: Final = 4  # looked up in one read, which keeps the event loop for so long
_MOST: Final = 10_000

Key = tuple[str, str]  # user, project


class _Found(msgspec.Struct, frozen=True):
    ends_at: float
    actor: Actor
    access: Access


class Standing:
    """Accesses that were looked up at most 2 s ago.

    One that is asked for shortly before its end is looked up anew meanwhile, so that whoever
    turns a knob all the time never waits for that.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[Key, _Found] = {}
        self._due: dict[Key, Actor] = {}
        self._renewing = False
        self.revision = 0
        """Counts the changes of anybody's rights."""

    def find(self, user: str, project: str, needed: Permission) -> Access | None:
        """The access, if it is known and has this right."""
        found = self._found.get((user, project))
        if found is None or needed not in found.access.permissions:
            return None
        left = found.ends_at - self._world.clock.monotonic()
        if left <= _AHEAD_SECONDS:
            self._renew((user, project), found.actor)
        return found.access if left > 0 else None

    def keep(self, actor: Actor, access: Access, *, at: float, revision: int) -> None:
        """Note what was looked up at a monotonic time, unless rights have changed since."""
        if revision != self.revision:
            return
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[access.user, access.project] = _Found(at + HELD_SECONDS, actor, access)

    def forget(self) -> None:
        """Somebody's rights have changed: look all up again."""
        self._found.clear()
        self._due.clear()
        self.revision += 1

    def _renew(self, key: Key, actor: Actor) -> None:
        self._due[key] = actor
        if not self._renewing:
            self._renewing = True
            self._world.spawn(self._renew_all(), name="standing.renew")

    async def _renew_all(self) -> None:
        try:
            while self._due:
                some = [self._due.popitem() for _ in range(min(_AT_A_TIME, len(self._due)))]
                await self._renew_some(some)
                await asyncio.sleep(0)
        finally:
            self._renewing = False

    async def _renew_some(self, due: list[tuple[Key, Actor]]) -> None:
        now, revision = self._world.clock.monotonic(), self.revision
        try:
            found = await self._world.store.read(
                lambda tx: [looked_up(tx, actor, key[1]) for key, actor in due]
            )
        except MuseArooError:
            return  # they end, and whoever needs them hears why
        for (key, actor), access in zip(due, found, strict=True):
            if access is not None:
                self.keep(actor, access, at=now, revision=revision)
            elif revision == self.revision:
                self._found.pop(key, None)


def access_in(tx: Transaction, actor: Actor, project: ProjectId, needed: Permission) -> Access:
    """The access of an actor inside a transaction, without audit; raises as `project_access`."""
    facts = tx.projects.facts(project, actor.user)
    if facts is None:
        raise NotFound("project")
    return project_access(
        actor,
        project,
        needed,
        owner=facts.owner,
        granted=facts.granted,
        is_public=facts.is_public,
    )


def looked_up(tx: Transaction, actor: Actor, project: str) -> Access | None:
    """The access of whoever may at least view, None for anyone else."""
    try:
        return access_in(tx, actor, ProjectId(project), Permission.VIEW)
    except (Forbidden, NotFound):
        return None
