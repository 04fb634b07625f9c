"""Tickets of cases that are over, a page at a time along their numbers: from the newest down, in no order but the key's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, or_, select

from core.domain.messages import COLLEAGUE, Author, Message
from core.domain.ticket import TicketStatus
from core.ports.closed_tickets import ClosedTicket
from core.storage import codec
from core.storage.database import OnDatabase, reads
from core.storage.delivered import is_said, is_still_to_come, was_not_delivered
from core.storage.desk_tables import desk_case, ticket
from core.storage.tables import conversation, customer, message
from core.storage.tickets import ticket_from

_MOST_SAID = 300
"""Messages of one case that are looked at, the last ones."""
_SLACK = 5.0
"""Seconds. A case is closed by the clock of the process that decided it, its last words are noted by another one's."""
_FOREVER = 1e15

_other = desk_case.alias("other")
_SAME = _other.c.conversation_id == desk_case.c.conversation_id
_BEFORE = select(func.max(_other.c.closed_at)).where(_SAME, _other.c.number < desk_case.c.number).scalar_subquery()
_AFTER = select(func.min(_other.c.opened_at)).where(_SAME, _other.c.number > desk_case.c.number).scalar_subquery()
_OVER = (
    select(
        ticket,
        desk_case.c.opened_at,
        desk_case.c.closed_at,
        conversation.c.locale,
        customer.c.display_name,
        _BEFORE.label("began"),
        _AFTER.label("next"),
    )
    .join(desk_case, desk_case.c.id == ticket.c.case_id)
    .join(conversation, conversation.c.id == desk_case.c.conversation_id)
    .outerjoin(customer, customer.c.id == conversation.c.customer_id)
    .where(
        ticket.c.status.in_([TicketStatus.RESOLVED, TicketStatus.CLOSED]),
        desk_case.c.closed_at.is_not(None),
        conversation.c.ended_at.is_(None),
    )
    .order_by(ticket.c.number.desc())
)
_CAME = (is_said(), ~was_not_delivered(), ~is_still_to_come())
_LAST_FIRST = select(message).where(message.c.conversation_id == bindparam("of"), *_CAME).order_by(message.c.seq.desc())
_SAID = _LAST_FIRST.where(
    message.c.created_at > bindparam("began"),
    message.c.created_at < bindparam("next"),
    or_(
        message.c.author == Author.STAFF,
        (message.c.author == Author.CUSTOMER) & (message.c.created_at <= bindparam("closed")),
    ),
).limit(_MOST_SAID)
_SINCE = _LAST_FIRST.where(
    message.c.created_at >= bindparam("next"), message.c.author == Author.STAFF, message.c.meta.is_not(None)
).limit(_MOST_SAID)


class SqlClosedTickets(OnDatabase):
    """Implements core.ports.closed_tickets.ClosedTickets on a database."""

    @reads
    def closed_tickets(self, connection: Connection, *, before: str | None, limit: int) -> Sequence[ClosedTicket]:
        below: list[ColumnElement[bool]] = [] if before is None else [ticket.c.number < before]
        page = _OVER.where(*below).limit(limit)
        return [_closed(connection, row) for row in connection.execute(page).all()]


def _closed(connection: Connection, row: Row[Any]) -> ClosedTicket:
    following = _FOREVER if row.next is None else row.next
    of_it = {"of": row.conversation_id, "next": following}
    span = {"began": row.began or 0.0, "closed": row.closed_at + _SLACK}
    try:
        said = _messages(connection, _SAID, {**of_it, **span})
        since = _messages(connection, _SINCE, of_it) if row.next is not None else ()
    except codec.UNREADABLE:
        said = since = ()
    return ClosedTicket(
        ticket_from(row),
        codec.when(row.opened_at),
        codec.when(row.closed_at),
        said,
        since,
        customer_name=row.display_name,
        locale=row.locale,
    )


def _messages(connection: Connection, wanted: Select[Any], given: Mapping[str, Any]) -> tuple[Message, ...]:
    """In order, without what colleagues wrote beside the desk, perhaps among themselves. Raises one of UNREADABLE."""
    found = (codec.message_from(row) for row in reversed(connection.execute(wanted, given).all()))
    return tuple(one for one in found if COLLEAGUE not in one.meta)
