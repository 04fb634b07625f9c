"""What became of a message on its way out, asked from the message's side."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, select

from core.domain.delivery import DeliveryStatus
from core.storage.tables import message, outbox


def delivery_ended(*statuses: DeliveryStatus) -> ColumnElement[bool]:
    """Whether the delivery of a row of ``message`` ended so. By the unique key, because that is the one with an index."""
    key = message.c.conversation_id + ":" + cast(message.c.seq, String)
    return select(outbox.c.id).where(outbox.c.dedupe == key, outbox.c.status.in_(statuses)).exists()
