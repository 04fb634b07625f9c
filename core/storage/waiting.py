"""Who waits for a person, and what operators decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Integer, Row, Select, and_, bindparam, func, select, text

from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.domain.messages import Audience, Author
from core.ports.outcomes import Aside, CaseRecord
from core.ports.waiting import WaitingCustomer
from core.storage import codec
from core.storage.cases import case_from
from core.storage.database import OnDatabase, reads, writes
from core.storage.desk_tables import desk_case
from core.storage.tables import QUEUED_CONVERSATION, conversation, customer, message, ownership_change
from core.storage.turn_writes import Writes
from core.storage.turns import is_outdated, lock_homes

_WITHOUT_ADDRESS: Final = ("web", "console", "slack", "telegram")
"""Channels whose ids of customers are no addresses that anybody could write to or call."""
_LONGEST: Final = 300

_SINCE = (
    select(func.max(ownership_change.c.created_at))
    .where(
        ownership_change.c.conversation_id == conversation.c.id, ownership_change.c.to_state == OwnershipState.QUEUED
    )
    .scalar_subquery()
)
_LAST_WORDS = (
    select(message.c.text)
    .where(
        message.c.conversation_id == conversation.c.id,
        message.c.author == Author.CUSTOMER,
        message.c.deleted_at.is_(None),
        message.c.text != "",
    )
    .order_by(message.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_WAITING: Final[Select[Any]] = (
    select(
        conversation.c.id,
        conversation.c.channel,
        conversation.c.external_id,
        conversation.c.escalation_reason,
        func.coalesce(_SINCE, conversation.c.created_at).label("since"),
        customer.c.display_name,
        customer.c.email,
        customer.c.phone,
        desk_case.c.id.label("case_id"),
        _LAST_WORDS.label("last_words"),
    )
    .join(customer, customer.c.id == conversation.c.customer_id)
    .outerjoin(desk_case, and_(desk_case.c.conversation_id == conversation.c.id, desk_case.c.closed_at.is_(None)))
    # Written out: a parameter would not be recognised as the condition of the partial index.
    .where(text(f"conversation.{QUEUED_CONVERSATION}"), conversation.c.audience == Audience.CUSTOMER)
    .order_by("since", conversation.c.id)
    .limit(bindparam("most", type_=Integer))
)

_OPEN_CASES: Final = (
    select(desk_case)
    .where(desk_case.c.closed_at.is_(None), desk_case.c.id > bindparam("after"))
    .order_by(desk_case.c.id)
    .limit(bindparam("most", type_=Integer))
)


class SqlWaiting(OnDatabase):
    """Implements core.ports.waiting.WaitingCustomers."""

    @reads
    def who_waits(self, connection: Connection, limit: int) -> Sequence[WaitingCustomer]:
        return [_waiting(row) for row in connection.execute(_WAITING, {"most": limit})]

    @reads
    def open_cases(self, connection: Connection, after: str, limit: int) -> Sequence[Case]:
        given = {"after": after, "most": limit}
        return [case_from(row) for row in connection.execute(_OPEN_CASES, given)]

    @writes
    def decide(self, connection: Connection, asides: Sequence[Aside], cases: Sequence[CaseRecord]) -> bool:
        current = lock_homes(connection, self.database, asides)
        writes = Writes(self.database.timestamp())
        if any(is_outdated(writes, current.get(one.conversation.conversation_id), one) for one in asides):
            return False
        writes.asides(current, asides)
        writes.cases.extend(cases)
        writes.commit(connection, self.database)
        return True


def _waiting(row: Row[Any]) -> WaitingCustomer:
    return WaitingCustomer(
        id=row.case_id or row.id,
        since=codec.when(row.since),
        channel=row.channel,
        name=row.display_name,
        email=row.email,
        phone=row.phone,
        address=None if row.channel in _WITHOUT_ADDRESS else row.external_id,
        reason=row.escalation_reason or "",
        last_words=" ".join((row.last_words or "").split())[:_LONGEST],
    )
