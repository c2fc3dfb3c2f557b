"""Analyses, generations, takes, assets and exports of a project."""

from typing import Final, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    update,
)

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.ids import AnalysisId, AssetId, ExportId, GenerationId, TakeId, UserId
from musearoo.domain.permissions import Access
from musearoo.domain.records import AnalysisRecord, Asset, ExportRecord, GenerationRecord, Take
from musearoo.storage.mapping import ANALYSES, ASSETS, EXPORTS, GENERATIONS, TAKES, Shape
from musearoo.storage.statement import Connection, Statement, Value
from musearoo.storage.tables import analyses, assets, generations, takes

R = TypeVar("R", bound=msgspec.Struct)

_LAST_CHARACTER: Final = "\U0010ffff"


def _newest(shape: Shape[R], *where: ColumnElement[bool]) -> tuple[Statement, Statement]:
    """A page of rows, newest first, and the count of all."""
    table = shape.table
    page: Select[tuple[object, ...]] = (
        shape.select.where(*where)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return Statement(page), Statement(select(func.count()).select_from(table).where(*where))


_ANALYSIS = ANALYSES.find_by("id")
_UPDATE_ANALYSIS = ANALYSES.replace("project", "user", "created_at")
_ANALYSES = _newest(ANALYSES, analyses.c.project == bindparam("project"))
_GENERATION = GENERATIONS.find_by("id")
_UPDATE_GENERATION = GENERATIONS.replace("project", "user", "created_at")
_UNFINISHED = Statement(
    GENERATIONS.select.where(text("status IN ('queued', 'processing')")).order_by(
        generations.c.created_at, generations.c.id
    )
)
_TAKE = TAKES.find_by("id")
_SHOWN = or_(takes.c.draft == false(), takes.c.user == bindparam("reader"))
_TAKES = _newest(TAKES, takes.c.project == bindparam("project"), _SHOWN)
_TAKES_OF_PART = _newest(
    TAKES, takes.c.project == bindparam("project"), takes.c.part == bindparam("part"), _SHOWN
)
_PUBLISH = Statement(update(takes).where(takes.c.id == bindparam("key")).values(draft=false()))
_ASSET = ASSETS.find_by("id")
_UPDATE_ASSET = ASSETS.replace("project", "owner", "created_at")
_OF_RECIPE = Statement(
    ASSETS.select.where(
        assets.c.recipe >= bindparam("prefix"), assets.c.recipe < bindparam("beyond")
    ).order_by(assets.c.created_at, assets.c.id)
)
_STORED = Statement(
    select(func.sum(assets.c.size), func.count()).where(
        assets.c.owner == bindparam("owner"),
        assets.c.kind == "upload",
        assets.c.blob.is_not(None),
    )
)
_REFERENCED = Statement(select(assets.c.id).where(assets.c.blob == bindparam("blob")).limit(1))
_EXPORT = EXPORTS.find_by("id")
_UPDATE_EXPORT = EXPORTS.replace("project", "user", "created_at")


class Work:
    """`WorkRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert_analysis(self, record: AnalysisRecord) -> None:
        self._insert(ANALYSES, record, "analysis")

    def update_analysis(self, record: AnalysisRecord) -> None:
        self._update(_UPDATE_ANALYSIS, ANALYSES.encode(record), "analysis")

    def analysis(self, analysis: AnalysisId) -> AnalysisRecord | None:
        return ANALYSES.maybe(self._connection.first(_ANALYSIS, id=analysis))

    def analyses(
        self, access: Access, *, limit: int, offset: int
    ) -> tuple[list[AnalysisRecord], int]:
        return self._page(ANALYSES, _ANALYSES, limit, offset, project=access.project)

    def insert_generation(self, record: GenerationRecord) -> None:
        self._insert(GENERATIONS, record, "generation")

    def update_generation(self, record: GenerationRecord) -> None:
        self._update(_UPDATE_GENERATION, GENERATIONS.encode(record), "generation")

    def generation(self, generation: GenerationId) -> GenerationRecord | None:
        return GENERATIONS.maybe(self._connection.first(_GENERATION, id=generation))

    def unfinished_generations(self) -> list[GenerationRecord]:
        return [GENERATIONS.decode(row) for row in self._connection.all(_UNFINISHED)]

    def insert_take(self, take: Take) -> None:
        self._insert(TAKES, take, "take")

    def take(self, take: TakeId) -> Take | None:
        return TAKES.maybe(self._connection.first(_TAKE, id=take))

    def takes(
        self, access: Access, *, part: str | None, limit: int, offset: int
    ) -> tuple[list[Take], int]:
        if part is None:
            return self._page(
                TAKES, _TAKES, limit, offset, project=access.project, reader=access.user
            )
        return self._page(
            TAKES, _TAKES_OF_PART, limit, offset,
            project=access.project, reader=access.user, part=part,
        )  # fmt: skip

    def publish_take(self, take: TakeId) -> None:
        if self._connection.run(_PUBLISH, key=take) == 0:
            raise NotFound("take")

    def insert_asset(self, asset: Asset) -> None:
        self._insert(ASSETS, asset, "asset")

    def update_asset(self, asset: Asset) -> None:
        self._update(_UPDATE_ASSET, ASSETS.encode(asset), "asset")

    def asset(self, asset: AssetId) -> Asset | None:
        return ASSETS.maybe(self._connection.first(_ASSET, id=asset))

    def assets_of_recipe(self, prefix: str) -> list[Asset]:
        beyond = prefix + _LAST_CHARACTER
        rows = self._connection.all(_OF_RECIPE, prefix=prefix, beyond=beyond)
        return [ASSETS.decode(row) for row in rows]

    def stored_bytes(self, user: UserId) -> tuple[int, int]:
        size, files = self._connection.all(_STORED, owner=user)[0]
        return int(size or 0), files

    def blob_is_referenced(self, blob: str) -> bool:
        return self._connection.first(_REFERENCED, blob=blob) is not None

    def insert_export(self, record: ExportRecord) -> None:
        self._insert(EXPORTS, record, "export")

    def update_export(self, record: ExportRecord) -> None:
        self._update(_UPDATE_EXPORT, EXPORTS.encode(record), "export")

    def export(self, export: ExportId) -> ExportRecord | None:
        return EXPORTS.maybe(self._connection.first(_EXPORT, id=export))

    def _insert(self, shape: Shape[R], record: R, what: str) -> None:
        if not shape.add(self._connection, record):
            raise Conflict(f"There is an {what} with this id.")

    def _update(self, statement: Statement, row: dict[str, Value], what: str) -> None:
        if self._connection.run(statement, **row, key=row["id"]) == 0:
            raise NotFound(what)

    def _page(
        self,
        shape: Shape[R],
        statements: tuple[Statement, Statement],
        limit: int,
        offset: int,
        **wanted: Value,
    ) -> tuple[list[R], int]:
        page, count = statements
        rows = self._connection.all(page, limit=limit, offset=offset, **wanted)
        total = self._connection.all(count, **wanted)[0][0]
        return [shape.decode(row) for row in rows], total
