"""Invitations and collaborators."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from musearoo.domain.errors import ErrorCode
from musearoo.domain.ids import ProjectId, UserId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.answers import answer, moment
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import LOGIN, project
from musearoo.protocols.rest.routes.projects import shown
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import (
    CollaboratorResponse,
    InvitationResponse,
    Joined,
)
from musearoo.protocols.rest.shapes.requests import CollaborationInvite
from musearoo.protocols.rest.views import profile_for, rights

collaboration = Resource("collaboration")


@collaboration.route(
    "POST", "/collaborate/invite", policy=project(Permission.EDIT, via="body.project_id"),
    answers={201: InvitationResponse}, repeatable=True, errors=(ErrorCode.CONFLICT,),
)  # fmt: skip
async def invite_collaborator(
    caller: LoggedIn, body: Annotated[CollaborationInvite, json_body(CollaborationInvite)]
) -> Response:
    """Invite an address to a project; you can only give rights that you hold.

    The answer is the same whether the address has an account. `invite_url` works once, for
    whoever logs in with that address.
    """
    invited = await caller.conductor.collaboration.invite(
        caller.actor,
        ProjectId(body.project_id),
        body.email,
        frozenset(body.permissions),
        body.message,
        origin=caller.origin,
        command=caller.command,
    )
    return answer(
        InvitationResponse(
            invited.invitation_id, moment(invited.expires_at), invited.url, body.email
        ),
        201,
    )


@collaboration.route(
    "POST", "/collaborate/join/{invitation_token}", policy=LOGIN, answers={200: Joined},
    repeatable=True, errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
)  # fmt: skip
async def join_collaboration(
    caller: LoggedIn, invitation_token: Annotated[str, Path(min_length=1, max_length=200)]
) -> Response:
    """Accept an invitation to the address of your account."""
    view = await caller.conductor.collaboration.join(
        caller.actor, invitation_token, origin=caller.origin, command=caller.command
    )
    return answer(Joined(success=True, project=await shown(caller, view)))


@collaboration.route(
    "GET", "/projects/{project_id}/collaborators", policy=project(Permission.VIEW),
    answers={200: list[CollaboratorResponse]},
)  # fmt: skip
async def list_collaborators(caller: LoggedIn, project_id: PathId) -> Response:
    """Who is in a project, with which rights; the public sees nobody."""
    people = await caller.conductor.collaboration.people(
        caller.actor, ProjectId(project_id), caller.origin
    )
    return answer(
        [
            CollaboratorResponse(
                user=profile_for(user, caller.actor.user, shared=True),
                permissions=rights(collaborator.permissions),
                joined_at=moment(collaborator.joined_at),
            )
            for collaborator, user in people
        ]
    )


@collaboration.route(
    "DELETE", "/projects/{project_id}/collaborators/{user_id}", policy=project(Permission.VIEW),
    answers={204: None},
)  # fmt: skip
async def remove_collaborator(caller: LoggedIn, project_id: PathId, user_id: PathId) -> Response:
    """Take somebody out of a project: the owner anyone, others only themselves."""
    await caller.conductor.collaboration.remove(
        caller.actor, ProjectId(project_id), UserId(user_id), caller.origin
    )
    return Response(status_code=204)


@collaboration.route(
    "DELETE", "/projects/{project_id}/collaborators", policy=project(Permission.VIEW),
    answers={204: None}, errors=(ErrorCode.CONFLICT,),
)  # fmt: skip
async def leave_project(caller: LoggedIn, project_id: PathId) -> Response:
    """Leave a project that was shared with you."""
    await caller.conductor.collaboration.remove(
        caller.actor, ProjectId(project_id), caller.actor.user, caller.origin
    )
    return Response(status_code=204)
