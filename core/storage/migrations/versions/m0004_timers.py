"""What is to be done about a case when a time has come"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "desk_timer",
        sa.Column("case_id", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("set_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_desk_timer")),
    )
    op.create_index(op.f("ix_desk_timer_conversation_id"), "desk_timer", ["conversation_id"])
    op.create_index(op.f("ix_desk_timer_due_at"), "desk_timer", ["due_at"])
