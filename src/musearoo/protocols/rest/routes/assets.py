"""Files of projects, behind signed links that expire."""

from pathlib import Path
from typing import Annotated, Final

import anyio
from fastapi import Query
from starlette.responses import Response, StreamingResponse

from musearoo.conductor.assets import Content
from musearoo.domain.errors import ErrorCode, NotFound
from musearoo.domain.ids import AssetId
from musearoo.protocols.rest.answers import matches
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.call import Anyone, Visitor
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import SIGNED
from musearoo.protocols.rest.problems import HttpCode, HttpRefusal
from musearoo.protocols.rest.ranges import (
    Unsatisfiable,
    disposition,
    file_chunks,
    requested_range,
)
from musearoo.protocols.rest.routing import Resource

assets = Resource("assets")
# A file is shown by a browser only if it can do nothing there.
_SHOWN: Final = frozenset({"audio", "notation"})
_LOCKED_IN: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_LONG: Final = "private, max-age=31536000, immutable"
_LATEST: Final = 2**40
_ANSWERS: Final = {200: "application/octet-stream", 206: "application/octet-stream", 304: None}

Expires = Annotated[int, Query(ge=0, le=_LATEST, description="From the link")]
Signature = Annotated[str, Query(max_length=200, description="From the link")]


@assets.route(
    "GET", "/assets/{asset_id}", policy=SIGNED, answers=_ANSWERS,
    errors=(ErrorCode.NOT_FOUND, ErrorCode.GONE, HttpCode.RANGE_NOT_SATISFIABLE),
)  # fmt: skip
async def get_asset(
    visitor: Anyone, asset_id: PathId, expires: Expires = 0, signature: Signature = ""
) -> Response:
    """A file, or ranges of it. Takes and exports hand out the links."""
    content = await visitor.conductor.assets.content(
        AssetId(asset_id), expires=expires, signature=signature
    )
    size = await _size(content)
    headers = _headers(content, size)
    if matches(header(visitor.request.scope, b"if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if visitor.arrival.head:
        return Response(headers=headers | {"Content-Length": str(size)})
    part = _part(visitor, headers["ETag"], size)
    if part is None:
        return _sent(content, 0, size, 200, headers)
    headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    return _sent(content, *part, 206, headers)


def _part(visitor: Visitor, tag: str, size: int) -> tuple[int, int] | None:
    scope = visitor.request.scope
    condition = header(scope, b"if-range")
    if condition is not None and condition.strip() != tag:
        return None
    try:
        return requested_range(header(scope, b"range"), size)
    except Unsatisfiable:
        raise HttpRefusal(
            HttpCode.RANGE_NOT_SATISFIABLE,
            f"The file has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        ) from None


async def _size(content: Content) -> int:
    if content.body is not None:
        return len(content.body)
    if content.path is None:
        raise NotFound("asset")
    try:
        return (await anyio.to_thread.run_sync(Path(content.path).stat)).st_size
    except FileNotFoundError:
        raise NotFound("asset") from None


def _headers(content: Content, size: int) -> dict[str, str]:
    asset = content.asset
    return {
        "Content-Type": asset.media_type,
        "Content-Disposition": disposition(asset.name, inline=asset.kind in _SHOWN),
        "ETag": f'"{(asset.blob or asset.id)[:32]}-{size}"',
        "Cache-Control": _LONG,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": _LOCKED_IN,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def _sent(content: Content, start: int, end: int, status: int, headers: dict[str, str]) -> Response:
    if content.body is not None:
        return Response(content.body[start:end], status_code=status, headers=headers)
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(
        file_chunks(content.path or "", start, end), status_code=status, headers=headers
    )
