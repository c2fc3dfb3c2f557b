"""Tickets for the WebSocket."""

from typing import Annotated

from starlette.responses import Response

from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.answers import answer
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.policies import project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import TicketResponse
from musearoo.protocols.rest.shapes.requests import SessionRef

passes = Resource("passes")


@passes.route(
    "POST", "/ws-tickets", policy=project(Permission.VIEW, via="body.session_id"),
    answers={201: TicketResponse},
)  # fmt: skip
async def issue_ticket(
    caller: LoggedIn, body: Annotated[SessionRef, json_body(SessionRef)]
) -> Response:
    """A single-use ticket for the WebSocket, to be sent in its first message."""
    ticket, seconds = await caller.conductor.passes.ticket(
        caller.actor,
        SessionId(body.session_id),
        origin=caller.origin,
        page=header(caller.request.scope, b"origin"),
    )
    return answer(TicketResponse(ticket, seconds), 201)
