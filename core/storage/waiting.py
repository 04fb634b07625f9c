"""Who waits for a person, and what operators decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, and_, bindparam, case, func, or_, select, text

from core.domain.case import DESK, Case
from core.domain.conversation import OwnershipState
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, Author
from core.domain.timers import TimerKind
from core.ports.cases import ListedCase, WaitingCustomer
from core.ports.outcomes import CaseRecord, CrossConversationWrite
from core.storage import codec
from core.storage.cases import case_from
from core.storage.database import OnDatabase, reads, writes
from core.storage.desk_tables import desk_case, desk_timer, ticket
from core.storage.tables import (
    QUEUED_CONVERSATION,
    channel_memory,
    conversation,
    customer,
    message,
    ownership_change,
    receipt,
)
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
        *conversation.c["id", "channel", "external_id", "escalation_reason"],
        func.coalesce(_SINCE, conversation.c.created_at).label("since"),
        *customer.c["display_name", "email", "phone"],
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
_NEWEST: Final = 2_000
"""Cases that a search looks through: what it costs does not grow with the desk's age."""
_FEED = conversation.alias("feed")
_SHOWN_AT = (
    select(receipt.c.provider_id)
    .join(message, message.c.id == receipt.c.message_id)
    .where(message.c.conversation_id == _FEED.c.id)
    .order_by(message.c.seq, receipt.c.created_at, receipt.c.provider_id)
    .limit(1)
    .scalar_subquery()
)
_MOVED_TO = (
    select(channel_memory.c.value)
    .where(
        channel_memory.c.channel == "slack",
        channel_memory.c.account == bindparam("heard_by"),
        channel_memory.c.key == "thread/" + desk_case.c.id,
    )
    .scalar_subquery()
)
_CARD = (
    select(message.c.meta)
    .where(message.c.conversation_id == _FEED.c.id, message.c.meta.contains('"facts":'))
    .order_by(message.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_OVERDUE = (
    select(desk_timer.c.case_id)
    .where(
        desk_timer.c.case_id == desk_case.c.id,
        desk_timer.c.kind.in_((TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT)),
        desk_timer.c.stage > 0,
    )
    .exists()
)
_LISTED: Final[Select[Any]] = (
    select(
        *desk_case.c["id", "closed_at"],
        *conversation.c["channel", "account", "thread", "state", "owner", "external_id"],
        func.coalesce(_SINCE, desk_case.c.opened_at).label("since"),
        *customer.c["display_name", "email", "phone"],
        ticket.c.number.label("ticket"),
        func.coalesce(_MOVED_TO, _SHOWN_AT).label("shown_at"),
        _CARD.label("card"),
        _OVERDUE.label("is_overdue"),
    )
    .join(conversation, conversation.c.id == desk_case.c.conversation_id)
    .outerjoin(ticket, ticket.c.case_id == desk_case.c.id)
    .join(customer, customer.c.id == func.coalesce(ticket.c.customer_id, conversation.c.customer_id))
    .outerjoin(
        _FEED,
        and_(_FEED.c.channel == DESK, _FEED.c.account == bindparam("account"), _FEED.c.thread == desk_case.c.id),
    )
    .limit(bindparam("most", type_=Integer))
)
_IS_OWN = and_(conversation.c.state == OwnershipState.STAFF, conversation.c.owner == bindparam("owner"))
_QUEUE: Final = _LISTED.where(
    desk_case.c.closed_at.is_(None),
    conversation.c.state.in_((OwnershipState.QUEUED, OwnershipState.STAFF)),
    or_(conversation.c.state == OwnershipState.QUEUED, _IS_OWN, _OVERDUE),
).order_by(case((_IS_OWN, 0), else_=1), "since", desk_case.c.id)
_NEWEST_CASES = select(desk_case.c.id).order_by(desk_case.c.opened_at.desc()).limit(_NEWEST)


class SqlWaiting(OnDatabase):
    """Implements core.ports.cases.WaitingCustomers and CaseLists."""

    @reads
    def who_waits(self, connection: Connection, limit: int) -> Sequence[WaitingCustomer]:
        return [_waiting(row) for row in connection.execute(_WAITING, {"most": limit})]

    @reads
    def queue_of(
        self, connection: Connection, account: str, heard_by: str, owner: str, limit: int
    ) -> Sequence[ListedCase]:
        given = {"account": account, "heard_by": heard_by, "owner": owner, "most": limit}
        return [_listed(row) for row in connection.execute(_QUEUE, given)]

    @reads
    def cases_with(
        self, connection: Connection, account: str, heard_by: str, words: Sequence[str], limit: int
    ) -> Sequence[ListedCase]:
        wanted = [codec.clean(word) for word in words]
        numbered = ticket.c.number == (wanted[0].upper() if wanted else "")
        newest = desk_case.c.id.in_(_NEWEST_CASES)
        found = _LISTED.where(or_(newest, numbered), *map(_has_word, wanted)).order_by(
            desk_case.c.opened_at.desc(), desk_case.c.id
        )
        given = {"account": account, "heard_by": heard_by, "most": limit}
        return [_listed(row) for row in connection.execute(found, given)]

    @reads
    def open_cases(self, connection: Connection, after: str, limit: int) -> Sequence[Case]:
        given = {"after": after, "most": limit}
        return [case_from(row) for row in connection.execute(_OPEN_CASES, given)]

    @writes
    def decide(
        self, connection: Connection, cross_writes: Sequence[CrossConversationWrite], cases: Sequence[CaseRecord]
    ) -> bool:
        current = lock_homes(connection, self.database, cross_writes)
        writes = Writes(self.database.timestamp())
        if any(is_outdated(writes, current, one) for one in cross_writes):
            return False
        writes.cross_writes(current, cross_writes)
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


def _has_word(word: str) -> ColumnElement[bool]:
    """In whatever case: SQLite knows of that only for English letters, so the usual spellings are tried for all others."""
    columns = (
        ticket.c.number,
        ticket.c.subject,
        customer.c.display_name,
        customer.c.email,
        customer.c.phone,
        conversation.c.external_id,
    )
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    said = (
        select(message.c.id)
        .where(
            message.c.conversation_id == conversation.c.id,
            message.c.deleted_at.is_(None),
            or_(*(message.c.text.icontains(form, autoescape=True) for form in forms)),
        )
        .exists()
    )
    return or_(said, *(column.icontains(form, autoescape=True) for column in columns for form in forms))


def _listed(row: Row[Any]) -> ListedCase:
    """What is closed stays closed, whatever became of its conversation since."""
    facts = codec.load(row.card).get("facts", {})
    address = None if row.channel in _WITHOUT_ADDRESS else row.external_id
    return ListedCase(
        id=row.id,
        ticket=row.ticket,
        customer=row.display_name or row.email or row.phone or address,
        key=ConversationKey(row.channel, row.account, row.thread),
        state=OwnershipState(row.state) if row.closed_at is None else OwnershipState.RESOLVED,
        owner=row.owner,
        since=codec.when(row.since),
        team=facts.get("team"),
        shown_at=row.shown_at,
        is_overdue=bool(row.is_overdue),
    )
