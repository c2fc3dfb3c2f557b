"""The caller of a route: who it is, with what rights, and the conductor to ask."""

from typing import Annotated, Final

from fastapi import Depends, Request

from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import CommandId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.protocols.rest.arrival import Arrival, arrival_of, header
from musearoo.protocols.rest.options import Pace, RestOptions
from musearoo.protocols.rest.problems import Fault, Faulty

_LARGEST_TOKEN: Final = 4096
# Whoever shows wrong tokens gets slow, long before others at the same address would.
_WRONG_PACE: Final = Pace(per_minute=60, burst=30)


class Visitor:
    """A request from anyone."""

    __slots__ = ("arrival", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.arrival: Arrival = arrival_of(request.scope)

    @property
    def conductor(self) -> Conductor:
        return self.arrival.door.conductor

    @property
    def options(self) -> RestOptions:
        return self.arrival.door.options

    @property
    def origin(self) -> Origin:
        """Where the request came from, as it may be kept."""
        return self.arrival.origin(self.request.scope)

    @property
    def command(self) -> CommandId | None:
        """The `Idempotency-Key`, which makes a repeat harmless."""
        key = header(self.request.scope, b"idempotency-key")
        return CommandId(key) if key is not None else None

    @property
    def from_browser(self) -> bool:
        """Whether our own web client calls: only it may be given cookies."""
        return header(self.request.scope, b"x-musearoo-client") == "web"


class Caller(Visitor):
    """A request from somebody who is logged in."""

    __slots__ = ("actor",)

    def __init__(self, request: Request, actor: Actor) -> None:
        super().__init__(request)
        self.actor = actor

    async def access(self, project: str, right: Permission) -> Access:
        """The caller's access to a project; strangers see `NotFound`."""
        return await self.conductor.gate.access(self.actor, ProjectId(project), right, self.origin)

    async def session(self, session: str, right: Permission) -> Access:
        """The caller's access to the project of a session (they carry the same id)."""
        return await self.access(SessionId(session), right)


async def visitor(request: Request) -> Visitor:
    """Let anyone in, at the pace of their address."""
    caller = Visitor(request)
    _pace(caller)
    _refuse_unknown_query(request)
    return caller


async def caller(request: Request) -> Caller:
    """Let in who shows a living access token."""
    someone = Visitor(request)
    _pace(someone)
    try:
        actor = await someone.conductor.gate.actor(_bearer(request))
    except Unauthenticated:
        _slow_down(someone)
        raise
    someone.arrival.actor = actor
    _refuse_unknown_query(request)
    return Caller(request, actor)


Anyone = Annotated[Visitor, Depends(visitor)]
LoggedIn = Annotated[Caller, Depends(caller)]


def _bearer(request: Request) -> str:
    scheme, _, token = (header(request.scope, b"authorization") or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LARGEST_TOKEN:
        raise Unauthenticated(
            "Send an access token as `Authorization: Bearer ...`; /api/v3/auth/login gives one."
        )
    return token


def _pace(visitor: Visitor) -> None:
    pace = visitor.options.pace
    if pace is not None:
        _admit(visitor, visitor.arrival.pacing_key(), pace)


def _slow_down(visitor: Visitor) -> None:
    if visitor.options.pace is not None:
        _admit(visitor, f"{visitor.arrival.pacing_key()}:wrong", _WRONG_PACE)


def _admit(visitor: Visitor, key: str, pace: Pace) -> None:
    world = visitor.conductor.world
    if world.rules.local_mode:
        return
    now = world.clock.monotonic()
    world.pacing.admit(key, per_minute=pace.per_minute, burst=pace.burst, now=now)


def _refuse_unknown_query(request: Request) -> None:
    """A misspelt parameter is told, not ignored."""
    if not request.scope["query_string"]:
        return
    known = request.scope["route"].known_query
    faults = [
        Fault(name[:80], "this route has no such parameter")
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if faults:
        raise Faulty(faults)
