"""How it stands with Ableton Live."""

from starlette.responses import Response

from musearoo.ports.leading import LiveStatus
from musearoo.protocols.rest.answers import answer
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.policies import LOGIN
from musearoo.protocols.rest.routing import Resource

live = Resource("live")


@live.route("GET", "/live", policy=LOGIN, answers={200: LiveStatus})
async def get_live(caller: LoggedIn) -> Response:
    """Whether Live is there, and what it is bound to, if you may see that session."""
    return answer(await caller.conductor.leading.status(caller.actor, caller.origin))
