"""The statements of the accept path, built once: to build one costs more than to execute it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Double,
    Text,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from core.domain.messages import Author
from core.ports.store import MANY_ATTEMPTS
from core.storage.among import among
from core.storage.blocks import is_blocked
from core.storage.database import Database
from core.storage.tables import change, conversation, customer, identity, inbound_event, message, widget_event

SEEN = select(inbound_event.c.event_key).where(among(inbound_event.c.event_key, "keys"))
KNOWN = (
    select(
        *inbound_event.c["event_key", "conversation_id", "message_id"],
        message.c.seq,
        widget_event.c.cursor,
        conversation.c.state,
        and_(
            message.c.author == Author.CUSTOMER,
            is_blocked(func.coalesce(message.c.customer_id, conversation.c.customer_id)),
        ).label("blocked"),
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
_NAME = select(customer.c.display_name).where(customer.c.id == conversation.c.customer_id).scalar_subquery()
WRITTEN = ("last_seq", "event_cursor", "state", "ownership_epoch", "epoch", "road", "audience")
"""Columns of a conversation as a batch leaves them."""
_READ = (
    *WRITTEN,
    *("id", "channel", "account", "external_id", "customer_id", "done_seq", "ended_at", "shared"),
)
THREADS = (
    select(
        *(conversation.c[name] for name in _READ),
        _IS_PROVEN.label("verified"),
        _NAME.label("name"),
        is_blocked(conversation.c.customer_id).label("blocked"),
    )
    .where(among(conversation.c.id, "ids"))
    .order_by(conversation.c.id)
    .with_for_update()
)
ADD_MESSAGE, ADD_EVENT, ADD_FRAME = insert(message), insert(inbound_event), insert(widget_event)
ADD_CHANGE = insert(change)
RENAME = update(customer).where(customer.c.id == bindparam("of")).values(display_name=bindparam("name", type_=Text))
_ALBUM_PARTS = 10
"""The most that Telegram puts in one (https://core.telegram.org/bots/api#sendmediagroup)."""
_OLDEST_PENDING = (
    select(message.c.created_at)
    .where(message.c.conversation_id == conversation.c.id, message.c.seq > conversation.c.done_seq)
    .order_by(message.c.seq)
    .limit(1)
    .correlate(conversation)
    .scalar_subquery()
)


def thread_update(database: Database) -> Update:
    """What a batch changes in a conversation's row.

    Each part of an album begins the wait anew, but not once the oldest pending message has waited for a whole album, or whoever
    sends albums without end keeps the others from their answers. While a turn holds the conversation, nobody waits for it.
    What comes while an answer waits for the channel's pace is read with what came before (see turn_writes).
    """
    columns, now = conversation.c, database.now()
    window, reopened = bindparam("window", type_=Double), bindparam("reopened", type_=Boolean)
    waited = bindparam("at", type_=Double) - _OLDEST_PENDING
    waits = or_(not_(bindparam("is_album", type_=Boolean)), columns.lease_until > now, waited < _ALBUM_PARTS * window)
    answer_waits = and_(columns.ready_at > now, columns.ready_at == columns.send_after)
    sets = and_(window >= 0, columns.attempts < MANY_ATTEMPTS, waits, func.coalesce(not_(answer_waits), literal(True)))
    return (
        update(conversation)
        .where(columns.id == bindparam("key"))
        .values(
            **{name: bindparam(f"new_{name}") for name in WRITTEN},
            shared=bindparam("new_shared"),
            owner=case((reopened, None), else_=columns.owner),
            lease_until=case((reopened, None), else_=columns.lease_until),
            locale=func.coalesce(bindparam("new_locale", type_=Text), columns.locale),
            ready_at=case((sets, now + window), else_=columns.ready_at),
        )
    )
