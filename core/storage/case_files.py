"""What is kept about cases beside how they stand: notes, a customer's past, the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from core.domain.approvals import APPROVALS, Approval
from core.domain.case import DESK, OWNED_SINCE, Case, feed
from core.domain.conversation import OwnershipState
from core.domain.customer import Customer
from core.domain.issues import ISSUES, Issue
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, Author
from core.domain.timers import TimerKind
from core.ports.case_files import LogEntry, PastCase, PastConversation
from core.ports.outcomes import CaseRecord, KeepNote
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, grouped, reads
from core.storage.delivered import delivery_key, is_said
from core.storage.desk_tables import desk_case, desk_note, desk_timer, rating, relay, ticket, ticket_entry
from core.storage.links import person_of
from core.storage.tables import conversation, message, outbox, ownership_change, receipt
from core.storage.tickets import ticket_from

_QUOTED = 300
_HIGHEST = 2**31 - 1
"""No place of a message is higher."""
_BEFORE = 5.0
"""Seconds. A case is opened by the clock of the process that decided it, its changes are noted by that which commits them."""
_SHOWN_AT = (
    select(message.c.seq, receipt.c.provider_id)
    .join(receipt, receipt.c.message_id == message.c.id)
    .where(message.c.conversation_id == bindparam("of"), message.c.seq.in_(bindparam("places", expanding=True)))
    .order_by(receipt.c.created_at.desc(), receipt.c.provider_id.desc())
)
_QUEUED = (
    select(ownership_change.c.created_at)
    .where(ownership_change.c.conversation_id == bindparam("of"), ownership_change.c.to_state == OwnershipState.QUEUED)
    .order_by(ownership_change.c.ownership_epoch.desc())
    .limit(1)
)
_NEWEST = (
    select(message.c.seq, message.c.meta)
    .where(
        message.c.conversation_id == bindparam("of"),
        message.c.seq < bindparam("before"),
        message.c.meta.contains(bindparam("stored")),
    )
    .order_by(message.c.seq.desc())
    .limit(20)
)
_SNOOZED = (desk_timer.c.case_id == ticket.c.case_id) & (desk_timer.c.kind == TimerKind.SNOOZED)
_CHANGED_SINCE = (
    select(ticket.c.status, ticket.c.priority, ticket.c.category, ticket.c.fields, desk_timer.c.due_at)
    .outerjoin_from(ticket, desk_timer, _SNOOZED)
    .where(ticket.c.case_id == bindparam("case"))
)
_CASES = (
    select(
        desk_case,
        ticket.c.number.label("ticket"),
        ticket.c.status.label("ticket_status"),
        ticket.c.fields,
        *rating.c["score", "comment"],
    )
    .outerjoin(ticket, ticket.c.case_id == desk_case.c.id)
    .outerjoin(rating, rating.c.case_id == desk_case.c.id)
    .where(among(desk_case.c.conversation_id, "ids"))
    .order_by(desk_case.c.number.desc())
)
_TICKETS = (
    select(ticket)
    .where(among(ticket.c.conversation_id, "ids"))
    .order_by(ticket.c.created_at.desc(), ticket.c.number.desc())
)
"""With those of cases: by ``case_id IS NULL`` SQLite would rather look through all that have none than through these few."""
_COUNTS = (
    select(message.c.conversation_id, func.count().label("many"))
    .where(among(message.c.conversation_id, "ids"), is_said())
    .group_by(message.c.conversation_id)
)
_FIRST = (
    select(message.c.conversation_id, func.min(message.c.seq).label("seq"))
    .where(among(message.c.conversation_id, "ids"), message.c.author == Author.CUSTOMER, message.c.text != "")
    .group_by(message.c.conversation_id)
    .subquery()
)
_FIRST_WORDS = select(message.c.conversation_id, message.c.text).join(
    _FIRST, (_FIRST.c.conversation_id == message.c.conversation_id) & (_FIRST.c.seq == message.c.seq)
)
_RELAYED = (
    select(*message.c["created_at", "author", "text"], *outbox.c["status", "channel", "address"], relay.c.source_id)
    .join(relay, relay.c.target_id == message.c.id)
    .outerjoin(outbox, outbox.c.dedupe == delivery_key())
    .where(
        among(message.c.conversation_id, "ids"),
        message.c.created_at >= bindparam("since"),
        message.c.created_at <= bindparam("until"),
    )
)
_ENTRIES = (
    select(ticket_entry)
    .join(ticket, ticket.c.number == ticket_entry.c.number)
    .where(
        ticket.c.conversation_id == bindparam("home"),
        or_(
            ticket.c.case_id == bindparam("of"),
            ticket.c.case_id.is_(None)
            & (ticket_entry.c.created_at >= bindparam("since"))
            & (ticket_entry.c.created_at <= bindparam("until")),
        ),
    )
    .order_by(ticket_entry.c.created_at, ticket_entry.c.number, ticket_entry.c.place)
)
_SAID_BY = select(message.c.id, message.c.meta).where(among(message.c.id, "ids"), message.c.author == Author.STAFF)


def keep_notes(connection: Connection, database: Database, records: Iterable[CaseRecord], now: float) -> None:
    """Which messages are notes; the same again changes nothing."""
    for one in records:
        if isinstance(one, KeepNote):
            row = {"message_id": one.message_id, "case_id": one.case_id, "conversation_id": Case.home(one.case_id)}
            row |= {"actor": codec.clean(one.actor)}
            connection.execute(database.insert_new(desk_note), {**row, "created_at": now})


class SqlCaseFiles(OnDatabase):
    """Case files on a database."""

    async def shown_at(self, conversation_id: str, places: Sequence[int]) -> Mapping[int, str]:
        if not places:
            return {}
        given = {"of": conversation_id, "places": list(places)}
        return await self.database.read(
            lambda connection: {row.seq: row.provider_id for row in connection.execute(_SHOWN_AT, given)}
        )

    @reads
    def queued_since(self, connection: Connection, conversation_id: str) -> datetime | None:
        return codec.when_given(connection.scalar(_QUEUED, {"of": conversation_id}))

    @reads
    def owned_since(self, connection: Connection, account: str, case_id: str) -> datetime | None:
        return codec.when_given(_newest(connection, feed(account, case_id), OWNED_SINCE))

    @reads
    def card(self, connection: Connection, account: str, case_id: str) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = _newest(connection, feed(account, case_id), "facts") or {}
        now = connection.execute(_CHANGED_SINCE, {"case": case_id}).first() if facts else None
        if now is None:
            return facts
        changed = {"status": now.status, "urgency": now.priority, "category": now.category}
        return {**facts, **changed, "fields": codec.load(now.fields), "snoozed_until": now.due_at}

    @reads
    def issues(self, connection: Connection, account: str, case_id: str) -> Sequence[Issue]:
        return [Issue(**one) for one in _newest(connection, feed(account, case_id), ISSUES, "[") or ()]

    @reads
    def approvals(self, connection: Connection, account: str, case_id: str) -> Sequence[Approval]:
        return [Approval.from_stored(one) for one in _newest(connection, feed(account, case_id), APPROVALS, "[") or ()]

    @reads
    def past(
        self, connection: Connection, customer: Customer, conversation_id: str, *, offset: int, limit: int
    ) -> Sequence[PastConversation]:
        this = conversation.c.id == conversation_id
        mine = or_(conversation.c.customer_id.in_(person_of(customer.id)), this) if customer.is_proven else this
        newest = (
            select(conversation)
            .where(mine, conversation.c.audience == Audience.CUSTOMER, conversation.c.channel != DESK)
            .order_by(conversation.c.created_at.desc(), conversation.c.id)
            .offset(offset)
            .limit(limit)
        )
        rows = connection.execute(newest).all()
        if not rows:
            return []
        ids = {"ids": [row.id for row in rows]}
        counts = {row.conversation_id: row.many for row in connection.execute(_COUNTS, ids)}
        first = {row.conversation_id: row.text for row in connection.execute(_FIRST_WORDS, ids)}
        cases = grouped(connection.execute(_CASES, ids), "conversation_id")
        tickets = grouped(connection.execute(_TICKETS, ids), "conversation_id")
        return [
            PastConversation(
                row.id,
                ConversationKey(row.channel, row.account, row.thread),
                codec.when(row.created_at),
                first.get(row.id, "")[:_QUOTED],
                counts.get(row.id, 0),
                tuple(_past_case(one) for one in cases.get(row.id, ())),
                tuple(ticket_from(one) for one in tickets.get(row.id, ()) if one.case_id is None),
            )
            for row in rows
        ]

    @reads
    def case_named(self, connection: Connection, name: str) -> str | None:
        wanted = codec.clean(name)
        by_ticket = select(ticket.c.case_id).where(ticket.c.number == wanted, ticket.c.case_id.is_not(None))
        by_id = select(desk_case.c.id).where(desk_case.c.id == wanted)
        return connection.scalar(by_id) or connection.scalar(by_ticket)

    @reads
    def case_log(self, connection: Connection, case_id: str) -> Sequence[LogEntry]:
        """What happened between this case's beginning and the next one's."""
        case = connection.execute(select(desk_case).where(desk_case.c.id == case_id)).first()
        if case is None:
            return []
        home = case.conversation_id
        following = select(func.min(desk_case.c.opened_at)).where(
            desk_case.c.conversation_id == home, desk_case.c.number > case.number
        )
        until = connection.scalar(following) or float("inf")
        feeds = select(conversation.c.id).where(conversation.c.channel == DESK, conversation.c.thread == case_id)
        span = {"since": case.opened_at - _BEFORE, "until": min(until, 1e15)}
        ids = [home, *connection.scalars(feeds)]
        found = [*_changes(connection, home, span), *_relayed(connection, ids, span), *_notes(connection, case_id)]
        entries = connection.execute(_ENTRIES, {"of": case_id, "home": home, **span})
        found += [
            LogEntry(codec.when(row.created_at), row.kind, row.actor, text=row.text, ticket=row.number)
            for row in entries
        ]
        return sorted(found, key=attrgetter("at"))


def _newest(connection: Connection, told: ConversationKey, name: str, begins: str = "") -> Any:
    """The value of that name in the newest ``meta`` that has it at its top level. None where there is none.

    Below the top level there may be any name: companies choose those of their fields and of what their tools answer with.
    ``begins``: how the value begins as it is stored, so that fewer others are looked through.
    """
    given: dict[str, Any] = {"of": told.conversation_id, "before": _HIGHEST, "stored": f'"{name}":{begins}'}
    while rows := connection.execute(_NEWEST, given).all():
        for row in rows:
            meta = codec.load(row.meta)
            if name in meta:
                return meta[name]
        given["before"] = rows[-1].seq
    return None


def _past_case(row: Row[Any]) -> PastCase:
    return codec.from_row(
        PastCase,
        row,
        opened_at=codec.when(row.opened_at),
        closed_at=codec.when_given(row.closed_at),
        ticket_fields=codec.load(row.fields),
    )


def _changes(connection: Connection, home: str, span: Mapping[str, float]) -> Iterable[LogEntry]:
    columns = ownership_change.c
    wanted = select(ownership_change).where(
        columns.conversation_id == home, columns.created_at >= span["since"], columns.created_at <= span["until"]
    )
    for row in connection.execute(wanted.order_by(columns.ownership_epoch)):
        yield LogEntry(
            codec.when(row.created_at),
            row.event,
            actor=row.actor,
            text=row.reason or "",
            from_state=row.from_state,
            to_state=row.to_state,
            owner=row.owner,
        )


def _relayed(connection: Connection, ids: Sequence[str], span: Mapping[str, float]) -> Iterable[LogEntry]:
    rows = connection.execute(_RELAYED, {"ids": list(ids), **span}).all()
    by_staff = connection.execute(_SAID_BY, {"ids": [row.source_id for row in rows]})
    actors = {row.id: str(codec.load(row.meta).get("sender") or "") or None for row in by_staff}
    for row in rows:
        yield LogEntry(
            codec.when(row.created_at),
            "relayed",
            actor=actors.get(row.source_id),
            author=Author(row.author),
            text=row.text,
            delivery=row.status,
            route=(row.channel, row.address) if row.address is not None else None,
        )


def _notes(connection: Connection, case_id: str) -> Iterable[LogEntry]:
    wanted = (
        select(desk_note.c.created_at, desk_note.c.actor, message.c.text)
        .join(message, message.c.id == desk_note.c.message_id)
        .where(desk_note.c.case_id == case_id)
    )
    for row in connection.execute(wanted):
        yield LogEntry(codec.when(row.created_at), "note", actor=row.actor, author=Author.STAFF, text=row.text)
