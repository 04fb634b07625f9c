"""The values of a company's own fields are kept with the ticket"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("fields", sa.Text(), nullable=True))
