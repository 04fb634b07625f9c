"""What an erased customer has is found without reading whole tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_WHOLE = (("inbound_event", "conversation_id"), ("outbox", "conversation_id"), ("attachment", "storage_key"))
_PARTIAL = (
    ("ix_message_customer_id", "message", "customer_id", "customer_id IS NOT NULL"),
    ("ix_conversation_of_staff", "conversation", "thread", "audience = 'staff'"),
)


def upgrade() -> None:
    for table, column in _WHOLE:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    for name, table, column, where in _PARTIAL:
        op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
