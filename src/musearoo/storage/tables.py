"""The tables: one per kind of record, columns named as the record's fields.

Text sorts by bytes on both databases (collation "C"), so that lists come in the same
order everywhere. SQLite tables are STRICT: a value of the wrong type is an error there too.
"""

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

Words = Text().with_variant(Text(collation="C"), "postgresql")
Whole = BigInteger().with_variant(Integer(), "sqlite")
Real: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
Flag = Boolean().with_variant(Integer(), "sqlite")
Raw = LargeBinary()

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: Column[Any] | Index, clustered: bool = False) -> Table:
    """A table; `clustered` keeps its rows in primary key order (SQLite's WITHOUT ROWID)."""
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=not clustered)


def _key(name: str = "id") -> Column[str]:
    return Column(name, Words, primary_key=True)


def _words(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Words, nullable=null)


def _whole(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Whole, nullable=null)


def _real(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Real, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Flag, nullable=False)


def _added_flag(name: str) -> Column[bool]:
    return Column(name, Flag, nullable=False, server_default=false())


def _raw(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, Raw, nullable=null)


def _belongs(name: str, parent: str, *, key: bool = False) -> Column[str]:
    """A reference to a row that takes this one along when it is deleted."""
    return Column(
        name,
        Words,
        ForeignKey(parent, ondelete="CASCADE"),
        primary_key=key,
        nullable=False,
    )


users = _table(
    "users",
    _key(),
    _words("username"),
    Column("username_key", Words, nullable=False, unique=True),
    _words("email"),
    Column("email_key", Words, nullable=False, unique=True),
    _words("display_name", null=True),
    _words("password_hash", null=True),
    _words("tier"),
    _flag("email_verified"),
    _words("accessibility_settings"),
    _whole("total_generations"),
    _whole("monthly_generations"),
    _words("generations_month"),
    _real("created_at"),
)

refresh_families = _table(
    "refresh_families",
    _key(),
    _belongs("user", "users.id"),
    _words("client"),
    _real("created_at"),
    _real("last_used_at"),
    _real("expires_at"),
    _real("ended_at", null=True),
    _words("end_reason", null=True),
    Index(None, "user"),
)

refresh_tokens = _table(
    "refresh_tokens",
    _key("hash"),
    _belongs("family", "refresh_families.id"),
    _words("parent", null=True),
    _real("created_at"),
    _real("expires_at"),
    _real("used_at", null=True),
    Index(None, "family"),
    Index(None, "parent"),
)

one_time_tokens = _table(
    "one_time_tokens",
    _key("hash"),
    _words("purpose"),
    _belongs("user", "users.id"),
    _real("expires_at"),
    _real("used_at", null=True),
    Index(None, "user"),
)

projects = _table(
    "projects",
    _key(),
    _belongs("owner", "users.id"),
    _words("name"),
    _words("description", null=True),
    _flag("is_public"),
    _whole("version"),
    _real("created_at"),
    _real("updated_at"),
    _real("last_accessed_at"),
    _words("search_key"),  # folded name and description
    Index(None, "owner"),
)

collaborators = _table(
    "collaborators",
    _belongs("project", "projects.id", key=True),
    _belongs("user", "users.id", key=True),
    _words("permissions"),
    _real("joined_at"),
    Index(None, "user"),
    clustered=True,
)

invitations = _table(
    "invitations",
    _key(),
    Column("token_hash", Words, nullable=False, unique=True),
    _belongs("project", "projects.id"),
    _belongs("inviter", "users.id"),
    _words("email_key"),
    _words("permissions"),
    _words("message", null=True),
    _real("created_at"),
    _real("expires_at"),
    _real("accepted_at", null=True),
    Index(None, "project"),
    Index(None, "inviter"),
)

sessions = _table(
    "sessions",
    _belongs("id", "projects.id", key=True),
    _words("epoch"),
    _whole("seq"),
    _whole("state_seq"),
    _raw("state"),
)

