"""Whether the server lives, what it is, and how it does."""

import ipaddress

from starlette.responses import Response

from musearoo.domain.errors import ErrorCode, NotFound
from musearoo.protocols.rest.answers import answer
from musearoo.protocols.rest.call import Anyone
from musearoo.protocols.rest.policies import PUBLIC
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import Health, VersionResponse

health = Resource("health", prefix="")


@health.route("GET", "/healthz", policy=PUBLIC, answers={200: Health})
async def get_health(_visitor: Anyone) -> Response:
    """The process answers."""
    return answer(Health("ok"))


@health.route("GET", "/readyz", policy=PUBLIC, answers={200: Health, 503: Health})
async def get_readiness(visitor: Anyone) -> Response:
    """Whether everything that the server needs is there; 503 while something is not."""
    readiness = visitor.options.readiness
    checks = dict(await readiness()) if readiness is not None else {}
    if all(checks.values()):
        return answer(Health("ok", checks))
    return answer(Health("unready", checks), 503)


@health.route("GET", "/version", policy=PUBLIC, answers={200: VersionResponse})
async def get_version(visitor: Anyone) -> Response:
    """What runs here."""
    return answer(VersionResponse("musearoo", visitor.options.version, "v3"))


@health.route(
    "GET", "/metrics", policy=PUBLIC, answers={200: "text/plain"}, errors=(ErrorCode.NOT_FOUND,)
)
async def get_metrics(visitor: Anyone) -> Response:
    """Counters and times for Prometheus, told to this machine and its private network only."""
    metrics = visitor.options.metrics
    if metrics is None or not _from_inside(visitor.arrival.address):
        raise NotFound("page")
    return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _from_inside(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_private
    except ValueError:
        return False
