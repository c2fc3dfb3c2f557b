"""Every route of the API, the busiest first: routes are matched in order."""

from typing import Final

from musearoo.protocols.rest.routes.analyses import analyses
from musearoo.protocols.rest.routes.assets import assets
from musearoo.protocols.rest.routes.auth import auth
from musearoo.protocols.rest.routes.collaboration import collaboration
from musearoo.protocols.rest.routes.exports import exports
from musearoo.protocols.rest.routes.generations import generations
from musearoo.protocols.rest.routes.health import health
from musearoo.protocols.rest.routes.live import live
from musearoo.protocols.rest.routes.osc import osc
from musearoo.protocols.rest.routes.pages import pages
from musearoo.protocols.rest.routes.passes import passes
from musearoo.protocols.rest.routes.projects import projects
from musearoo.protocols.rest.routes.sessions import sessions
from musearoo.protocols.rest.routes.takes import takes
from musearoo.protocols.rest.routes.user import user
from musearoo.protocols.rest.routing import Declared

ROUTES: Final[tuple[Declared, ...]] = tuple(
    declared
    for resource in (
        projects, sessions, generations, assets, takes, analyses, user, auth, passes, osc,
        live, collaboration, exports, health, pages,
    )
    for declared in resource
)  # fmt: skip