events = _table(
    "events",
    _belongs("session", "sessions.id", key=True),
    Column("seq", Whole, primary_key=True, autoincrement=False),
    _words("epoch"),
    _real("at"),
    _words("user", null=True),
    _words("cause", null=True),
    _raw("body"),
    clustered=True,
)

# Who made a thing is kept as plain text: it stays with the project when its maker leaves.

assets = _table(
    "assets",
    _key(),
    _belongs("project", "projects.id"),
    _words("owner"),
    _words("kind"),
    _words("name"),
    _words("media_type"),
    _real("created_at"),
    _words("blob", null=True),
    _whole("size", null=True),
    _words("recipe", null=True),
    Index(None, "project"),
    Index(None, "owner"),
    Index(None, "blob"),
    Index(None, "recipe"),
)

analyses = _table(
    "analyses",
    _key(),
    _belongs("project", "projects.id"),
    _words("user"),
    _words("asset"),
    _words("depth"),
    _raw("features"),
    _words("status"),
    _real("created_at"),
    _whole("processing_time_ms", null=True),
    _raw("result", null=True),
    _words("error", null=True),
    Index(None, "project", "created_at", "id"),
)

generations = _table(
    "generations",
    _key(),
    _belongs("project", "projects.id"),
    _words("user"),
    _words("engine"),
    _words("part"),
    _words("quality_target"),
    _words("status"),
    _real("created_at"),
    _raw("run"),
    _raw("parameters_used"),
    _words("take", null=True),
    _words("parent_take", null=True),
    _real("progress"),
    _real("confidence", null=True),
    _whole("generation_time_ms", null=True),
    _words("error", null=True),
    _raw("stages", null=True),
    _added_flag("draft"),
    Index(None, "project"),
    Index(
        "ix_generations_unfinished",
        "created_at",
        "id",
        sqlite_where=text("status IN ('queued', 'processing')"),
        postgresql_where=text("status IN ('queued', 'processing')"),
    ),
)

takes = _table(
    "takes",
    _key(),
    _belongs("project", "projects.id"),
    _words("part"),
    _words("user"),
    _raw("recipe"),
    _raw("context"),
    _raw("notes"),
    _whole("bars"),
    _real("created_at"),
    _words("generation", null=True),
    _words("parent", null=True),
    _real("confidence"),
    _added_flag("draft"),
    Index(None, "project", "created_at", "id"),
    Index(None, "project", "part", "created_at", "id"),
)

exports = _table(
    "exports",
    _key(),
    _belongs("project", "projects.id"),
    _words("user"),
    _words("format"),
    _raw("options"),
    _words("status"),
    _real("created_at"),
    _real("estimated_completion"),
    _words("asset", null=True),
    _words("error", null=True),
    Index(None, "project"),
)

jobs = _table(
    "jobs",
    _key(),
    _words("kind"),
    _words("subject"),
    _belongs("project", "projects.id"),
    _words("user"),
    _words("state"),
    _real("created_at"),
    _whole("attempt"),
    _whole("fence"),
    _real("lease_until", null=True),
    _words("worker", null=True),
    _real("progress"),
    _flag("cancel_requested"),
    _words("error", null=True),
    Index(None, "subject"),
    Index(None, "project"),
    # Claims look at open jobs only, so finished ones cost them nothing.
    Index(
        "ix_jobs_open",
        "created_at",
        "id",
        sqlite_where=text("state IN ('queued', 'processing')"),
        postgresql_where=text("state IN ('queued', 'processing')"),
    ),
)

# No reference leaves this table: its rows outlive whatever they speak of.
audit = _table(
    "audit",
    Column("n", Whole, primary_key=True, autoincrement=True),
    _real("at"),
    _words("actor", null=True),
    _words("door"),
    _words("source"),
    _words("action"),
    _words("subject"),
    _words("result"),
    _words("correlation"),
    _words("detail"),
)

answers = _table(
    "answers",
    _belongs("user", "users.id", key=True),
    _key("command"),
    _words("body_hash"),
    _raw("body"),
    _real("created_at"),
    Index(None, "created_at"),
    clustered=True,
)

quotas = _table("quotas", _key("name"), _raw("counters"), clustered=True)
