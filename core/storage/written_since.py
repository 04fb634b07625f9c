"""What customers wrote before and after staff read a conversation."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from core.domain.messages import Author, CustomerAction
from core.storage.blocks import is_blocked
from core.storage.tables import conversation, customer, identity, message

_AUTHOR = func.coalesce(message.c.customer_id, conversation.c.customer_id)
WRITTEN_SINCE = (
    select(func.min(message.c.created_at))
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(
        message.c.conversation_id == bindparam("home"),
        message.c.author == Author.CUSTOMER,
        message.c.action.is_distinct_from(CustomerAction.RATE),
        message.c.created_at > bindparam("since"),
        message.c.deleted_at.is_(None),
        ~is_blocked(_AUTHOR),
    )
)
"""When customers first did whom staff have not blocked; nothing where none has. To press a score is no writing."""

_LAST_OF_AUTHOR = (
    select(_AUTHOR.label("author"), func.max(message.c.seq).label("seq"))
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(message.c.conversation_id == bindparam("home"), message.c.author == Author.CUSTOMER)
    .group_by(_AUTHOR)
    .subquery()
)
_MOST_WRITERS = 100
_MOST_READ = 50
WRITERS = (
    select(customer.c.id, customer.c.display_name, identity.c.external_id)
    .join(_LAST_OF_AUTHOR, _LAST_OF_AUTHOR.c.author == customer.c.id)
    .join(identity, identity.c.customer_id == customer.c.id)
    .order_by(_LAST_OF_AUTHOR.c.seq.desc())
    .limit(_MOST_WRITERS)
)
"""Who wrote in a conversation, whoever wrote last first; of very many the last."""
READ_BY_STAFF = (
    select(customer.c.id, identity.c.external_id, message.c.meta)
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .join(customer, customer.c.id == _AUTHOR)
    .join(identity, identity.c.customer_id == customer.c.id)
    .where(
        message.c.conversation_id == bindparam("home"),
        message.c.author == Author.CUSTOMER,
        message.c.created_at <= bindparam("until"),
        message.c.seq <= conversation.c.done_seq,
        identity.c.channel == conversation.c.channel,
        ~is_blocked(customer.c.id),
    )
    .order_by(message.c.seq.desc())
    .limit(_MOST_READ)
)
"""What staff had been shown by a moment, the last first. What is pending they have not been shown, nor what the blocked write."""
