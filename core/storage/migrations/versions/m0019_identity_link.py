"""Identities that a one-time code has proven to be the same person's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "identity_link",
        sa.Column("customer_id", sa.String(64), nullable=False),
        sa.Column("other_id", sa.String(64), nullable=False),
        sa.Column("linked_at", sa.Double(), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("unlinked_at", sa.Double(), nullable=True),
        sa.Column("unlinked_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "other_id", "linked_at", name="pk_identity_link"),
    )
    op.create_index("ix_identity_link_other_id", "identity_link", ["other_id"])
