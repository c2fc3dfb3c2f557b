"""Projects."""

from typing import Annotated

from fastapi import Query
from msgspec.structs import asdict
from starlette.responses import Response

from musearoo.conductor.projects import Change, ProjectView
from musearoo.domain.errors import Conflict, ErrorCode
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.answers import Limit, Offset, answer, cacheable, etag, moment, page
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import Caller, LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import LOGIN, owner, project
from musearoo.protocols.rest.problems import HttpCode, HttpRefusal
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import (
    InvitationResponse,
    ProjectCreated,
    ProjectResponse,
)
from musearoo.protocols.rest.shapes.requests import ProjectChange, ProjectCreate
from musearoo.protocols.rest.views import project_response

projects = Resource("projects")
# What somebody who is named when a project is made may do there.
_FIRST_RIGHTS = frozenset({Permission.VIEW, Permission.EDIT, Permission.GENERATE})


@projects.route(
    "GET", "/projects/{project_id}", policy=project(Permission.VIEW),
    answers={200: ProjectResponse, 304: None},
)  # fmt: skip
async def get_project(caller: LoggedIn, project_id: PathId) -> Response:
    """One project. Its `ETag` serves `If-None-Match` here and `If-Match` when you change it."""
    view = await caller.conductor.projects.view(caller.actor, ProjectId(project_id))
    return cacheable(caller, await shown(caller, view), version=view.project.version)


@projects.route("GET", "/projects", policy=LOGIN, answers={200: list[ProjectResponse], 304: None})
async def list_projects(
    caller: LoggedIn,
    limit: Limit = 20,
    offset: Offset = 0,
    search: Annotated[
        str | None, Query(max_length=200, description="Part of a name or text")
    ] = None,
) -> Response:
    """Your projects and those shared with you, last used first."""
    views, total = await caller.conductor.projects.list_for(
        caller.actor, search=search, limit=limit, offset=offset
    )
    items = [await shown(caller, view) for view in views]
    return page(caller, items, total=total, limit=limit, offset=offset)


@projects.route(
    "POST", "/projects", policy=LOGIN, answers={201: ProjectCreated}, repeatable=True,
    errors=(ErrorCode.CONFLICT,),
    links={
        "get_project": ("project_id", "id"),
        "change_project": ("project_id", "id"),
        "generate": ("project_id", "id"),
        "list_parts": ("project_id", "id"),
        "open_session": ("project_id", "id"),
    },
)  # fmt: skip
async def create_project(
    caller: LoggedIn, body: Annotated[ProjectCreate, json_body(ProjectCreate)]
) -> Response:
    """Make a project; each of its `collaborators` gets an invitation to view, edit and generate."""
    made = await caller.conductor.projects.create(
        caller.actor,
        body.name,
        body.description,
        is_public=body.is_public,
        command=caller.command,
    )
    invitations = [await _invited(caller, made, email) for email in body.collaborators]
    view = await caller.conductor.projects.view(caller.actor, made)
    seen = await shown(caller, view)
    created = ProjectCreated(**asdict(seen), invitations=invitations)
    return answer(created, 201, {"Location": f"/api/v3/projects/{made}"})


@projects.route(
    "PATCH", "/projects/{project_id}", policy=project(Permission.EDIT),
    answers={200: ProjectResponse},
    errors=(HttpCode.PRECONDITION_FAILED, ErrorCode.CONFLICT),
)  # fmt: skip
async def change_project(
    caller: LoggedIn,
    project_id: PathId,
    body: Annotated[ProjectChange, json_body(ProjectChange)],
) -> Response:
    """Change a project. With `If-Match` (or `version`) only if nobody changed it meanwhile."""
    wanted = _version(header(caller.request.scope, b"if-match"))
    try:
        view = await caller.conductor.projects.change(
            caller.actor,
            ProjectId(project_id),
            Change(
                name=body.name,
                description=body.description,
                is_public=body.is_public,
                version=wanted if wanted is not None else body.version,
            ),
            caller.origin,
        )
    except Conflict as refusal:
        if wanted is None:
            raise
        raise HttpRefusal(HttpCode.PRECONDITION_FAILED, refusal.detail) from None
    seen = await shown(caller, view)
    response = answer(seen)
    response.headers["ETag"] = etag(response.body, view.project.version)  # type: ignore[arg-type]
    return response


@projects.route("DELETE", "/projects/{project_id}", policy=owner(), answers={204: None})
async def delete_project(caller: LoggedIn, project_id: PathId) -> Response:
    """Delete a project and all that hangs on it."""
    await caller.conductor.projects.delete(caller.actor, ProjectId(project_id), caller.origin)
    return Response(status_code=204)


async def shown(caller: Caller, view: ProjectView) -> ProjectResponse:
    """A project with the musical context of its session."""
    state = await caller.conductor.sessions.glance(SessionId(view.project.id))
    return project_response(view, state)


async def _invited(caller: Caller, project_id: ProjectId, email: str) -> InvitationResponse:
    command = caller.command
    invited = await caller.conductor.collaboration.invite(
        caller.actor,
        project_id,
        email,
        _FIRST_RIGHTS,
        None,
        origin=caller.origin,
        command=CommandId(f"{command[:60]}/{email}"[:128]) if command is not None else None,
    )
    return InvitationResponse(invited.invitation_id, moment(invited.expires_at), invited.url, email)


def _version(if_match: str | None) -> int | None:
    """The version that an ETag of ours begins with; 0, which none has, for anything else."""
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().strip('"').partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
