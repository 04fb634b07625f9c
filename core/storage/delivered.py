"""What became of a message on its way out, asked from the message's side."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, String, cast, func, select, text

from core.domain.delivery import DeliveryStatus
from core.domain.messages import MessageKind, ReceiptStatus
from core.storage.among import among
from core.storage.tables import OPEN_DELIVERY, message, outbox, receipt, widget_event

BESIDE = ":own"
_OWN, _EARLIER = outbox.alias("own"), outbox.alias("earlier")


def delivery_key(of: FromClause = message) -> ColumnElement[str]:
    """What a row of ``message`` is known by in the outbox: the dedupe of its delivery."""
    return of.c.conversation_id + ":" + cast(of.c.seq, String)


_OF_IT = outbox.c.dedupe.in_([delivery_key(), delivery_key() + BESIDE])
_KEYS, _KEYS_BESIDE = (
    select(key).where(among(message.c.id, "ids")) for key in (delivery_key(), delivery_key() + BESIDE)
)
OF_MESSAGES = outbox.c.dedupe.in_(_KEYS.union_all(_KEYS_BESIDE))
"""All deliveries of the messages ``ids``. PostgreSQL finds no index for two lists with OR."""


def second_delivery_key(key: str) -> str:
    """The key of a message's second delivery, in its conversation's own place, where the first goes by another route."""
    return key + BESIDE


def was_not_delivered() -> ColumnElement[bool]:
    """Whether a row of ``message`` was withheld or could not be delivered, and certainly nothing of it came, nor beside that."""
    ended = outbox.c.status.in_((DeliveryStatus.DEAD, DeliveryStatus.WITHHELD))
    lost = ended & ~outbox.c.uncertain & ~came_in_part()
    came = (
        select(_OWN.c.id)
        .where(_OWN.c.dedupe == outbox.c.dedupe + BESIDE, _OWN.c.status == DeliveryStatus.SENT)
        .correlate(outbox)
        .exists()
    )
    return select(outbox.c.id).where(outbox.c.dedupe == delivery_key(), lost, ~came).exists()


def came_in_part() -> ColumnElement[bool]:
    """Whether the provider took a part of a row of ``outbox``, and has not said since that it could not deliver it."""
    of_this = receipt.c.message_id == outbox.c.message_id, receipt.c.delivery_id == outbox.c.id
    refused = select(func.count()).where(*of_this, receipt.c.status == ReceiptStatus.FAILED).correlate(outbox)
    return outbox.c.parts_done > refused.scalar_subquery()


def came_alone() -> ColumnElement[bool]:
    """Whether a row of ``outbox`` is a message's second delivery, and its first has not arrived, or never will."""
    first = func.substr(outbox.c.dedupe, 1, func.length(outbox.c.dedupe) - len(BESIDE))
    missing = select(_OWN.c.id).where(_OWN.c.dedupe == first, _OWN.c.status != DeliveryStatus.SENT).correlate(outbox)
    return outbox.c.dedupe.endswith(BESIDE) & missing.exists()


def is_said() -> ColumnElement[bool]:
    """Whether a row of ``message`` is part of the conversation, and does not only say something of it again elsewhere."""
    return func.coalesce(message.c.kind, "") != MessageKind.FOLLOW_UP


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


def has_open_before() -> ColumnElement[bool]:
    """Whether a row of ``outbox`` stands behind an open one of its conversation, on the same channel.

    One that is to go by another route, which is closed today, holds up nothing on the page.
    """
    before = select(_EARLIER.c.id).where(
        _EARLIER.c.conversation_id == outbox.c.conversation_id,
        _EARLIER.c.channel == outbox.c.channel,
        text(f"earlier.{OPEN_DELIVERY}"),  # written out: a partial index is used only for what is known when planning
        _EARLIER.c.seq < outbox.c.seq,
    )
    return before.exists()
