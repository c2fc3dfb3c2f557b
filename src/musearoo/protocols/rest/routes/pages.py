"""Pages for people: the first page, the API's documentation, the list of problems."""

import gzip
from functools import cache
from html import escape
from importlib.resources import files
from typing import Annotated, Final

from fastapi import Path
from starlette.responses import Response

from musearoo.domain.errors import ErrorCode, NotFound
from musearoo.protocols.rest.answers import etag, matches
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.call import Anyone, Visitor
from musearoo.protocols.rest.policies import PUBLIC
from musearoo.protocols.rest.problems import TITLES, type_of
from musearoo.protocols.rest.routing import Resource

pages = Resource("pages", prefix="")

_ROOT: Final = files("musearoo.protocols.rest")
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGE_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Swagger UI and Redoc style by attributes; Redoc searches in a worker made from a blob.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FOREVER: Final = "public, max-age=31536000, immutable"
_PAGE_FILES: Final = ("api.js", "icon.svg", "page.css", "page.js", "sound.js")
_STATIC: Final = {
    "swagger-ui.js": "swagger-ui-5.35.0.js.gz",
    "swagger-ui.css": "swagger-ui-5.35.0.css.gz",
    "redoc.js": "redoc-2.5.4.js.gz",
    "docs.js": "docs.js",
}

FileName = Annotated[str, Path(pattern=r"^[a-z-]{1,40}\.(js|css|svg)$")]


@pages.route("GET", "/", policy=PUBLIC, answers={200: "text/html"}, include_in_schema=False)
async def get_first_page(visitor: Anyone) -> Response:
    """Drop a riff, see the analysis, hear the band."""
    return _page(visitor, _content("page", "index.html"), ".html", _PAGE_POLICY)


@pages.route(
    "GET", "/page/{name}", policy=PUBLIC, answers={200: "text/javascript"},
    errors=(ErrorCode.NOT_FOUND,), include_in_schema=False,
)  # fmt: skip
async def get_page_file(visitor: Anyone, name: FileName) -> Response:
    """A file of the first page."""
    if name not in _PAGE_FILES:
        raise NotFound("page")
    return _page(visitor, _content("page", name), name[name.rfind(".") :], _PAGE_POLICY)


@pages.route("GET", "/docs", policy=PUBLIC, answers={200: "text/html"}, include_in_schema=False)
async def get_docs(visitor: Anyone) -> Response:
    """The API to try out (Swagger UI, served from here)."""
    return _page(visitor, _content("static", "docs.html"), ".html", _DOCS_POLICY)


@pages.route("GET", "/redoc", policy=PUBLIC, answers={200: "text/html"}, include_in_schema=False)
async def get_redoc(visitor: Anyone) -> Response:
    """The API to read (Redoc, served from here)."""
    return _page(visitor, _content("static", "redoc.html"), ".html", _DOCS_POLICY)


@pages.route(
    "GET", "/docs/{name}", policy=PUBLIC, answers={200: "text/javascript"},
    errors=(ErrorCode.NOT_FOUND,), include_in_schema=False,
)  # fmt: skip
async def get_docs_file(visitor: Anyone, name: FileName) -> Response:
    """A script or style of the documentation."""
    stored = _STATIC.get(name)
    if stored is None:
        raise NotFound("page")
    content = _content("static", stored)
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if stored.endswith(".gz"):
        if "gzip" in (header(visitor.request.scope, b"accept-encoding") or ""):
            headers["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
    return Response(content, media_type=_KINDS[name[name.rfind(".") :]], headers=headers)


@pages.route(
    "GET", "/openapi.json", policy=PUBLIC, answers={200: "application/json"},
    include_in_schema=False,
)  # fmt: skip
async def get_openapi(visitor: Anyone) -> Response:
    """This API as OpenAPI 3.1."""
    content: bytes = visitor.request.app.state.openapi
    return _page(visitor, content, ".json")


@pages.route("GET", "/problems", policy=PUBLIC, answers={200: "text/html"}, include_in_schema=False)
async def list_problems(visitor: Anyone) -> Response:
    """The closed list of problem types."""
    return _page(visitor, _problems(), ".html", _DOCS_POLICY)


@pages.route(
    "GET", "/problems/{code}", policy=PUBLIC, answers={200: "text/html"},
    errors=(ErrorCode.NOT_FOUND,), include_in_schema=False,
)  # fmt: skip
async def get_problem(
    visitor: Anyone, code: Annotated[str, Path(pattern="^[a-z-]{1,60}$")]
) -> Response:
    """One problem type: what its URI leads to."""
    if code not in TITLES:
        raise NotFound("problem type")
    return _page(visitor, _problems(), ".html", _DOCS_POLICY)


def _page(visitor: Visitor, content: bytes, suffix: str, policy: str | None = None) -> Response:
    tag = etag(content)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    if matches(header(visitor.request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    kind = _KINDS.get(suffix, "application/json")
    return Response(content, media_type=kind, headers=headers)


@cache
def _content(folder: str, name: str) -> bytes:
    return (_ROOT / folder / name).read_bytes()


@cache
def _problems() -> bytes:
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{status}</td><td>{escape(title)}</td>'
        f"<td><code>{escape(type_of(code))}</code></td></tr>"
        for code, (status, title) in TITLES.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title>'
        "<h1>Problems</h1><p>Every refusal is one of these (RFC 9457). "
        "<code>detail</code> says what to do, <code>correlation_id</code> finds it in the logs.</p>"
        "<table><thead><tr><th>code</th><th>status</th><th>meaning</th><th>type</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></html>"
    ).encode()
