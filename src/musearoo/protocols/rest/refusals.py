"""Exceptions on their way out: each becomes one problem, none becomes a traceback."""

import secrets
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from musearoo.codecs.rate_fields import rate_fields
from musearoo.domain.errors import ErrorCode, MuseArooError, QuotaExceeded
from musearoo.protocols.rest.arrival import arrival_of
from musearoo.protocols.rest.problems import (
    Fault,
    Faulty,
    HttpCode,
    HttpRefusal,
    code_of_status,
    http_problem,
    problem_of,
    respond,
    retry_headers,
)

_LONGEST_PATH = 200
_DETAILS = {
    HttpCode.METHOD_NOT_ALLOWED: "This path does not take that method; see `Allow`.",
    ErrorCode.NOT_FOUND: "There is nothing at this path; /docs lists what there is.",
}


async def on_refusal(request: Request, error: MuseArooError) -> Response:
    """A refusal of the conductor."""
    arrival = arrival_of(request.scope)
    problem = problem_of(error, instance=_instance(request), correlation=arrival.correlation)
    headers = retry_headers(error, secrets.randbelow(1000) / 1000)
    if isinstance(error, QuotaExceeded) and arrival.actor is not None:
        headers |= rate_fields(arrival.door.conductor.generation.windows(arrival.actor))
    return respond(problem, headers)


async def on_http_refusal(request: Request, error: HttpRefusal) -> Response:
    """A refusal of this door."""
    problem = http_problem(
        error.code,
        error.detail,
        instance=_instance(request),
        correlation=arrival_of(request.scope).correlation,
        errors=error.errors,
    )
    return respond(problem, error.headers)


async def on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    """A parameter in path or query that cannot be what it should."""
    faults = [
        Fault(".".join(str(part) for part in each["loc"][1:]), each["msg"])
        for each in error.errors()
    ]
    return await on_refusal(request, Faulty(faults))


async def on_framework_refusal(request: Request, error: HTTPException) -> Response:
    """An unknown path, a wrong method."""
    code = code_of_status(error.status_code)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    problem = http_problem(
        code,
        _DETAILS.get(code, "The request cannot be answered."),
        instance=_instance(request),
        correlation=arrival_of(request.scope).correlation,
    )
    return respond(problem, headers)


def _instance(request: Request) -> str:
    path: str = request.scope["path"]
    return path[:_LONGEST_PATH]


def _methods(request: Request) -> list[str]:
    """Every method of the path (RFC 9110 §15.5.6); Starlette names those of one route."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
