"""What became of messages that were passed on, as it was shown, and what customers think of how they were helped"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("relay", sa.Column("shown", sa.String(length=16), nullable=True))
    op.add_column("relay", sa.Column("news_at", sa.Double(), nullable=True))
    op.create_index(
        "ix_relay_news",
        "relay",
        ["news_at"],
        sqlite_where=sa.text("news_at IS NOT NULL"),
        postgresql_where=sa.text("news_at IS NOT NULL"),
    )
    op.create_table(
        "rating",
        sa.Column("case_id", sa.String(length=48), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_rating")),
    )
