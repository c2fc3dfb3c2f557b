"""Sessions: their state, their events, and every command of the conductor."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from musearoo.codecs.events import envelope, snapshot
from musearoo.domain.commands import COMMANDS, At, Command, parse_act
from musearoo.domain.errors import ErrorCode, Gone
from musearoo.domain.ids import CommandId, SessionId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.answers import answer, limited
from musearoo.protocols.rest.bodies import struct_body
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import (
    AckResponse,
    EventsResponse,
    SessionOpened,
    SessionResponse,
)
from musearoo.protocols.rest.shapes.requests import CommandRequest
from musearoo.protocols.rest.views import rights

sessions = Resource("sessions")
_LARGEST_SEQ = 2**53


class GoneEpoch(Gone):
    """An epoch that has ended, and where to read the state instead."""

    def __init__(self, detail: str, snapshot: str) -> None:
        super().__init__(detail)
        self.snapshot = snapshot


@sessions.route(
    "POST", "/projects/{project_id}/sessions", policy=project(Permission.VIEW),
    answers={200: SessionOpened},
    links={
        "get_session": ("session_id", "session_id"),
        "list_events": ("session_id", "session_id"),
        "send_command": ("session_id", "session_id"),
    },
)  # fmt: skip
async def open_session(caller: LoggedIn, project_id: PathId) -> Response:
    """The session of a project; it has exactly one, for life."""
    await caller.access(project_id, Permission.VIEW)
    session = await caller.conductor.sessions.open(SessionId(project_id))
    await caller.conductor.pairings.opened(caller.actor, session.session)
    opened = SessionOpened(session.session, project_id, session.epoch, session.seq)
    return answer(opened, 200, {"Location": f"/api/v3/sessions/{session.session}"})


@sessions.route(
    "GET", "/sessions/{session_id}", policy=project(Permission.VIEW, via="session_id"),
    answers={200: SessionResponse},
)  # fmt: skip
async def get_session(caller: LoggedIn, session_id: PathId) -> Response:
    """The state of a session, and the event number from which to go on."""
    access = await caller.session(session_id, Permission.VIEW)
    session = await caller.conductor.sessions.open(SessionId(session_id))
    now = caller.conductor.world.clock.now()
    state = snapshot(session.state, now)
    state["undo"] = state["undo"].get(caller.actor.user, {"undo": 0, "redo": 0})
    return answer(
        SessionResponse(
            session_id=session.session,
            epoch=session.epoch,
            seq=session.seq,
            permissions=rights(access.permissions),
            server_time=now,
            state=state,
        )
    )


@sessions.route(
    "GET", "/sessions/{session_id}/events", policy=project(Permission.VIEW, via="session_id"),
    answers={200: EventsResponse}, errors=(ErrorCode.GONE,),
)  # fmt: skip
async def list_events(
    caller: LoggedIn,
    session_id: PathId,
    after: Annotated[int, Query(ge=0, le=_LARGEST_SEQ, description="The last number you have")] = 0,
    epoch: Annotated[str | None, Query(max_length=64, description="The epoch you know")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Response:
    """Events after a number: the same list, in the same order, that every door shows."""
    access = await caller.session(session_id, Permission.VIEW)
    try:
        session, events = await caller.conductor.sessions.events(
            access, epoch=epoch, after=after, limit=limit
        )
    except Gone as gone:
        raise GoneEpoch(gone.detail, f"/api/v3/sessions/{session_id}") from None
    return answer(
        EventsResponse(
            session_id=session.session,
            epoch=session.epoch,
            seq=session.seq,
            events=[envelope(event) for event in events],
        )
    )


@sessions.route(
    "POST", "/sessions/{session_id}/commands", policy=project(None, via="session_id"),
    answers={200: AckResponse}, limited=True, repeatable=True,
    errors=(ErrorCode.CONFLICT, ErrorCode.QUOTA_EXCEEDED, ErrorCode.REDUCED_CAPACITY),
)  # fmt: skip
async def send_command(
    caller: LoggedIn,
    session_id: PathId,
    body: Annotated[CommandRequest, struct_body(CommandRequest)],
) -> Response:
    """Carry out one command of the closed list; the answer comes when its effect is durable."""
    command = Command(
        session=SessionId(session_id),
        actor=caller.actor,
        act=parse_act(body.name, body.args),
        origin=caller.origin,
        id=CommandId(body.id) if body.id is not None else caller.command,
        at=At.parse(body.at) if body.at is not None else None,
    )
    ack = await caller.conductor.desk.submit(command)
    shown = AckResponse(
        seq=ack.seq,
        epoch=ack.epoch,
        lands_at=ack.lands_at,
        generation_id=ack.generation_id,
        take_id=ack.take_id,
        conflicts=ack.conflicts,
    )
    if COMMANDS[body.name].permission is Permission.GENERATE:
        return limited(caller, shown)
    return answer(shown)
