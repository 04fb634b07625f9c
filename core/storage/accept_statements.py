"""The statements of the accept path, built once: to build one costs more than to execute it."""

from __future__ import annotations

from sqlalchemy import Boolean, Double, Text, Update, and_, bindparam, case, func, insert, select, update

from core.ports.store import MANY_ATTEMPTS
from core.storage.among import among
from core.storage.blocks import is_blocked
from core.storage.database import Database
from core.storage.tables import change, conversation, identity, inbound_event, message, widget_event

SEEN = select(inbound_event.c.event_key).where(among(inbound_event.c.event_key, "keys"))
KNOWN = (
    select(
        inbound_event.c.event_key,
        inbound_event.c.conversation_id,
        inbound_event.c.message_id,
        message.c.seq,
        widget_event.c.cursor,
        conversation.c.state,
    )
    .join(conversation, conversation.c.id == inbound_event.c.conversation_id)
    .outerjoin(message, message.c.id == inbound_event.c.message_id)
    .outerjoin(
        widget_event,
        (widget_event.c.conversation_id == inbound_event.c.conversation_id)
        & (widget_event.c.dedupe == inbound_event.c.event_key),
    )
    .where(among(inbound_event.c.event_key, "keys"))
)
_IS_PROVEN = select(identity.c.verified).where(identity.c.customer_id == conversation.c.customer_id).scalar_subquery()
THREADS = (
    select(
        conversation.c.id,
        conversation.c.state,
        conversation.c.ended_at,
        conversation.c.last_seq,
        conversation.c.done_seq,
        conversation.c.event_cursor,
        conversation.c.ownership_epoch,
        conversation.c.epoch,
        conversation.c.audience,
        conversation.c.reopen_until,
        conversation.c.road,
        conversation.c.customer_id,
        conversation.c.channel,
        conversation.c.account,
        conversation.c.external_id,
        conversation.c.shared,
        _IS_PROVEN.label("verified"),
        is_blocked(conversation.c.customer_id).label("blocked"),
    )
    .where(among(conversation.c.id, "ids"))
    .order_by(conversation.c.id)
    .with_for_update()
)
ADD_MESSAGE, ADD_EVENT, ADD_FRAME = insert(message), insert(inbound_event), insert(widget_event)
ADD_CHANGE = insert(change)


def moved(database: Database) -> Update:
    """What a batch changes in a conversation's row."""
    columns, now = conversation.c, database.now()
    window, reopened = bindparam("window", type_=Double), bindparam("reopened", type_=Boolean)
    return (
        update(conversation)
        .where(columns.id == bindparam("key"))
        .values(
            last_seq=bindparam("new_last_seq"),
            event_cursor=bindparam("new_cursor"),
            state=bindparam("new_state"),
            ownership_epoch=bindparam("new_ownership_epoch"),
            epoch=bindparam("new_epoch"),
            road=bindparam("new_road"),
            audience=bindparam("new_audience"),
            shared=bindparam("new_shared"),
            owner=case((reopened, None), else_=columns.owner),
            lease_until=case((reopened, None), else_=columns.lease_until),
            locale=func.coalesce(bindparam("new_locale", type_=Text), columns.locale),
            ready_at=case((and_(window >= 0, columns.attempts < MANY_ATTEMPTS), now + window), else_=columns.ready_at),
        )
    )
