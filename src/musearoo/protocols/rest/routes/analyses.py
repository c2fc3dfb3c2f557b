"""Analyses: recordings in, musical context out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Query
from pydantic import ValidationError
from starlette.responses import Response

from musearoo.conductor.uploads import Upload, Wanted
from musearoo.domain.errors import ErrorCode, InvalidValue, MuseArooError
from musearoo.domain.ids import AnalysisId, ProjectId
from musearoo.domain.permissions import Access, Permission
from musearoo.domain.records import AnalysisRecord
from musearoo.protocols.rest.answers import Limit, Offset, answer, cacheable, page
from musearoo.protocols.rest.arrival import header
from musearoo.protocols.rest.bodies import check_length, chunks, read_json, refusal
from musearoo.protocols.rest.call import Caller, LoggedIn
from musearoo.protocols.rest.fields import PathId, own_asset
from musearoo.protocols.rest.multipart import Form, Part
from musearoo.protocols.rest.policies import project
from musearoo.protocols.rest.problems import HttpCode
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import AnalysisResponse
from musearoo.protocols.rest.shapes.requests import AnalysisRequest, AnalysisType
from musearoo.protocols.rest.views import analysis_response, hints_after_analysis

analyses = Resource("analyses")
_FIELDS: Final = frozenset(AnalysisRequest.model_fields)
_MEDIA_TYPES: Final = {
    "wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "aif": "audio/aiff",
    "aiff": "audio/aiff", "ogg": "audio/ogg",
}  # fmt: skip
_AROUND_FILE: Final = 64 * 1024  # boundaries, part headers and the other fields
_IDLE_SECONDS: Final = 30.0
_SMALL: Final = 64 * 1024


@dataclass(slots=True)
class Received:
    """What a request brought: its fields and, if it had one, the recording."""

    fields: dict[str, object] = field(default_factory=dict)
    upload: Upload | None = None


@analyses.route(
    "POST", "/projects/{project_id}/analyze", policy=project(Permission.EDIT),
    answers={200: AnalysisResponse, 202: AnalysisResponse}, repeatable=True,
    errors=(
        HttpCode.MALFORMED, HttpCode.REQUEST_TIMEOUT, ErrorCode.PAYLOAD_TOO_LARGE,
        ErrorCode.UNSUPPORTED_AUDIO, HttpCode.UNSUPPORTED_MEDIA_TYPE, ErrorCode.CONFLICT,
    ),
    form=AnalysisRequest,
    links={"get_analysis": ("analysis_id", "analysis_id")},
)  # fmt: skip
async def analyze_audio(
    caller: LoggedIn,
    project_id: PathId,
    audio_url: Annotated[
        str | None, Query(max_length=500, description="An asset of this project")
    ] = None,
    analysis_type: Annotated[AnalysisType | None, Query()] = None,
    extract_features: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> Response:
    """Analyse a recording: a file in the form field `audio_file`, or `audio_url` of an asset.

    200 with what was heard if that takes less than ten seconds, else 202 and `Location`. The
    options may stand in the query or in the form. Nothing changes in the project until you
    adopt the analysis by a command.
    """
    access, room = await caller.conductor.uploads.room(
        caller.actor, ProjectId(project_id), caller.origin
    )
    asked: dict[str, object] = {
        "audio_url": audio_url,
        "analysis_type": analysis_type,
        "extract_features": extract_features,
    }
    received = await _received(caller, room)
    asked |= received.fields
    try:
        request = _request(asked)
        record = await _started(caller, access, request, received.upload)
        record = await caller.conductor.analyses.outcome(
            record.id, caller.conductor.world.rules.analyze_wait
        )
    except MuseArooError:
        if received.upload is not None:
            await caller.conductor.uploads.drop(received.upload.key)
        raise
    if record.status != "completed":
        return answer(_shown(caller, record), 202, {"Location": f"/api/v3/analyses/{record.id}"})
    for hint in hints_after_analysis():
        _warm(caller, hint.engine)
    return answer(_shown(caller, record))


@analyses.route(
    "GET", "/projects/{project_id}/analyses", policy=project(Permission.VIEW),
    answers={200: list[AnalysisResponse], 304: None},
)  # fmt: skip
async def list_analyses(
    caller: LoggedIn, project_id: PathId, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """Analyses of a project, newest first."""
    access = await caller.access(project_id, Permission.VIEW)
    records, total = await caller.conductor.analyses.list_for(access, limit=limit, offset=offset)
    items = [_shown(caller, record) for record in records]
    return page(caller, items, total=total, limit=limit, offset=offset)


@analyses.route(
    "GET", "/analyses/{analysis_id}", policy=project(Permission.VIEW, via="analysis_id"),
    answers={200: AnalysisResponse, 304: None},
)  # fmt: skip
async def get_analysis(caller: LoggedIn, analysis_id: PathId) -> Response:
    """An analysis with its evidence: alternatives, beats, chords, sections, confidence of each."""
    record = await caller.conductor.analyses.visible(AnalysisId(analysis_id), caller.actor)
    return cacheable(caller, _shown(caller, record))


async def _received(caller: Caller, room: int) -> Received:
    kind = header(caller.request.scope, b"content-type")
    if kind is None:
        return Received()
    if kind.partition(";")[0].strip().lower() == "application/json":
        content = await read_json(caller.request, _SMALL)
        try:
            model = AnalysisRequest.model_validate_json(content)
        except ValidationError as error:
            raise refusal(error) from None
        return Received(model.model_dump(exclude_unset=True))
    maximum = room + _AROUND_FILE
    check_length(caller.request, maximum)
    stream = chunks(caller.request, maximum, idle_seconds=_IDLE_SECONDS)
    return await _form(caller, Form(kind, stream), room)


async def _form(caller: Caller, form: Form, room: int) -> Received:
    received = Received()
    try:
        while (part := await form.next_part()) is not None:
            await _take(caller, received, part, room)
    except BaseException:
        if received.upload is not None:
            await caller.conductor.uploads.drop(received.upload.key)
        raise
    return received


async def _take(caller: Caller, received: Received, part: Part, room: int) -> None:
    if part.name == "audio_file":
        if received.upload is not None:
            raise InvalidValue("audio_file", "two files", "one file")
        key, size = await caller.conductor.uploads.receive(
            caller.actor, _content(part), maximum=room
        )
        name = part.filename or "recording"
        received.upload = Upload(name, media_type(name), key, size)
        return
    if part.name not in _FIELDS:
        raise InvalidValue("field", part.name[:40], "audio_file or " + ", ".join(sorted(_FIELDS)))
    text = await part.text()
    if part.name == "extract_features":
        words = [word.strip() for word in text.split(",") if word.strip()]
        earlier = received.fields.get("extract_features", [])
        received.fields["extract_features"] = [
            *(earlier if isinstance(earlier, list) else []),
            *words,
        ]
    else:
        received.fields[part.name] = text


def media_type(name: str) -> str:
    """The type that a recording's name promises; what the sender says of it is not believed."""
    return _MEDIA_TYPES.get(name[name.rfind(".") + 1 :].lower(), "application/octet-stream")


