"""Records to rows and back."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Table, bindparam, insert, select, update

from musearoo.domain.engine import ParameterValue, Recipe
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import Stages
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import Permission, Tier
from musearoo.domain.records import (
    AnalysisRecord,
    Answer,
    Asset,
    AuditEntry,
    Collaborator,
    ExportRecord,
    GenerationRecord,
    Invitation,
    Job,
    OneTimeToken,
    Project,
    RefreshFamily,
    RefreshToken,
    SessionRecord,
    StoredEvent,
    Take,
    User,
)
from musearoo.storage import tables
from musearoo.storage.statement import Connection, Row, Statement, Value

R = TypeVar("R", bound=msgspec.Struct)


class Codec(msgspec.Struct, frozen=True):
    """How one field lies in its column."""

    encode: Callable[[Any], Value]
    decode: Callable[[Any], object]


def packed(kind: Any) -> Codec:
    """A nested value as MessagePack."""
    encoder, decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(kind)

    def encode(value: object) -> bytes:
        try:
            return encoder.encode(value)
        except UnicodeEncodeError:
            raise InvalidValue("text", value, "valid Unicode text") from None
        except OverflowError:
            raise InvalidValue("number", value, "an integer of at most 64 bits") from None

    return Codec(encode, decoder.decode)


def or_default(codec: Codec, default: object) -> Codec:
    """NULL, as rows have it that are older than the column, is the default."""
    return Codec(codec.encode, lambda value: default if value is None else codec.decode(value))


def _join(permissions: Iterable[Permission]) -> str:
    return ",".join(sorted(permissions))


def permissions_of(text: str) -> frozenset[Permission]:
    """The set that a column of permissions holds."""
    return frozenset(Permission(word) for word in text.split(",") if word)


PERMISSIONS = Codec(_join, permissions_of)
FLAG = Codec(bool, bool)  # SQLite answers 0 and 1
TIER = Codec(str, Tier)


class Shape(Generic[R]):
    """One kind of record and its table; fields without a codec lie there as they are.

    `parent` names, for the refusal, what a row cannot be without.
    """

    def __init__(
        self, table: Table, record: type[R], *, parent: str = "record", **codecs: Codec
    ) -> None:
        self.table = table
        self.parent = parent
        self.fields = record.__struct_fields__
        self.columns = tuple(table.c[field] for field in self.fields)
        self.select = select(*self.columns)
        self._record = record
        self._codecs = codecs
        columns = [column.name for column in table.c if column.autoincrement is not True]
        self._insert = Statement(
            insert(table).inline(), columns=columns, suffix=" ON CONFLICT DO NOTHING", parent=parent
        )

    def encode(self, record: R) -> dict[str, Value]:
        """The parameters of a whole row."""
        row = {field: getattr(record, field) for field in self.fields}
        for name, codec in self._codecs.items():
            row[name] = codec.encode(row[name])
        return row

    def decode(self, row: Row) -> R:
        """The record of a row that `select` gave."""
        values = dict(zip(self.fields, row, strict=True))
        for name, codec in self._codecs.items():
            values[name] = codec.decode(values[name])
        return self._record(**values)

    def maybe(self, row: Row | None) -> R | None:
        """Like `decode`; None stays None."""
        return None if row is None else self.decode(row)

    def add(self, connection: Connection, record: R, **more: Value) -> bool:
        """Insert a row; False when one of its keys is taken."""
        return connection.run(self._insert, **self.encode(record), **more) == 1

    def add_all(self, connection: Connection, records: Sequence[R]) -> bool:
        """Insert rows; False when a key of any of them is taken."""
        added = connection.insert_many(self._insert, [self.encode(each) for each in records])
        return added == len(records)

    def find_by(self, *names: str) -> Statement:
        """Select by columns, from parameters of their names."""
        return Statement(
            self.select.where(*(self.table.c[name] == bindparam(name) for name in names))
        )

    def replace(self, *fixed: str, more: Sequence[str] = ()) -> Statement:
        """Set every field but `fixed` (and the columns `more`) where `key` is the id."""
        changed = [name for name in self.fields if name not in fixed and name != "id"]
        where = self.table.c.id == bindparam("key")
        return Statement(update(self.table).where(where), columns=[*changed, *more])


USERS = Shape(tables.users, User, tier=TIER, email_verified=FLAG)
FAMILIES = Shape(tables.refresh_families, RefreshFamily, parent="account")
REFRESH = Shape(tables.refresh_tokens, RefreshToken, parent="login")
ONE_TIME = Shape(tables.one_time_tokens, OneTimeToken, parent="account")
PROJECTS = Shape(tables.projects, Project, parent="account", is_public=FLAG)
COLLABORATORS = Shape(tables.collaborators, Collaborator, parent="project", permissions=PERMISSIONS)
INVITATIONS = Shape(tables.invitations, Invitation, parent="project", permissions=PERMISSIONS)
SESSIONS = Shape(tables.sessions, SessionRecord, parent="project")
EVENTS = Shape(tables.events, StoredEvent, parent="session")
ASSETS = Shape(tables.assets, Asset, parent="project")
ANALYSES = Shape(
    tables.analyses, AnalysisRecord, parent="project", features=packed(tuple[str, ...])
)
GENERATIONS = Shape(
    tables.generations,
    GenerationRecord,
    parent="project",
    parameters_used=packed(dict[str, ParameterValue]),
    stages=or_default(packed(Stages), Stages()),
    draft=FLAG,
)
TAKES = Shape(
    tables.takes,
    Take,
    parent="project",
    recipe=packed(Recipe),
    notes=packed(tuple[Note, ...]),
    draft=FLAG,
)
EXPORTS = Shape(tables.exports, ExportRecord, parent="project")
JOBS = Shape(tables.jobs, Job, parent="project", cancel_requested=FLAG)
AUDIT = Shape(tables.audit, AuditEntry)
ANSWERS = Shape(tables.answers, Answer, parent="account")
