"""The outermost layers, in plain ASGI: hosts, correlation, counting, logging, last refusals."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from musearoo.domain.errors import ErrorCode
from musearoo.protocols.rest.arrival import SCOPE_KEY, Arrival, Door, arrival_of, header
from musearoo.protocols.rest.problems import HttpCode, http_problem, respond

log = structlog.get_logger(__name__)

CORRELATION: Final = "X-Correlation-Id"
_CORRELATION: Final = CORRELATION.lower().encode()
_GIVEN: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SLOW_SECONDS: Final = 1.0
# For an API that is never a page: nothing may be framed, guessed, or told on.
SECURITY_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "interest-cohort=()"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)
TRANSPORT_SECURITY: Final = "max-age=63072000"


class Shell:
    """Gives each request its arrival, and makes sure that it gets an answer and is counted.

    HEAD is answered as GET without its body (RFC 9110 §9.3.2), whatever the route.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door
        world = door.conductor.world
        self._new_id: Callable[[], str] = world.ids.new
        self._monotonic: Callable[[], float] = world.clock.monotonic
        added = [*SECURITY_HEADERS]
        if door.options.secure_cookies:
            added.append(("Strict-Transport-Security", TRANSPORT_SECURITY))
        self._added = [(name.lower().encode(), value.encode()) for name, value in added]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrival = self._arrival(scope)
        if arrival.head:
            scope = {**scope, "method": "GET"}
        scope[SCOPE_KEY] = arrival

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                arrival.status = message["status"]
                self._dress(message, arrival)
            elif arrival.head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            log.exception("rest.failed", correlation=arrival.correlation, route=route_of(scope))
            if arrival.status == 0:
                await _failure(scope, arrival)(scope, receive, sending)
        finally:
            self._count(scope, arrival)

    def _arrival(self, scope: Scope) -> Arrival:
        given = header(scope, b"x-correlation-id")
        known = given is not None and _GIVEN.fullmatch(given)
        client = scope.get("client")
        return Arrival(
            door=self._door,
            correlation=given if given is not None and known else self._new_id(),
            address=client[0] if client else "unknown",
            began=self._monotonic(),
            head=scope["method"] == "HEAD",
        )

    def _dress(self, message: Message, arrival: Arrival) -> None:
        headers = message.setdefault("headers", [])
        present = {name for name, _ in headers}
        headers += [each for each in self._added if each[0] not in present]
        headers.append((_CORRELATION, arrival.correlation.encode()))

    def _count(self, scope: Scope, arrival: Arrival) -> None:
        seconds = self._monotonic() - arrival.began
        route = route_of(scope)
        metrics = self._door.options.metrics
        if metrics is not None:
            metrics.observe(route, arrival.status, seconds)
        level = log.info if seconds > _SLOW_SECONDS or arrival.status >= 500 else log.debug
        level(
            "rest.answered",
            method=scope["method"],
            route=route,
            status=arrival.status,
            ms=round(1000 * seconds, 2),
            correlation=arrival.correlation,
        )


class Hosts:
    """Answers only for the hosts it was told of: a page elsewhere cannot borrow our name.

    DNS rebinding turns a stranger's web page into a caller from this machine; its Host header
    still names the stranger.
    """

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)
        self._any = "*" in self._allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._any or self._answers_for(scope):
            await self._app(scope, receive, send)
            return
        arrival = arrival_of(scope)
        problem = http_problem(
            HttpCode.MISDIRECTED,
            "The Host header names another server; set allowed_hosts if this one should answer.",
            instance=scope["path"],
            correlation=arrival.correlation,
        )
        await respond(problem)(scope, receive, send)

    def _answers_for(self, scope: Scope) -> bool:
        host = (header(scope, b"host") or "").lower()
        return host in self._allowed or without_port(host) in self._allowed


def without_port(host: str) -> str:
    """The name in a Host header: "[::1]:8000" is "[::1]"."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host


def route_of(scope: Scope) -> str:
    """The path template, or "unknown": never a path that a stranger made up."""
    route = scope.get("route")
    return getattr(route, "path", "unknown")


def _failure(scope: Scope, arrival: Arrival) -> ASGIApp:
    problem = http_problem(
        ErrorCode.INTERNAL,
        "Something went wrong here. Tell us the correlation id if it happens again.",
        instance=scope["path"],
        correlation=arrival.correlation,
    )
    return respond(problem)
