"""Projects and the people in them."""

import unicodedata
from typing import Final

from sqlalchemy import bindparam, delete, exists, func, or_, select, update

from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.ids import InvitationId, ProjectId, UserId
from musearoo.domain.permissions import Access
from musearoo.domain.records import Collaborator, Invitation, Project, ProjectFacts, User
from musearoo.storage.mapping import COLLABORATORS, INVITATIONS, PROJECTS, USERS, permissions_of
from musearoo.storage.statement import Connection, Statement
from musearoo.storage.tables import assets, collaborators, invitations, projects, users

# SQLite refuses LIKE patterns over 50,000 bytes; each character may be escaped.
LONGEST_SEARCH: Final = 1000

_FACTS = Statement(
    select(projects.c.owner, projects.c.is_public, collaborators.c.permissions)
    .select_from(
        projects.outerjoin(
            collaborators,
            (collaborators.c.project == projects.c.id)
            & (collaborators.c.user == bindparam("user")),
        )
    )
    .where(projects.c.id == bindparam("project"))
)
_GET = PROJECTS.find_by("id")
_shared = select(collaborators.c.project).where(collaborators.c.user == bindparam("user"))
_visible = or_(projects.c.owner == bindparam("user"), projects.c.id.in_(_shared))
_found = projects.c.search_key.like(bindparam("pattern"), escape="\\")
_LIST = Statement(
    PROJECTS.select.where(_visible, _found)
    .order_by(projects.c.last_accessed_at.desc(), projects.c.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT = Statement(select(func.count()).select_from(projects).where(_visible, _found))
_replace = [
    "name", "description", "is_public", "version", "updated_at", "last_accessed_at", "search_key",
]  # fmt: skip
_UPDATE = Statement(
    update(projects).where(
        projects.c.id == bindparam("key"), projects.c.version == bindparam("before")
    ),
    columns=_replace,
)
_TOUCH = Statement(
    update(projects)
    .where(projects.c.id == bindparam("key"))
    .values(last_accessed_at=bindparam("time"))
)
_other = assets.alias("other")
_ORPHANED_BLOBS = Statement(
    select(assets.c.blob)
    .distinct()
    .where(
        assets.c.project == bindparam("id"),
        assets.c.blob.is_not(None),
        ~exists().where(_other.c.blob == assets.c.blob, _other.c.project != bindparam("id")),
    )
)
_DELETE = Statement(delete(projects).where(projects.c.id == bindparam("id")))
_COLLABORATORS = Statement(
    select(*COLLABORATORS.columns, *USERS.columns)
    .join(users, users.c.id == collaborators.c.user)
    .where(collaborators.c.project == bindparam("project"))
    .order_by(collaborators.c.joined_at, collaborators.c.user)
)
_REGRANT = Statement(
    update(collaborators).where(
        collaborators.c.project == bindparam("key"), collaborators.c.user == bindparam("member")
    ),
    columns=["permissions"],
)
_REMOVE = Statement(
    delete(collaborators).where(
        collaborators.c.project == bindparam("project"), collaborators.c.user == bindparam("user")
    )
)
_INVITATION = INVITATIONS.find_by("token_hash")
_ACCEPT = Statement(
    update(invitations)
    .where(invitations.c.id == bindparam("key"), invitations.c.accepted_at.is_(None))
    .values(accepted_at=bindparam("time"))
)


def folded(text: str) -> str:
    """Text as searches compare it: compatibility forms joined, case away, in any script."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def containing(text: str) -> str:
    """A LIKE pattern for texts that contain this one literally."""
    escaped = folded(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _search_key(project: Project) -> str:
    return folded(f"{project.name}\n{project.description or ''}")


class Projects:
    """`ProjectRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self, project: ProjectId, user: UserId) -> ProjectFacts | None:
        row = self._connection.first(_FACTS, project=project, user=user)
        if row is None:
            return None
        owner, is_public, granted = row
        return ProjectFacts(owner, bool(is_public), permissions_of(granted or ""))

    def insert(self, project: Project) -> None:
        if not PROJECTS.add(self._connection, project, search_key=_search_key(project)):
            raise Conflict("There is a project with this id.")

    def get(self, access: Access) -> Project:
        row = self._connection.first(_GET, id=access.project)
        if row is None:
            raise NotFound("project")
        return PROJECTS.decode(row)

    def list_for(
        self, user: UserId, *, search: str | None, limit: int, offset: int
    ) -> tuple[list[Project], int]:
        if len(search or "") > LONGEST_SEARCH:
            raise InvalidValue("search", search, f"at most {LONGEST_SEARCH} characters")
        pattern = containing(search or "")
        page = self._connection.all(_LIST, user=user, pattern=pattern, limit=limit, offset=offset)
        total = self._connection.all(_COUNT, user=user, pattern=pattern)[0][0]
        return [PROJECTS.decode(row) for row in page], total

    def update(self, access: Access, project: Project) -> None:
        changed = self._connection.run(
            _UPDATE,
            **PROJECTS.encode(project),
            search_key=_search_key(project),
            key=access.project,
            before=project.version - 1,
        )
        if changed == 0:
            present = self.get(access)
            raise Conflict(
                f"The project is at version {present.version} by now; read it again and repeat."
            )

    def touch(self, access: Access, at: float) -> None:
        self._connection.run(_TOUCH, key=access.project, time=at)

    def delete(self, access: Access) -> list[str]:
        orphans = [row[0] for row in self._connection.all(_ORPHANED_BLOBS, id=access.project)]
        if self._connection.run(_DELETE, id=access.project) == 0:
            raise NotFound("project")
        return orphans

    def collaborators(self, access: Access) -> list[tuple[Collaborator, User]]:
        rows = self._connection.all(_COLLABORATORS, project=access.project)
        split = len(COLLABORATORS.fields)
        return [(COLLABORATORS.decode(row[:split]), USERS.decode(row[split:])) for row in rows]

    def put_collaborator(self, collaborator: Collaborator) -> None:
        if not COLLABORATORS.add(self._connection, collaborator):
            self._connection.run(
                _REGRANT,
                **COLLABORATORS.encode(collaborator),
                key=collaborator.project,
                member=collaborator.user,
            )

    def remove_collaborator(self, access: Access, user: UserId) -> bool:
        return self._connection.run(_REMOVE, project=access.project, user=user) == 1

    def insert_invitation(self, invitation: Invitation) -> None:
        if not INVITATIONS.add(self._connection, invitation):
            raise Conflict("This invitation exists already.")

    def invitation(self, token_hash: str) -> Invitation | None:
        return INVITATIONS.maybe(self._connection.first(_INVITATION, token_hash=token_hash))

    def accept_invitation(self, invitation: InvitationId, at: float) -> bool:
        return self._connection.run(_ACCEPT, key=invitation, time=at) == 1
