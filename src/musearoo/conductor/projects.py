"""Projects: make, list, read, change, delete."""

from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from musearoo.conductor.access import Gate
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sequencer import new_session
from musearoo.conductor.sessions import Sessions
from musearoo.conductor.standing import access_in
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.records import Collaborator, Project, User
from musearoo.domain.session.state import SessionState
from musearoo.ports.store import Transaction

MAXIMUM_NAME: Final = 200
MAXIMUM_DESCRIPTION: Final = 10_000
_TOUCH_SECONDS: Final = 60.0


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """A project with the people in it, as one of them (or the public) may see it."""

    project: Project
    access: Access
    owner: User
    collaborators: tuple[tuple[Collaborator, User], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What to change of a project; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    is_public: bool | None = None
    version: int | None = None


class Projects:
    """Keeps the projects."""

    def __init__(self, world: World, gate: Gate, sessions: Sessions, repeats: Repeats) -> None:
        self._world = world
        self._gate = gate
        self._sessions = sessions
        self._repeats = repeats

    async def create(
        self,
        actor: Actor,
        name: str,
        description: str | None,
        *,
        is_public: bool,
        command: CommandId | None,
    ) -> ProjectId:
        """Make a project with its session."""
        name, description = checked_name(name), checked_description(description)

        async def work(keep: Keep) -> str:
            now = self._world.clock.now()
            project = Project(
                id=ProjectId(self._world.ids.new()),
                owner=actor.user,
                name=name,
                description=description,
                is_public=is_public,
                version=1,
                created_at=now,
                updated_at=now,
                last_accessed_at=now,
            )
            epoch = self._world.ids.new()

            def store(tx: Transaction) -> None:
                tx.projects.insert(project)
                tx.sessions.insert(new_session(SessionId(project.id), epoch))
                keep(tx, project.id)

            await self._world.store.write(store)
            return project.id

        body = fingerprint(("create_project", name, description, is_public))
        return ProjectId(await self._repeats.once(actor.user, command, body, str, work))

    async def view(self, actor: Actor, project: ProjectId) -> ProjectView:
        """One project; reading it counts as access."""

        def read(tx: Transaction) -> ProjectView:
            return view_in(tx, access_in(tx, actor, project, Permission.VIEW))

        view = await self._world.store.read(read)
        await self._touch(view)
        return view

    async def list_for(
        self, actor: Actor, *, search: str | None, limit: int, offset: int
    ) -> tuple[list[ProjectView], int]:
        """Own and shared projects, last accessed first, and how many there are."""

        def read(tx: Transaction) -> tuple[list[ProjectView], int]:
            rows, total = tx.projects.list_for(
                actor.user, search=search, limit=limit, offset=offset
            )
            views = [view_in(tx, access_in(tx, actor, row.id, Permission.VIEW)) for row in rows]
            return views, total

        return await self._world.store.read(read)

    async def change(
        self, actor: Actor, project: ProjectId, change: Change, origin: Origin
    ) -> ProjectView:
        """Rename, describe, publish; raises `Conflict` when `version` is not the present one."""
        access = await self._gate.access(actor, project, Permission.EDIT, origin)
        if change.is_public is not None:
            access = await self._gate.owner(actor, project, origin)
        name = checked_name(change.name) if change.name is not None else None
        description = checked_description(change.description)
        now = self._world.clock.now()

        def store(tx: Transaction) -> ProjectView:
            current = tx.projects.get(access)
            if change.version is not None and change.version != current.version:
                raise Conflict("The project was changed by someone else; read it again first.")
            updated = replace(
                current,
                name=name or current.name,
                description=description if description is not None else current.description,
                is_public=current.is_public if change.is_public is None else change.is_public,
                version=current.version + 1,
                updated_at=now,
            )
            tx.projects.update(access, updated)
            if updated.is_public != current.is_public:
                action = "project.publish" if updated.is_public else "project.unpublish"
                tx.audit.append(audit_entry(origin, actor.user, action, project, at=now))
            return view_in(tx, access)

        changed = await self._world.store.write(store)
        if change.is_public is not None:
            self._gate.forget()
        return changed

    async def delete(self, actor: Actor, project: ProjectId, origin: Origin) -> None:
        """Remove a project and all that hangs on it; only the owner may."""
        access = await self._gate.owner(actor, project, origin)

        def store(tx: Transaction) -> list[str]:
            line = audit_entry(
                origin, actor.user, "project.delete", project, at=self._world.clock.now()
            )
            tx.audit.append(line)
            return tx.projects.delete(access)

        blobs = await self._world.store.write(store)
        self._sessions.drop(SessionId(project))
        self._gate.forget()
        for blob in blobs:
            await self._world.blobs.delete(blob)

    async def state(self, access: Access) -> SessionState:
        """The state of the project's session."""
        return (await self._sessions.open(SessionId(access.project))).state

    async def _touch(self, view: ProjectView) -> None:
        now = self._world.clock.now()
        if now - view.project.last_accessed_at > _TOUCH_SECONDS:
            await self._world.store.write(lambda tx: tx.projects.touch(view.access, now))


def view_in(tx: Transaction, access: Access) -> ProjectView:
    """A project with its people; the public sees the owner only."""
    project = tx.projects.get(access)
    owner = tx.accounts.get(project.owner)
    if owner is None:
        raise Conflict("The owner of the project is gone.")
    people = tuple(tx.projects.collaborators(access)) if access.member else ()
    return ProjectView(project=project, access=access, owner=owner, collaborators=people)


def checked_name(name: str) -> str:
    """A project name: 1 to 200 characters after trimming, no control characters."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= MAXIMUM_NAME or any(ord(each) < 32 for each in trimmed):
        raise InvalidValue(
            "name", name, f"1 to {MAXIMUM_NAME} characters without control characters"
        )
    return trimmed


def checked_description(description: str | None) -> str | None:
    """A description of at most 10,000 characters, or None."""
    if description is None:
        return None
    if len(description) > MAXIMUM_DESCRIPTION or "\0" in description:
        raise InvalidValue("description", description, f"at most {MAXIMUM_DESCRIPTION} characters")
    return description
