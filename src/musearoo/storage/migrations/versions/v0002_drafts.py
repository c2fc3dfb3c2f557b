"""Drafts, and how long each stage of a generation took.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("generations", sa.Column("stages", sa.LargeBinary(), nullable=True))
    for table in ("generations", "takes"):
        op.add_column(table, sa.Column("draft", FLAG, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for table in ("takes", "generations"):
        op.drop_column(table, "draft")
    op.drop_column("generations", "stages")
