"""Which customers staff have blocked: by whom, why and when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("customer", sa.Column("blocked", sa.Text(), nullable=True))
