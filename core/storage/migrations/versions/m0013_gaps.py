"""Questions that were not answered, or not well, and the clusters that they are sorted into"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("looked_up", sa.Text(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=True),
        sa.Column("thumb_down", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.String(length=48), nullable=True),
        sa.Column("nearest", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("cluster_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_gap")),
    )
    for column in ("conversation_id", "case_id", "cluster_id"):
        op.create_index(op.f(f"ix_gap_{column}"), "gap", [column])
    op.create_table(
        "gap_cluster",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_cluster")),
    )
