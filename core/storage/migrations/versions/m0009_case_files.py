"""Who changed the owner of a conversation, and which messages of staff's are notes of a case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("ownership_change", sa.Column("actor", sa.Text(), nullable=True))
    op.create_table(
        "desk_note",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=48), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_desk_note")),
    )
    op.create_index(op.f("ix_desk_note_case_id"), "desk_note", ["case_id"])
