"""The first schema.

Revision ID: 0001
"""

from alembic import op
from sqlalchemy import (
    REAL as SQLITE_REAL,
)
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORDS = Text().with_variant(Text(collation="C"), "postgresql")
WHOLE = BigInteger().with_variant(Integer(), "sqlite")
REAL: TypeEngine[float] = Double().with_variant(SQLITE_REAL(), "sqlite")
FLAG = Boolean().with_variant(Integer(), "sqlite")
RAW = LargeBinary()
TABLES = (
    "events",
    "takes",
    "sessions",
    "refresh_tokens",
    "jobs",
    "invitations",
    "generations",
    "exports",
    "collaborators",
    "assets",
    "analyses",
    "refresh_families",
    "projects",
    "one_time_tokens",
    "answers",
    "users",
    "quotas",
    "audit",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        Column("n", WHOLE, autoincrement=True, nullable=False),
        Column("at", REAL, nullable=False),
        Column("actor", WORDS, nullable=True),
        Column("door", WORDS, nullable=False),
        Column("source", WORDS, nullable=False),
        Column("action", WORDS, nullable=False),
        Column("subject", WORDS, nullable=False),
        Column("result", WORDS, nullable=False),
        Column("correlation", WORDS, nullable=False),
        Column("detail", WORDS, nullable=False),
        PrimaryKeyConstraint("n", name="pk_audit"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "quotas",
        Column("name", WORDS, nullable=False),
        Column("counters", RAW, nullable=False),
        PrimaryKeyConstraint("name", name="pk_quotas"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        Column("id", WORDS, nullable=False),
        Column("username", WORDS, nullable=False),
        Column("username_key", WORDS, nullable=False),
        Column("email", WORDS, nullable=False),
        Column("email_key", WORDS, nullable=False),
        Column("display_name", WORDS, nullable=True),
        Column("password_hash", WORDS, nullable=True),
        Column("tier", WORDS, nullable=False),
        Column("email_verified", FLAG, nullable=False),
        Column("accessibility_settings", WORDS, nullable=False),
        Column("total_generations", WHOLE, nullable=False),
        Column("monthly_generations", WHOLE, nullable=False),
        Column("generations_month", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        PrimaryKeyConstraint("id", name="pk_users"),
        UniqueConstraint("email_key", name="uq_users_email_key"),
        UniqueConstraint("username_key", name="uq_users_username_key"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "answers",
        Column("user", WORDS, nullable=False),
        Column("command", WORDS, nullable=False),
        Column("body_hash", WORDS, nullable=False),
        Column("body", RAW, nullable=False),
        Column("created_at", REAL, nullable=False),
        ForeignKeyConstraint(["user"], ["users.id"], name="fk_answers_user", ondelete="CASCADE"),
        PrimaryKeyConstraint("user", "command", name="pk_answers"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answers_created_at", "answers", ["created_at"], unique=False)
    op.create_table(
        "one_time_tokens",
        Column("hash", WORDS, nullable=False),
        Column("purpose", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("expires_at", REAL, nullable=False),
        Column("used_at", REAL, nullable=True),
        ForeignKeyConstraint(
            ["user"], ["users.id"], name="fk_one_time_tokens_user", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("hash", name="pk_one_time_tokens"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_one_time_tokens_user", "one_time_tokens", ["user"], unique=False)
    op.create_table(
        "projects",
        Column("id", WORDS, nullable=False),
        Column("owner", WORDS, nullable=False),
        Column("name", WORDS, nullable=False),
        Column("description", WORDS, nullable=True),
        Column("is_public", FLAG, nullable=False),
        Column("version", WHOLE, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("updated_at", REAL, nullable=False),
        Column("last_accessed_at", REAL, nullable=False),
        Column("search_key", WORDS, nullable=False),
        ForeignKeyConstraint(["owner"], ["users.id"], name="fk_projects_owner", ondelete="CASCADE"),
        PrimaryKeyConstraint("id", name="pk_projects"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_projects_owner", "projects", ["owner"], unique=False)
    op.create_table(
        "refresh_families",
        Column("id", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("client", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("last_used_at", REAL, nullable=False),
        Column("expires_at", REAL, nullable=False),
        Column("ended_at", REAL, nullable=True),
        Column("end_reason", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["user"], ["users.id"], name="fk_refresh_families_user", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_refresh_families"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_refresh_families_user", "refresh_families", ["user"], unique=False)
    op.create_table(
        "analyses",
        Column("id", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("asset", WORDS, nullable=False),
        Column("depth", WORDS, nullable=False),
        Column("features", RAW, nullable=False),
        Column("status", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("processing_time_ms", WHOLE, nullable=True),
        Column("result", RAW, nullable=True),
        Column("error", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_analyses_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_analyses"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        "ix_analyses_project_analyses_created_at_analyses_id",
        "analyses",
        ["project", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "assets",
        Column("id", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("owner", WORDS, nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("name", WORDS, nullable=False),
        Column("media_type", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("blob", WORDS, nullable=True),
        Column("size", WHOLE, nullable=True),
        Column("recipe", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_assets_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_assets"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_assets_blob", "assets", ["blob"], unique=False)
    op.create_index("ix_assets_owner", "assets", ["owner"], unique=False)
    op.create_index("ix_assets_project", "assets", ["project"], unique=False)
    op.create_index("ix_assets_recipe", "assets", ["recipe"], unique=False)
    op.create_table(
        "collaborators",
        Column("project", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("permissions", WORDS, nullable=False),
        Column("joined_at", REAL, nullable=False),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_collaborators_project", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["user"], ["users.id"], name="fk_collaborators_user", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("project", "user", name="pk_collaborators"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_collaborators_user", "collaborators", ["user"], unique=False)
    op.create_table(
        "exports",
        Column("id", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("format", WORDS, nullable=False),
        Column("options", RAW, nullable=False),
        Column("status", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("estimated_completion", REAL, nullable=False),
        Column("asset", WORDS, nullable=True),
        Column("error", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_exports_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_exports"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_exports_project", "exports", ["project"], unique=False)
    op.create_table(
        "generations",
        Column("id", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("engine", WORDS, nullable=False),
        Column("part", WORDS, nullable=False),
        Column("quality_target", WORDS, nullable=False),
        Column("status", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("run", RAW, nullable=False),
        Column("parameters_used", RAW, nullable=False),
        Column("take", WORDS, nullable=True),
        Column("parent_take", WORDS, nullable=True),
        Column("progress", REAL, nullable=False),
        Column("confidence", REAL, nullable=True),
        Column("generation_time_ms", WHOLE, nullable=True),
        Column("error", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_generations_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_generations"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_generations_project", "generations", ["project"], unique=False)
    op.create_index(
        "ix_generations_unfinished",
        "generations",
        ["created_at", "id"],
        unique=False,
        sqlite_where=text("status IN ('queued', 'processing')"),
        postgresql_where=text("status IN ('queued', 'processing')"),
    )
    op.create_table(
        "invitations",
        Column("id", WORDS, nullable=False),
        Column("token_hash", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("inviter", WORDS, nullable=False),
        Column("email_key", WORDS, nullable=False),
        Column("permissions", WORDS, nullable=False),
        Column("message", WORDS, nullable=True),
        Column("created_at", REAL, nullable=False),
        Column("expires_at", REAL, nullable=False),
        Column("accepted_at", REAL, nullable=True),
        ForeignKeyConstraint(
            ["inviter"], ["users.id"], name="fk_invitations_inviter", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_invitations_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_invitations"),
        UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_invitations_inviter", "invitations", ["inviter"], unique=False)
    op.create_index("ix_invitations_project", "invitations", ["project"], unique=False)
    op.create_table(
        "jobs",
        Column("id", WORDS, nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("subject", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("state", WORDS, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("attempt", WHOLE, nullable=False),
        Column("fence", WHOLE, nullable=False),
        Column("lease_until", REAL, nullable=True),
        Column("worker", WORDS, nullable=True),
        Column("progress", REAL, nullable=False),
        Column("cancel_requested", FLAG, nullable=False),
        Column("error", WORDS, nullable=True),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_jobs_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_jobs"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["created_at", "id"],
        unique=False,
        sqlite_where=text("state IN ('queued', 'processing')"),
        postgresql_where=text("state IN ('queued', 'processing')"),
    )
    op.create_index("ix_jobs_project", "jobs", ["project"], unique=False)
    op.create_index("ix_jobs_subject", "jobs", ["subject"], unique=False)
    op.create_table(
        "refresh_tokens",
        Column("hash", WORDS, nullable=False),
        Column("family", WORDS, nullable=False),
        Column("parent", WORDS, nullable=True),
        Column("created_at", REAL, nullable=False),
        Column("expires_at", REAL, nullable=False),
        Column("used_at", REAL, nullable=True),
        ForeignKeyConstraint(
            ["family"], ["refresh_families.id"], name="fk_refresh_tokens_family", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("hash", name="pk_refresh_tokens"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"], unique=False)
    op.create_index("ix_refresh_tokens_parent", "refresh_tokens", ["parent"], unique=False)
    op.create_table(
        "sessions",
        Column("id", WORDS, nullable=False),
        Column("epoch", WORDS, nullable=False),
        Column("seq", WHOLE, nullable=False),
        Column("state_seq", WHOLE, nullable=False),
        Column("state", RAW, nullable=False),
        ForeignKeyConstraint(["id"], ["projects.id"], name="fk_sessions_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("id", name="pk_sessions"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "takes",
        Column("id", WORDS, nullable=False),
        Column("project", WORDS, nullable=False),
        Column("part", WORDS, nullable=False),
        Column("user", WORDS, nullable=False),
        Column("recipe", RAW, nullable=False),
        Column("context", RAW, nullable=False),
        Column("notes", RAW, nullable=False),
        Column("bars", WHOLE, nullable=False),
        Column("created_at", REAL, nullable=False),
        Column("generation", WORDS, nullable=True),
        Column("parent", WORDS, nullable=True),
        Column("confidence", REAL, nullable=False),
        ForeignKeyConstraint(
            ["project"], ["projects.id"], name="fk_takes_project", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_takes"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        "ix_takes_project_takes_created_at_takes_id",
        "takes",
        ["project", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_takes_project_takes_part_takes_created_at_takes_id",
        "takes",
        ["project", "part", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "events",
        Column("session", WORDS, nullable=False),
        Column("seq", WHOLE, autoincrement=False, nullable=False),
        Column("epoch", WORDS, nullable=False),
        Column("at", REAL, nullable=False),
        Column("user", WORDS, nullable=True),
        Column("cause", WORDS, nullable=True),
        Column("body", RAW, nullable=False),
        ForeignKeyConstraint(
            ["session"], ["sessions.id"], name="fk_events_session", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("session", "seq", name="pk_events"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
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
