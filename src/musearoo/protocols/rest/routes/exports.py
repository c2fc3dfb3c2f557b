"""Exports: the project as files for other programs."""

from typing import Annotated

from starlette.responses import Response

from musearoo.domain.errors import ErrorCode
from musearoo.domain.ids import ExportId, ProjectId
from musearoo.domain.permissions import Permission
from musearoo.domain.records import ExportRecord
from musearoo.protocols.rest.answers import answer, moment
from musearoo.protocols.rest.bodies import json_body
from musearoo.protocols.rest.call import Caller, LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import ExportResponse
from musearoo.protocols.rest.shapes.requests import ExportRequest

exports = Resource("exports")


@exports.route(
    "POST", "/projects/{project_id}/export", policy=project(Permission.EXPORT),
    answers={202: ExportResponse}, repeatable=True, errors=(ErrorCode.CONFLICT,),
    links={"get_export": ("export_id", "export_id")},
)  # fmt: skip
async def export_project(
    caller: LoggedIn,
    project_id: PathId,
    body: Annotated[ExportRequest, json_body(ExportRequest)],
) -> Response:
    """Export a project; ask at `Location` until `download_url` is there."""
    record = await caller.conductor.exports.start(
        caller.actor,
        ProjectId(project_id),
        body.format,
        body.model_dump_json().encode(),
        origin=caller.origin,
        command=caller.command,
    )
    return answer(_shown(caller, record), 202, {"Location": f"/api/v3/exports/{record.id}"})


@exports.route(
    "GET", "/exports/{export_id}", policy=project(Permission.EXPORT, via="export_id"),
    answers={200: ExportResponse},
)  # fmt: skip
async def get_export(caller: LoggedIn, export_id: PathId) -> Response:
    """An export as it stands."""
    record = await caller.conductor.exports.visible(ExportId(export_id), caller.actor)
    return answer(_shown(caller, record))


def _shown(caller: Caller, record: ExportRecord) -> ExportResponse:
    link = caller.conductor.assets.link(record.asset) if record.asset is not None else None
    return ExportResponse(
        export_id=record.id,
        estimated_completion=moment(record.estimated_completion),
        download_url=link,
        status=record.status,
        format=record.format,
        project_id=record.project,
        created_at=moment(record.created_at),
        error=record.error,
    )
