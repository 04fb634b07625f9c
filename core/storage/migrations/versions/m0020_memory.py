"""What customers said of themselves, and running summaries of their conversations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_TO_REMEMBER = sa.text("remembered_seq < last_seq AND audience = 'customer' AND shared IS NULL")


def upgrade() -> None:
    op.add_column("customer", sa.Column("memory", sa.Text(), nullable=True))
    op.add_column("conversation", sa.Column("summary", sa.Text(), nullable=True))
    op.add_column("conversation", sa.Column("remembered_seq", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE conversation SET remembered_seq = last_seq"
    )  # what is old is no reason for a thousand model calls
    op.create_index(
        "ix_conversation_to_remember",
        "conversation",
        ["ready_at"],
        sqlite_where=_TO_REMEMBER,
        postgresql_where=_TO_REMEMBER,
    )
