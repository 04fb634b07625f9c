"""What became of a message on its way out, asked from the message's side."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, select

from core.domain.delivery import DeliveryStatus
from core.storage.tables import message, outbox


def never_came() -> ColumnElement[bool]:
    """Whether a row of ``message`` was withheld, or could not be delivered and certainly did not arrive."""
    lost = (outbox.c.status == DeliveryStatus.DEAD) & ~outbox.c.uncertain
    withheld = outbox.c.status == DeliveryStatus.WITHHELD
    return select(outbox.c.id).where(outbox.c.dedupe == _key(), withheld | lost).exists()


def delivery_ended(*statuses: DeliveryStatus) -> ColumnElement[bool]:
    """Whether the delivery of a row of ``message`` ended so. By the unique key, because that is the one with an index."""
    return select(outbox.c.id).where(outbox.c.dedupe == _key(), outbox.c.status.in_(statuses)).exists()


def _key() -> ColumnElement[str]:
    return message.c.conversation_id + ":" + cast(message.c.seq, String)
