"""The caller's own account."""

from typing import Annotated

from starlette.responses import Response

from musearoo.domain.errors import ErrorCode
from musearoo.protocols.rest.answers import answer, limited
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.cookies import clear_refresh
from musearoo.protocols.rest.policies import LOGIN
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import ProfileUpdated, UserProfile
from musearoo.protocols.rest.shapes.requests import UserProfileUpdate
from musearoo.protocols.rest.views import own_profile

user = Resource("user")


@user.route("GET", "/user/profile", policy=LOGIN, answers={200: UserProfile}, limited=True)
async def get_user_profile(caller: LoggedIn) -> Response:
    """Your profile."""
    return limited(caller, own_profile(await caller.conductor.accounts.profile(caller.actor)))


@user.route(
    "PUT", "/user/profile", policy=LOGIN, answers={200: ProfileUpdated},
    errors=(ErrorCode.CONFLICT,),
)  # fmt: skip
async def update_user_profile(
    caller: LoggedIn, body: Annotated[UserProfileUpdate, json_body(UserProfileUpdate)]
) -> Response:
    """Change your profile; what is left out stays."""
    settings = body.accessibility_settings
    changed = await caller.conductor.accounts.update_profile(
        caller.actor,
        username=body.username,
        display_name=body.display_name,
        accessibility_settings=settings.model_dump_json() if settings is not None else None,
    )
    return answer(ProfileUpdated(success=True, user=own_profile(changed)))


@user.route("DELETE", "/user", policy=LOGIN, answers={204: None})
async def delete_user(caller: LoggedIn) -> Response:
    """Delete your account, your projects and all that hangs on them."""
    await caller.conductor.accounts.delete(caller.actor, caller.origin)
    response = Response(status_code=204)
    clear_refresh(caller, response)
    return response
