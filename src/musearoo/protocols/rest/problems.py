"""Refusals as RFC 9457 problem details, with a closed list of types."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from musearoo.codecs.rate_fields import RETRY, retry_after
from musearoo.domain.errors import ErrorCode, InvalidValue, MuseArooError, QuotaExceeded

MEDIA_TYPE: Final = "application/problem+json"
# draft-ietf-httpapi-ratelimit-headers-11 §6 registers these three for everyone.
_REGISTERED: Final = "https://iana.org/assignments/http-problem-types#"
_SHARED: Final = frozenset({ErrorCode.QUOTA_EXCEEDED, ErrorCode.REDUCED_CAPACITY})


class HttpCode(StrEnum):
    """What only HTTP can get wrong; together with `ErrorCode` the closed list of types."""

    MALFORMED = "malformed-request"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    REQUEST_TIMEOUT = "request-timeout"
    PRECONDITION_FAILED = "precondition-failed"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    MISDIRECTED = "misdirected-request"


Code = ErrorCode | HttpCode

TITLES: Final[Mapping[Code, tuple[int, str]]] = {
    ErrorCode.INVALID_VALUE: (422, "A value cannot be used"),
    ErrorCode.UNAUTHENTICATED: (401, "Nobody is logged in"),
    ErrorCode.FORBIDDEN: (403, "The right for this is missing"),
    ErrorCode.NOT_FOUND: (404, "There is no such thing, or it is not shared with you"),
    ErrorCode.GONE: (410, "This can no longer be had"),
    ErrorCode.CONFLICT: (409, "This contradicts the present state"),
    ErrorCode.IDEMPOTENCY_CONFLICT: (409, "The id was used for another request"),
    ErrorCode.PAYLOAD_TOO_LARGE: (413, "More than is allowed"),
    ErrorCode.UNSUPPORTED_AUDIO: (415, "Not audio that can be read"),
    ErrorCode.QUOTA_EXCEEDED: (429, "A generation limit is used up"),
    ErrorCode.TOO_MANY_REQUESTS: (429, "Requests come too fast"),
    ErrorCode.REDUCED_CAPACITY: (503, "Too busy to be in time"),
    ErrorCode.UNAVAILABLE: (503, "Something this needs is not running"),
    ErrorCode.INTERNAL: (500, "The server failed"),
    HttpCode.MALFORMED: (400, "The request cannot be read"),
    HttpCode.METHOD_NOT_ALLOWED: (405, "Another method is needed"),
    HttpCode.REQUEST_TIMEOUT: (408, "The request came too slowly"),
    HttpCode.PRECONDITION_FAILED: (412, "It was changed since you read it"),
    HttpCode.UNSUPPORTED_MEDIA_TYPE: (415, "The body is of another kind"),
    HttpCode.RANGE_NOT_SATISFIABLE: (416, "The file is shorter than that"),
    HttpCode.MISDIRECTED: (421, "This server does not answer for that host"),
}
_OF_STATUS: Final[Mapping[int, Code]] = {
    400: HttpCode.MALFORMED,
    404: ErrorCode.NOT_FOUND,
    405: HttpCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
}


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request: `pointer` is a JSON pointer or a parameter's name."""

    pointer: str
    detail: str


class Problem(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={"violated_policies": "violated-policies"},
):
    """What is wrong, and what to do about it (RFC 9457). `code` is the last part of `type`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    correlation_id: str = ""
    errors: tuple[Fault, ...] = ()
    violated_policies: tuple[str, ...] = ()
    snapshot: str | None = None


class HttpRefusal(Exception):
    """A refusal that concerns HTTP and no other door."""

    def __init__(
        self,
        code: HttpCode,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class Faulty(MuseArooError):
    """A request whose parts are wrong, each named."""

    code = ErrorCode.INVALID_VALUE
    http_status = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        shown = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults[:3])
        super().__init__(shown or "The request is not valid.")
        self.faults = tuple(faults)


def type_of(code: Code) -> str:
    """The URI of a problem type; ours are documented where they point."""
    return f"{_REGISTERED}{code}" if code in _SHARED else f"/problems/{code}"


def problem_of(error: MuseArooError, *, instance: str, correlation: str) -> Problem:
    """The problem that a refusal of the conductor is."""
    status, title = TITLES[error.code]
    return Problem(
        type=type_of(error.code),
        title=title,
        status=status,
        detail=error.detail,
        code=error.code,
        instance=instance,
        correlation_id=correlation,
        errors=_faults(error),
        violated_policies=error.violated if isinstance(error, QuotaExceeded) else (),
        snapshot=getattr(error, "snapshot", None),
    )


def http_problem(
    code: Code, detail: str, *, instance: str, correlation: str, errors: Iterable[Fault] = ()
) -> Problem:
    """A problem that never was an exception of ours."""
    status, title = TITLES[code]
    return Problem(
        type=type_of(code),
        title=title,
        status=status,
        detail=detail,
        code=code,
        instance=instance,
        correlation_id=correlation,
        errors=tuple(errors),
    )


def code_of_status(status: int) -> Code:
    """The type for a refusal that the framework made."""
    return _OF_STATUS.get(status, ErrorCode.INTERNAL if status >= 500 else HttpCode.MALFORMED)


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as an answer that nobody keeps."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **_challenge(problem), **(headers or {})},
    )


def retry_headers(error: MuseArooError, spread: float) -> dict[str, str]:
    """`Retry-After` where the refusal knows a time."""
    if error.retry_after is None:
        return {}
    return {RETRY: retry_after(error.retry_after, spread)}


def _faults(error: MuseArooError) -> tuple[Fault, ...]:
    if isinstance(error, Faulty):
        return error.faults
    if isinstance(error, InvalidValue):
        return (Fault(error.field, error.detail),)
    return ()


def _challenge(problem: Problem) -> dict[str, Any]:
    # RFC 9110 §15.5.2: a 401 names the scheme. 413: do not send the rest of the body.
    match problem.status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Bearer realm="musearoo"'}
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE | HTTPStatus.REQUEST_TIMEOUT:
            return {"Connection": "close"}
        case _:
            return {}
