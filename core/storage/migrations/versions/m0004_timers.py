"""What is to be done about a case when a time has come"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


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
    with op.batch_alter_table("desk_timer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_timer_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_desk_timer_due_at"), ["due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("desk_timer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_timer_due_at"))
        batch_op.drop_index(batch_op.f("ix_desk_timer_conversation_id"))
    op.drop_table("desk_timer")
