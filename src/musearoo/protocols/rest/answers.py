"""Answers: msgspec in, headers for caches, pages and limits."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import Query
from starlette.responses import Response

from musearoo.codecs.rate_fields import rate_fields
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.call import Caller, Visitor

BASE: Final = "/api/v3"
_ENCODE: Final = msgspec.json.Encoder().encode
_PRIVATE: Final = "private, no-cache"
_NEVER: Final = "no-store"

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out")]


class Json(Response):
    """A JSON answer, encoded by msgspec."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else _ENCODE(content)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value that nobody should keep."""
    return Json(value, status_code=status, headers={"Cache-Control": _NEVER, **(headers or {})})


def cacheable(visitor: Visitor, value: Any, *, version: int | None = None) -> Response:
    """A value with an ETag; 304 for who has it already."""
    content = _ENCODE(value)
    tag = etag(content, version)
    headers = {"ETag": tag, "Cache-Control": _PRIVATE}
    if matches(header(visitor.request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Json(content, headers=headers)


def etag(content: bytes, version: int | None = None) -> str:
    """A strong ETag; where the thing has a version it comes first, for `If-Match`."""
    digest = blake2b(content, digest_size=8).hexdigest()
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def matches(field: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` names the tag (RFC 9110 §13.1.2, weak comparison)."""
    if field is None:
        return False
    if field.strip() == "*":
        return True
    return any(each.strip().removeprefix("W/") == tag for each in field.split(","))


def limited(caller: Caller, value: Any, status: int = 200, **headers: str) -> Response:
    """A value with what is left of the caller's generation limits."""
    return answer(value, status, {**rate_headers(caller), **headers})


def rate_headers(caller: Caller) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy`, where limits apply."""
    return rate_fields(caller.conductor.generation.windows(caller.actor))


def page(
    visitor: Visitor, items: Sequence[Any], *, total: int, limit: int, offset: int
) -> Response:
    """One page of a list, with links to its neighbours (RFC 8288) and the total."""
    headers = {"X-Total-Count": str(total), "Cache-Control": _PRIVATE}
    links = _links(visitor, total=total, limit=limit, offset=offset)
    if links:
        headers["Link"] = links
    content = _ENCODE(items)
    tag = headers["ETag"] = etag(content)
    if matches(header(visitor.request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Json(content, headers=headers)


def _links(visitor: Visitor, *, total: int, limit: int, offset: int) -> str:
    last = max(0, (total - 1) // limit * limit)
    places = {"first": 0, "last": last}
    if offset + limit < total:
        places["next"] = offset + limit
    if offset > 0:
        places["prev"] = max(0, offset - limit)
    request = visitor.request
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in {"limit", "offset"}]

    def link(at: int) -> str:
        return f"{request.url.path}?{urlencode([*kept, ('limit', limit), ('offset', at)])}"

    return ", ".join(f'<{link(at)}>; rel="{name}"' for name, at in places.items())


def moment(seconds: float) -> datetime:
    """UNIX seconds as the API writes times: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC)
