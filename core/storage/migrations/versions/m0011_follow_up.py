"""Words that a customer has not seen on the page go to them by another road"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


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
    with op.batch_alter_table("road", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_road_channel_account_address"), ["channel", "account", "address"], unique=False
        )
    op.create_table(
        "contacted",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "address", name=op.f("pk_contacted")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("road", sa.Text(), nullable=True))
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("thread", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("address", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("address")
        batch_op.drop_column("thread")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_column("road")
    with op.batch_alter_table("road", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_road_channel_account_address"))
    for name in ("contacted", "road", "follow_up"):
        op.drop_table(name)
