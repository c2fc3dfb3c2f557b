"""The rules that turn an actor and a project into an Access, or a refusal."""

from musearoo.domain.errors import Forbidden, NotFound
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import ALL, Access, Actor, Grant, Permission


def project_access(
    actor: Actor | None,
    project: ProjectId,
    needed: Permission,
    *,
    owner: str | None,
    granted: frozenset[Permission],
    is_public: bool,
) -> Access:
    """Decide what an actor may do with a project.

    `owner` is None when the project does not exist. A stranger gets the same
    `NotFound` as for a missing project; a member without the right, `Forbidden`.
    A public project is readable by anyone who is logged in.
    """
    if owner is None or actor is None:
        raise NotFound("project")
    if actor.user == owner:
        return Access(Grant(project, actor.user, ALL, owner=True))
    held = granted | {Permission.VIEW} if is_public else granted
    if Permission.VIEW not in held:
        raise NotFound("project")
    if needed not in held:
        raise Forbidden(f'This needs the right "{needed}"; ask the owner of the project for it.')
    return Access(Grant(project, actor.user, held, member=bool(granted)))


def require_owner(access: Access) -> None:
    """Refuse an act that only the owner may do."""
    if not access.owner:
        raise Forbidden("Only the owner of the project may do this.")
