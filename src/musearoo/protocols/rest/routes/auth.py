"""Accounts and logins."""

from typing import Annotated

from starlette.responses import Response

from musearoo.conductor.accounts import Login
from musearoo.domain.errors import ErrorCode, NotFound, Unauthenticated
from musearoo.domain.ids import FamilyId
from musearoo.protocols.rest.answers import answer, moment
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import Anyone, Caller, LoggedIn, Visitor
from musearoo.protocols.rest.cookies import clear_refresh, refresh_from_cookie, set_refresh
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import LOGIN, PUBLIC
from musearoo.protocols.rest.problems import Fault, Faulty
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import LoginResponse, LoginSession
from musearoo.protocols.rest.shapes.requests import (
    LocalLogin,
    LoginRequest,
    PasswordReset,
    RefreshRequest,
    Register,
    Verification,
)
from musearoo.protocols.rest.views import own_profile

auth = Resource("auth")


@auth.route(
    "POST", "/auth/register", policy=PUBLIC, answers={201: LoginResponse},
    errors=(ErrorCode.CONFLICT, ErrorCode.REDUCED_CAPACITY),
)  # fmt: skip
async def register(visitor: Anyone, body: Annotated[Register, json_body(Register)]) -> Response:
    """Make an account and log in."""
    login = await visitor.conductor.accounts.register(
        body.email, body.username, body.password, visitor.origin
    )
    return _logged_in(visitor, login, status=201)


@auth.route(
    "POST", "/auth/login", policy=PUBLIC, answers={200: LoginResponse},
    errors=(ErrorCode.UNAUTHENTICATED, ErrorCode.REDUCED_CAPACITY),
)  # fmt: skip
async def login(
    visitor: Anyone, body: Annotated[LoginRequest, json_body(LoginRequest)]
) -> Response:
    """Log in with an e-mail address and a password."""
    login = await visitor.conductor.accounts.login(
        body.email, body.password, remember_me=body.remember_me, origin=visitor.origin
    )
    return _logged_in(visitor, login)


@auth.route(
    "POST", "/auth/local", policy=PUBLIC, answers={200: LoginResponse},
    errors=(ErrorCode.UNAUTHENTICATED, ErrorCode.NOT_FOUND),
)  # fmt: skip
async def login_local(
    visitor: Anyone, body: Annotated[LocalLogin, json_body(LocalLogin)]
) -> Response:
    """Log in the owner of this machine with a one-time token (local mode only)."""
    tokens = visitor.options.local_tokens
    if tokens is None:
        raise NotFound("local login")
    if not tokens.redeem(body.token):
        raise Unauthenticated(
            "This token was used or has never been; start `musearoo` for another."
        )
    return _logged_in(visitor, await visitor.conductor.accounts.login_local(visitor.origin))


@auth.route(
    "POST", "/auth/refresh", policy=PUBLIC, answers={200: LoginResponse},
    errors=(ErrorCode.UNAUTHENTICATED,),
)  # fmt: skip
async def refresh(
    visitor: Anyone, body: Annotated[RefreshRequest, json_body(RefreshRequest, optional=True)]
) -> Response:
    """Trade a refresh token, from the body or our cookie, for new tokens; each works once."""
    secret = body.refresh_token or refresh_from_cookie(visitor)
    if secret is None:
        raise Unauthenticated("Send refresh_token in the body; there is no login to refresh.")
    return _logged_in(
        visitor, await visitor.conductor.accounts.refresh(secret, origin=visitor.origin)
    )


@auth.route("POST", "/auth/logout", policy=LOGIN, answers={204: None})
async def logout(caller: LoggedIn) -> Response:
    """End this login, and with it every token of it."""
    await caller.conductor.accounts.logout(caller.actor, caller.origin)
    return _without_login(caller)


@auth.route(
    "POST", "/auth/verify", policy=PUBLIC, answers={204: None}, errors=(ErrorCode.NOT_FOUND,)
)
async def verify_email(
    visitor: Anyone, body: Annotated[Verification, json_body(Verification)]
) -> Response:
    """Confirm an address with the token that was mailed there."""
    await visitor.conductor.accounts.verify_email(body.token)
    return Response(status_code=204)


@auth.route(
    "POST", "/auth/password/reset", policy=PUBLIC, answers={202: None, 204: None},
    errors=(ErrorCode.NOT_FOUND, ErrorCode.REDUCED_CAPACITY),
)  # fmt: skip
async def reset_password(
    visitor: Anyone, body: Annotated[PasswordReset, json_body(PasswordReset)]
) -> Response:
    """Ask for a mail, or set a new password with what it brought.

    With `email`: 202, whether it has an account or not. With `token` and `password`: 204, and
    every login has ended.
    """
    accounts = visitor.conductor.accounts
    if body.email is not None and body.token is None and body.password is None:
        await accounts.ask_reset(body.email, visitor.origin)
        return Response(status_code=202)
    if body.email is None and body.token is not None and body.password is not None:
        await accounts.reset(body.token, body.password, visitor.origin)
        return Response(status_code=204)
    raise Faulty([Fault("", "send either `email`, or `token` with `password`")])


@auth.route("GET", "/auth/sessions", policy=LOGIN, answers={200: list[LoginSession]})
async def list_logins(caller: LoggedIn) -> Response:
    """Your living logins, newest first."""
    logins = await caller.conductor.accounts.logins(caller.actor)
    return answer(
        [
            LoginSession(
                id=each.id,
                client=each.client,
                created_at=moment(each.created_at),
                last_used_at=moment(each.last_used_at),
                expires_at=moment(each.expires_at),
                current=each.id == caller.actor.family,
            )
            for each in logins
        ]
    )


@auth.route("DELETE", "/auth/sessions", policy=LOGIN, answers={204: None})
async def end_logins(caller: LoggedIn) -> Response:
    """End all your logins, this one too."""
    await caller.conductor.accounts.end_all_logins(caller.actor, caller.origin)
    return _without_login(caller)


@auth.route(
    "DELETE", "/auth/sessions/{login_id}", policy=LOGIN, answers={204: None},
    errors=(ErrorCode.NOT_FOUND,),
)  # fmt: skip
async def end_login(caller: LoggedIn, login_id: PathId) -> Response:
    """End one of your logins."""
    await caller.conductor.accounts.end_login(caller.actor, FamilyId(login_id), caller.origin)
    return Response(status_code=204)


def _logged_in(visitor: Visitor, login: Login, status: int = 200) -> Response:
    browser = visitor.from_browser
    response = answer(
        LoginResponse(
            access_token=login.access_token,
            refresh_token=None if browser else login.refresh_token,
            expires_in=login.expires_in,
            user=own_profile(login.user),
            subscription_tier=login.user.tier,
            refresh_expires_at=moment(login.refresh_expires_at),
        ),
        status,
    )
    if browser:
        set_refresh(visitor, response, login.refresh_token, login.refresh_expires_at)
    return response


def _without_login(caller: Caller) -> Response:
    response = Response(status_code=204)
    clear_refresh(caller, response)
    return response
