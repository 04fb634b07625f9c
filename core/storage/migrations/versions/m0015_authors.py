"""Who wrote a message, and whether others read along; without it, who wrote is the conversation's customer, in private"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("message", sa.Column("customer_id", sa.String(length=64), nullable=True))
    op.add_column("conversation", sa.Column("shared", sa.String(length=16), nullable=True))
