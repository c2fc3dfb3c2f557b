"""Generations: parts played by engines."""

import re
from typing import Annotated, Final

from starlette.responses import Response

from musearoo.domain.commands import CancelGeneration, Command, Generate
from musearoo.domain.errors import ErrorCode, MuseArooError
from musearoo.domain.ids import AnalysisId, GenerationId, SessionId
from musearoo.domain.permissions import Permission
from musearoo.domain.records import GenerationRecord
from musearoo.protocols.rest.answers import answer, limited
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import Caller, LoggedIn
from musearoo.protocols.rest.fields import PathId, own_asset
from musearoo.protocols.rest.policies import project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import GenerationResponse
from musearoo.protocols.rest.shapes.requests import GenerationRequest
from musearoo.protocols.rest.views import generation_response, hints_after_engine

generations = Resource("generations")
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,4})\"?\s*(?:$|[,;])")


@generations.route(
    "POST", "/projects/{project_id}/generate", policy=project(Permission.GENERATE),
    answers={200: GenerationResponse, 202: GenerationResponse}, limited=True, repeatable=True,
    errors=(ErrorCode.QUOTA_EXCEEDED, ErrorCode.REDUCED_CAPACITY, ErrorCode.CONFLICT),
    links={
        "get_generation": ("generation_id", "generation_id"),
        "cancel_generation": ("generation_id", "generation_id"),
        "get_take": ("take_id", "take_id"),
    },
)  # fmt: skip
async def generate(
    caller: LoggedIn,
    project_id: PathId,
    body: Annotated[GenerationRequest, json_body(GenerationRequest)],
) -> Response:
    """Have an engine play a part: 200 if it ended meanwhile, else 202 and `Location` to ask at.

    A `fast` one that cannot be in time is refused, or has become a queued job, and is told so
    at once.

    `Prefer: respond-async` (or `wait=0`) answers as soon as the request is stored, and with it
    what was played within 20 ms; `wait=N` waits N seconds at most.
    """
    act = Generate(
        engine=body.engine,
        parameters=dict(body.parameters),
        part=body.part,
        bars=body.bars,
        seed=body.seed,
        style_hints=body.style_hints,
        quality_target=body.quality_target,
        reference_asset=(
            own_asset(body.reference_audio_url, "reference_audio_url", caller)
            if body.reference_audio_url
            else None
        ),
        analysis_id=AnalysisId(body.analysis_id) if body.analysis_id else None,
        draft=body.draft,
    )
    command = Command(
        session=SessionId(project_id),
        actor=caller.actor,
        act=act,
        origin=caller.origin,
        id=caller.command,
    )
    ack = await caller.conductor.desk.submit(command)
    generation = GenerationId(ack.generation_id or "")
    _warm(caller, body.engine)
    record = await caller.conductor.performance.ended(
        generation, wait_seconds(caller), or_queued=body.quality_target == "fast"
    )
    if record is None:
        record = await caller.conductor.generation.record(generation)
    shown = await _shown(caller, record)
    if record.status in _ENDED:
        return limited(caller, shown)
    return limited(caller, shown, 202, Location=f"/api/v3/generations/{generation}")


@generations.route(
    "GET", "/generations/{generation_id}", policy=project(Permission.VIEW, via="generation_id"),
    answers={200: GenerationResponse},
)  # fmt: skip
async def get_generation(caller: LoggedIn, generation_id: PathId) -> Response:
    """A generation as it stands; `completed` means that its notes are stored."""
    record = await caller.conductor.generation.visible(GenerationId(generation_id), caller.actor)
    return answer(await _shown(caller, record))


@generations.route(
    "POST", "/generations/{generation_id}/cancel",
    policy=project(Permission.GENERATE, via="generation_id"),
    answers={202: GenerationResponse}, repeatable=True, errors=(ErrorCode.CONFLICT,),
)  # fmt: skip
async def cancel_generation(caller: LoggedIn, generation_id: PathId) -> Response:
    """Stop a generation; 409 when it has ended already."""
    generation = GenerationId(generation_id)
    record = await caller.conductor.generation.visible(generation, caller.actor)
    command = Command(
        session=SessionId(record.project),
        actor=caller.actor,
        act=CancelGeneration(generation_id=generation),
        origin=caller.origin,
        id=caller.command,
    )
    await caller.conductor.desk.submit(command)
    record = await caller.conductor.generation.record(generation)
    return answer(await _shown(caller, record), 202)


def wait_seconds(caller: Caller) -> float:
    """How long the caller wants to wait (RFC 7240), but not longer than the server does."""
    longest = caller.conductor.world.rules.generate_wait
    prefer = (header(caller.request.scope, b"prefer") or "").lower()
    wanted = _WAIT.search(prefer)
    if wanted is not None:
        return min(longest, float(wanted[1]))
    return 0.0 if "respond-async" in prefer else longest


def _warm(caller: Caller, engine: str) -> None:
    for hint in hints_after_engine(engine):
        try:
            caller.conductor.world.engines.warm(hint.engine)
        except MuseArooError:
            continue  # a hint for an engine that is not installed


async def _shown(caller: Caller, record: GenerationRecord) -> GenerationResponse:
    urls = await caller.conductor.assets.of_take(record.take) if record.take else {}
    estimate = await caller.conductor.generation.estimate_seconds(record)
    return generation_response(record, urls, estimate=estimate)
