"""The refresh token of browsers: a cookie that scripts cannot read and other sites cannot use."""

from typing import Final

from starlette.responses import Response

from musearoo.domain.errors import Unauthenticated
from musearoo.protocols.rest.call import Visitor

_NAME: Final = "musearoo_refresh"


def cookie_name(visitor: Visitor) -> str:
    """`__Host-` binds a cookie to this host over TLS; browsers refuse it on plain http."""
    return f"__Host-{_NAME}" if visitor.options.secure_cookies else _NAME


def refresh_from_cookie(visitor: Visitor) -> str | None:
    """The refresh token of our own web client.

    A request with the cookie but without the client's header may have been made by another
    site's page, which can send cookies but not that header.
    """
    secret = visitor.request.cookies.get(cookie_name(visitor))
    if secret is not None and not visitor.from_browser:
        raise Unauthenticated("A login by cookie needs the header `X-MuseAroo-Client: web`.")
    return secret


def set_refresh(visitor: Visitor, response: Response, secret: str, expires_at: float) -> None:
    """Keep the refresh token in the browser until it expires."""
    now = visitor.conductor.world.clock.now()
    response.set_cookie(
        cookie_name(visitor),
        secret,
        max_age=max(0, int(expires_at - now)),
        path="/",
        secure=visitor.options.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def clear_refresh(visitor: Visitor, response: Response) -> None:
    """Take the refresh token out of the browser, if it is one."""
    if cookie_name(visitor) in visitor.request.cookies:
        response.delete_cookie(
            cookie_name(visitor),
            path="/",
            secure=visitor.options.secure_cookies,
            httponly=True,
            samesite="strict",
        )
