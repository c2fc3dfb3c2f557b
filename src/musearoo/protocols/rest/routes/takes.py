"""Parts and takes of a project, and the engines that play them."""

from typing import Annotated

from fastapi import Query
from msgspec.structs import asdict
from starlette.responses import Response

from musearoo.domain.ids import ProjectId, SessionId, TakeId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.answers import Limit, Offset, cacheable, page
from musearoo.protocols.rest.call import LoggedIn
from musearoo.protocols.rest.fields import PathId
from musearoo.protocols.rest.policies import LOGIN, project
from musearoo.protocols.rest.routing import Resource
from musearoo.protocols.rest.shapes.answers import (
    Engine,
    PartResponse,
    TakeResponse,
    TakeSummary,
)
from musearoo.protocols.rest.views import take_summary

takes = Resource("takes")


@takes.route(
    "GET", "/projects/{project_id}/parts", policy=project(Permission.VIEW),
    answers={200: list[PartResponse], 304: None},
)  # fmt: skip
async def list_parts(caller: LoggedIn, project_id: PathId) -> Response:
    """The parts of a project as they play now."""
    await caller.access(project_id, Permission.VIEW)
    state = await caller.conductor.sessions.glance(SessionId(project_id))
    selected = await caller.conductor.takes.selected(state, SessionId(project_id))
    parts = [
        PartResponse(
            part=name,
            engine=part.engine,
            selected=take_summary(selected[name]) if name in selected else None,
            committed_take=part.committed,
            locked_bars=part.locked_bars,
            locked_voices=part.locked_voices,
            parameters={
                path.partition("/")[2]: value
                for path, value in state.parameters.items()
                if path.startswith(f"{name}/")
            },
        )
        for name, part in state.parts.items()
    ]
    return cacheable(caller, parts)


@takes.route(
    "GET", "/projects/{project_id}/takes", policy=project(Permission.VIEW),
    answers={200: list[TakeSummary], 304: None},
)  # fmt: skip
async def list_takes(
    caller: LoggedIn,
    project_id: PathId,
    part: Annotated[str | None, Query(max_length=40, description="Only takes of this part")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Takes of a project, newest first, without their notes."""
    access = await caller.access(ProjectId(project_id), Permission.VIEW)
    found, total = await caller.conductor.takes.list_for(
        access, part=part, limit=limit, offset=offset
    )
    items = [take_summary(take) for take in found]
    return page(caller, items, total=total, limit=limit, offset=offset)


@takes.route(
    "GET", "/takes/{take_id}", policy=project(Permission.VIEW, via="take_id"),
    answers={200: TakeResponse, 304: None},
)  # fmt: skip
async def get_take(caller: LoggedIn, take_id: PathId) -> Response:
    """A take with its notes, its recipe and links to its files."""
    take = await caller.conductor.takes.visible(TakeId(take_id), caller.actor)
    urls = await caller.conductor.assets.of_take(take.id)
    summary = asdict(take_summary(take))
    return cacheable(
        caller, TakeResponse(**summary, notes=take.notes, recipe=take.recipe, result_urls=urls)
    )


@takes.route("GET", "/engines", policy=LOGIN, answers={200: list[Engine], 304: None})
async def list_engines(caller: LoggedIn) -> Response:
    """Every engine here: its default part, and each parameter with range, default and meaning."""
    return cacheable(caller, caller.conductor.world.engines.engines())
