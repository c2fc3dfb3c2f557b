"""The application: every route, in the shell that every request passes."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import MuseArooError
from musearoo.protocols.rest.arrival import Door
from musearoo.protocols.rest.documentation import documented, write_openapi
from musearoo.protocols.rest.options import RestOptions
from musearoo.protocols.rest.problems import HttpRefusal
from musearoo.protocols.rest.refusals import (
    on_framework_refusal,
    on_http_refusal,
    on_invalid_request,
    on_refusal,
)
from musearoo.protocols.rest.routes.all import ROUTES
from musearoo.protocols.rest.routing import check_policies, mount
from musearoo.protocols.rest.shell import CORRELATION, Hosts, Shell

__all__ = ["RestOptions", "create_app"]

_TOLD = [
    "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Total-Count",
    CORRELATION,
]  # fmt: skip


def create_app(conductor: Conductor, options: RestOptions) -> FastAPI:
    """Build the REST door. It opens nothing and starts nothing: the composition root does."""
    app = FastAPI(
        title="MuseAroo",
        version=options.version or "0",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False},
        middleware=_middleware(Door(conductor, options)),
        exception_handlers={
            MuseArooError: on_refusal,
            HttpRefusal: on_http_refusal,
            RequestValidationError: on_invalid_request,
            HTTPException: on_framework_refusal,
        },
    )
    mount(app, ROUTES, documented)
    check_policies(app)
    write_openapi(app)
    return app


def _middleware(door: Door) -> list[Middleware]:
    """Outermost first."""
    layers = [Middleware(Shell, door=door), Middleware(Hosts, allowed=door.options.allowed_hosts)]
    if door.options.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(door.options.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=[
                    "Authorization", "Content-Type", "Idempotency-Key", "If-Match",
                    "If-None-Match", "Prefer", "X-MuseAroo-Client", CORRELATION,
                ],
                expose_headers=_TOLD,
                max_age=600,
            )
        )  # fmt: skip
    return layers
