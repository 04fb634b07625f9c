"""Who waits for a person is found by an index of the conversations that wait, which are few"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.create_index("ix_conversation_queued", "conversation", ["state"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
