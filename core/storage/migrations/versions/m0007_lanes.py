"""Lanes whose credentials are refused, so that nothing that waits for them is given up; and a column that nobody read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "lane",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("tried_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", name=op.f("pk_lane")),
    )
    with op.batch_alter_table("relay", schema=None) as batch_op:
        batch_op.drop_column("conversation_id")
