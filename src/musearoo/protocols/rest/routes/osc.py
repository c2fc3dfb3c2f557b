"""OSC devices: pairing them, ending that, and watching what they send."""

from typing import Annotated

from starlette.responses import Response

from musearoo.domain.errors import ErrorCode
from musearoo.domain.ids import SessionId
from musearoo.domain.permissions import Permission
from musearoo.ports.osc import Monitored
from musearoo.protocols.rest.answers import answer, moment
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import LOGIN, project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import PairedDevice, PairingResponse
from musearoo.protocols.rest.shapes.requests import SessionRef
from musearoo.protocols.rest.views import rights

osc = Resource("osc")


@osc.route(
    "POST", "/osc/pairings", policy=project(Permission.VIEW, via="body.session_id"),
    answers={201: PairingResponse},
)  # fmt: skip
async def pair_osc(
    caller: LoggedIn, body: Annotated[SessionRef, json_body(SessionRef)]
) -> Response:
    """A code that lets an OSC device act in a session as you; 503 where no OSC door runs."""
    code, seconds = await caller.conductor.pairings.code(
        caller.actor, SessionId(body.session_id), origin=caller.origin
    )
    return answer(PairingResponse(code, seconds), 201)


@osc.route("GET", "/osc/pairings", policy=LOGIN, answers={200: list[PairedDevice]})
async def list_pairings(caller: LoggedIn) -> Response:
    """The OSC devices that act as you, the newest first."""
    return answer(
        [
            PairedDevice(
                id=each.id,
                session_id=each.session,
                transport=each.source.transport,
                host=each.source.host,
                port=each.source.port,
                reply_port=each.reply_port,
                permissions=rights(each.permissions),
                paired_at=moment(each.created_at),
                ends_at=moment(each.ends_at),
            )
            for each in caller.conductor.pairings.list_for(caller.actor)
        ]
    )


@osc.route(
    "DELETE", "/osc/pairings/{pairing_id}", policy=LOGIN,
    answers={204: None}, errors=(ErrorCode.NOT_FOUND,),
)  # fmt: skip
async def end_pairing(caller: LoggedIn, pairing_id: PathId) -> Response:
    """End one of your pairings: the device is a stranger from now on."""
    await caller.conductor.pairings.end(caller.actor, pairing_id, caller.origin)
    return Response(status_code=204)


@osc.route("GET", "/osc/monitor", policy=LOGIN, answers={200: Monitored})
async def monitor_osc(caller: LoggedIn) -> Response:
    """What your devices send: rates, errors, the latest messages; 503 where no OSC door runs.

    In local mode the owner of the machine sees all sources of this machine as well.
    """
    return answer(await caller.conductor.pairings.monitored(caller.actor))