async def _content(part: Part) -> AsyncIterator[bytes]:
    async for chunk in part.chunks():
        yield chunk


def _request(asked: dict[str, object]) -> AnalysisRequest:
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        return AnalysisRequest.model_validate(given)
    except ValidationError as error:
        raise refusal(error) from None


async def _started(
    caller: Caller, access: Access, request: AnalysisRequest, upload: Upload | None
) -> AnalysisRecord:
    wanted = Wanted(request.analysis_type, tuple(sorted(set(request.extract_features))))
    uploads = caller.conductor.uploads
    if upload is not None and request.audio_url is None:
        return await uploads.analyze(access, upload, wanted, command=caller.command)
    if upload is None and request.audio_url is not None:
        asset = own_asset(request.audio_url, "audio_url", caller)
        return await uploads.analyze_again(access, asset, wanted, command=caller.command)
    raise InvalidValue(
        "audio_file",
        "missing" if upload is None else "sent with audio_url",
        "a recording, in this field of a form or named by audio_url",
    )


def _shown(caller: Caller, record: AnalysisRecord) -> AnalysisResponse:
    return analysis_response(record, caller.conductor.assets.link(record.asset))


def _warm(caller: Caller, engine: str) -> None:
    try:
        caller.conductor.world.engines.warm(engine)
    except MuseArooError:
        return  # a hint for an engine that is not installed
