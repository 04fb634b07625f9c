"""Words that a customer has not seen on the page go to them by another road"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("shown_cursor", sa.Integer(), nullable=False),
        sa.Column("followed_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_follow_up")),
    )
    op.create_table(
        "road",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "channel", "account", "thread", name=op.f("pk_road")),
    )
    op.create_index(op.f("ix_road_channel_account_address"), "road", ["channel", "account", "address"])
    op.create_table(
        "contacted",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "address", name=op.f("pk_contacted")),
    )
    op.add_column("conversation", sa.Column("road", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("thread", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("address", sa.Text(), nullable=True))
