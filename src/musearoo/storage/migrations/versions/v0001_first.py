"""The first schema.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL: TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "events", "takes", "sessions", "refresh_tokens", "jobs", "invitations", "generations",
    "exports", "collaborators", "assets", "analyses", "refresh_families", "projects",
    "one_time_tokens", "answers", "users", "quotas", "audit",
)  # fmt: skip


def words(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, WORDS, nullable=null)


def whole(name: str, *, null: bool = False, autoincrement: bool = False) -> Column[int]:
    return Column(name, WHOLE, nullable=null, autoincrement=autoincrement)


def real(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, REAL, nullable=null)


def flag(name: str) -> Column[bool]:
    return Column(name, FLAG, nullable=False)


def raw(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, sa.LargeBinary(), nullable=null)


def table(
    name: str,
    *columns: Column[Any],
    key: tuple[str, ...],
    parents: dict[str, str] | None = None,
    unique: tuple[str, ...] = (),
    clustered: bool = False,
) -> None:
    references = [
        sa.ForeignKeyConstraint([child], [parent], name=f"fk_{name}_{child}", ondelete="CASCADE")
        for child, parent in (parents or {}).items()
    ]
    op.create_table(
        name,
        *columns,
        *references,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *(sa.UniqueConstraint(column, name=f"uq_{name}_{column}") for column in unique),
        sqlite_strict=True,
        sqlite_with_rowid=not clustered,
    )


def index(name: str, on: str, columns: list[str], *, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, on, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    table(
        "audit",
        whole("n", autoincrement=True),
        real("at"),
        words("actor", null=True),
        words("door"),
        words("source"),
        words("action"),
        words("subject"),
        words("result"),
        words("correlation"),
        words("detail"),
        key=("n",),
    )
    table(
        "quotas",
        words("name"),
        raw("counters"),
        key=("name",),
        clustered=True,
    )
    table(
        "users",
        words("id"),
        words("username"),
        words("username_key"),
        words("email"),
        words("email_key"),
        words("display_name", null=True),
        words("password_hash", null=True),
        words("tier"),
        flag("email_verified"),
        words("accessibility_settings"),
        whole("total_generations"),
        whole("monthly_generations"),
        words("generations_month"),
        real("created_at"),
        key=("id",),
        unique=("username_key", "email_key"),
    )
    table(
        "answers",
        words("user"),
        words("command"),
        words("body_hash"),
        raw("body"),
        real("created_at"),
        key=("user", "command"),
        parents={"user": "users.id"},
        clustered=True,
    )
    index("ix_answers_created_at", "answers", ["created_at"])
    table(
        "one_time_tokens",
        words("hash"),
        words("purpose"),
        words("user"),
        real("expires_at"),
        real("used_at", null=True),
        key=("hash",),
        parents={"user": "users.id"},
    )
    index("ix_one_time_tokens_user", "one_time_tokens", ["user"])
    table(
        "projects",
        words("id"),
        words("owner"),
        words("name"),
        words("description", null=True),
        flag("is_public"),
        whole("version"),
        real("created_at"),
        real("updated_at"),
        real("last_accessed_at"),
        words("search_key"),
        key=("id",),
        parents={"owner": "users.id"},
    )
    index("ix_projects_owner", "projects", ["owner"])
    table(
        "refresh_families",
        words("id"),
        words("user"),
        words("client"),
        real("created_at"),
        real("last_used_at"),
        real("expires_at"),
        real("ended_at", null=True),
        words("end_reason", null=True),
        key=("id",),
        parents={"user": "users.id"},
    )
    index("ix_refresh_families_user", "refresh_families", ["user"])
    table(
        "analyses",
        words("id"),
        words("project"),
        words("user"),
        words("asset"),
        words("depth"),
        raw("features"),
        words("status"),
        real("created_at"),
        whole("processing_time_ms", null=True),
        raw("result", null=True),
        words("error", null=True),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index(
        "ix_analyses_project_analyses_created_at_analyses_id",
        "analyses",
        ["project", "created_at", "id"],
    )
    table(
        "assets",
        words("id"),
        words("project"),
        words("owner"),
        words("kind"),
        words("name"),
        words("media_type"),
        real("created_at"),
        words("blob", null=True),
        whole("size", null=True),
        words("recipe", null=True),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index("ix_assets_blob", "assets", ["blob"])
    index("ix_assets_owner", "assets", ["owner"])
    index("ix_assets_project", "assets", ["project"])
    index("ix_assets_recipe", "assets", ["recipe"])
    table(
        "collaborators",
        words("project"),
        words("user"),
        words("permissions"),
        real("joined_at"),
        key=("project", "user"),
        parents={"project": "projects.id", "user": "users.id"},
        clustered=True,
    )
    index("ix_collaborators_user", "collaborators", ["user"])
    table(
        "exports",
        words("id"),
        words("project"),
        words("user"),
        words("format"),
        raw("options"),
        words("status"),
        real("created_at"),
        real("estimated_completion"),
        words("asset", null=True),
        words("error", null=True),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index("ix_exports_project", "exports", ["project"])
    table(
        "generations",
        words("id"),
        words("project"),
        words("user"),
        words("engine"),
        words("part"),
        words("quality_target"),
        words("status"),
        real("created_at"),
        raw("run"),
        raw("parameters_used"),
        words("take", null=True),
        words("parent_take", null=True),
        real("progress"),
        real("confidence", null=True),
        whole("generation_time_ms", null=True),
        words("error", null=True),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index("ix_generations_project", "generations", ["project"])
    index(
        "ix_generations_unfinished",
        "generations",
        ["created_at", "id"],
        where="status IN ('queued', 'processing')",
    )
    table(
        "invitations",
        words("id"),
        words("token_hash"),
        words("project"),
        words("inviter"),
        words("email_key"),
        words("permissions"),
        words("message", null=True),
        real("created_at"),
        real("expires_at"),
        real("accepted_at", null=True),
        key=("id",),
        parents={"project": "projects.id", "inviter": "users.id"},
        unique=("token_hash",),
    )
    index("ix_invitations_inviter", "invitations", ["inviter"])
    index("ix_invitations_project", "invitations", ["project"])
    table(
        "jobs",
        words("id"),
        words("kind"),
        words("subject"),
        words("project"),
        words("user"),
        words("state"),
        real("created_at"),
        whole("attempt"),
        whole("fence"),
        real("lease_until", null=True),
        words("worker", null=True),
        real("progress"),
        flag("cancel_requested"),
        words("error", null=True),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index("ix_jobs_open", "jobs", ["created_at", "id"], where="state IN ('queued', 'processing')")
    index("ix_jobs_project", "jobs", ["project"])
    index("ix_jobs_subject", "jobs", ["subject"])
    table(
        "refresh_tokens",
        words("hash"),
        words("family"),
        words("parent", null=True),
        real("created_at"),
        real("expires_at"),
        real("used_at", null=True),
        key=("hash",),
        parents={"family": "refresh_families.id"},
    )
    index("ix_refresh_tokens_family", "refresh_tokens", ["family"])
    index("ix_refresh_tokens_parent", "refresh_tokens", ["parent"])
    table(
        "sessions",
        words("id"),
        words("epoch"),
        whole("seq"),
        whole("state_seq"),
        raw("state"),
        key=("id",),
        parents={"id": "projects.id"},
    )
    table(
        "takes",
        words("id"),
        words("project"),
        words("part"),
        words("user"),
        raw("recipe"),
        raw("context"),
        raw("notes"),
        whole("bars"),
        real("created_at"),
        words("generation", null=True),
        words("parent", null=True),
        real("confidence"),
        key=("id",),
        parents={"project": "projects.id"},
    )
    index("ix_takes_project_takes_created_at_takes_id", "takes", ["project", "created_at", "id"])
    index(
        "ix_takes_project_takes_part_takes_created_at_takes_id",
        "takes",
        ["project", "part", "created_at", "id"],
    )
    table(
        "events",
        words("session"),
        whole("seq"),
        words("epoch"),
        real("at"),
        words("user", null=True),
        words("cause", null=True),
        raw("body"),
        key=("session", "seq"),
        parents={"session": "sessions.id"},
        clustered=True,
    )
    _seal_audit()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_sealed()")


def _seal_audit() -> None:
    """Refuse to change or delete audit rows."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_sealed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit rows are never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_sealed()"
    )
