"""What channels remember is sorted by its letters' numbers, so that the keys of one kind are a range of the index

SQLite sorts so of its own accord. PostgreSQL sorts as the database's language does, in which ``begin/`` has no last key.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text('ALTER TABLE channel_memory ALTER COLUMN "key" TYPE text COLLATE "C"'))
