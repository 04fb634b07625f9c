"""What has been decided to be said, and has not been said: it may yet be changed, taken back or withheld."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from core.domain.delivery import DeliveryStatus
from core.storage.delivered import BESIDE, delivery_key
from core.storage.tables import message, outbox, widget_event

_OF_IT = outbox.c.dedupe.in_([delivery_key(), delivery_key() + BESIDE])


def is_still_to_come() -> ColumnElement[bool]:
    """Whether a row of ``message`` waits to be sent, or is being sent, and has arrived on none of its routes.

    Rows of what was sent long ago are gone, so it is asked for what is open, and not for what was sent. What stands on the page
    has arrived: its delivery is settled a moment later.
    """
    is_open = outbox.c.status.in_([DeliveryStatus.DUE, DeliveryStatus.SENDING])
    on_the_page = (
        select(widget_event.c.cursor)
        .where(
            widget_event.c.conversation_id == outbox.c.conversation_id,
            widget_event.c.dedupe == outbox.c.id + ":0",  # its first part's (DeliveryLane)
        )
        .correlate(outbox)
        .exists()
    )
    return _one(is_open) & ~_one((outbox.c.status == DeliveryStatus.SENT) | on_the_page)


def _one(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(outbox.c.id).where(_OF_IT, which).correlate(message).exists()
