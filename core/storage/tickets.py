"""Tickets, their numbers and their history, and those of cases that are over, by pages from the newest number down.

A number is given in a transaction of its own, before the turn that opens the ticket is committed: the card and the notice
that name it are worded before that commit. It is given for an origin (the case's id), so a turn that is run again names the
same one; a number whose turn was never committed stays a gap, which a counter inside the commit would not have left, at the
price of texts that storage would have to complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, insert, literal, or_, select, update

from core.domain.case import DESK
from core.domain.customer import Identity
from core.domain.messages import COLLEAGUE, Audience, Author, Message
from core.domain.ticket import EntryKind, Ticket, TicketEntry, TicketPriority, TicketStatus, ticket_number
from core.ports.outcomes import CaseRecord, ChangeTicket, MoveTicket, OpenTicket
from core.ports.tickets import ClosedTicket, Holder, NewTicket, TicketChange
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.delivered import is_said, is_still_to_come, was_not_delivered
from core.storage.desk_tables import desk_case, ticket, ticket_day, ticket_entry
from core.storage.desk_tables import ticket_number as given
from core.storage.links import is_identity, is_linked, person_of, proves_here
from core.storage.tables import conversation, customer, identity, message

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
        *desk_case.c["opened_at", "closed_at"],
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


def keep_tickets(connection: Connection, database: Database, records: Iterable[CaseRecord], now: float) -> None:
    """What turns decided about the tickets of cases; the same decision again changes nothing."""
    found = [one for one in records if isinstance(one, OpenTicket | MoveTicket | ChangeTicket)]
    for record in sorted(found, key=lambda one: one.case_id):  # two commits take their rows in the same order
        if isinstance(record, OpenTicket):
            row = _row(record.number, record.customer_id, record.conversation_id, record.case_id, record, now)
            _open(connection, database, row, record.actor, None, None)
        else:
            of_case = select(ticket).where(ticket.c.case_id == record.case_id).with_for_update()
            held = connection.execute(of_case).first()
            if held is not None and isinstance(record, ChangeTicket):
                _change(connection, held, record.change, record.actor, record.origin, now)
            elif held is not None and isinstance(record, MoveTicket):
                _change(connection, held, TicketChange(status=record.status), record.actor, None, now)


class SqlTickets(OnDatabase):
    """Tickets and ClosedTickets on a database."""

    @writes
    def ticket_number_for(self, connection: Connection, origin: str) -> str:
        now = self.database.timestamp()
        return _number(connection, self.database, origin, now)

    @writes
    def create_ticket(
        self, connection: Connection, holder: Holder, new: NewTicket, *, actor: str, origin: str
    ) -> Ticket:
        now = self.database.timestamp()
        number = _number(connection, self.database, origin, now)
        row = _row(number, holder.customer_id, holder.conversation_id, None, new, now)
        _open(connection, self.database, row, actor, new.note, origin)
        made = _read(connection, ticket.c.number == number)
        assert made is not None
        return made

    @reads
    def ticket(self, connection: Connection, holder: Holder, number: str) -> Ticket | None:
        return _read(connection, ticket.c.number == codec.clean(number), _theirs(holder))

    @reads
    def tickets(self, connection: Connection, holder: Holder, limit: int) -> Sequence[Ticket]:
        newest = select(ticket).where(_theirs(holder)).order_by(ticket.c.created_at.desc(), ticket.c.number.desc())
        return [ticket_from(row) for row in connection.execute(newest.limit(limit))]

    @writes
    def update_ticket(
        self, connection: Connection, holder: Holder, number: str, change: TicketChange, *, actor: str, origin: str
    ) -> Ticket | None:
        wanted = ticket.c.number == codec.clean(number), _theirs(holder), _here(holder) | proves_here(holder)
        now = self.database.timestamp()
        row = connection.execute(select(ticket).where(*wanted).with_for_update()).first()
        if row is None:
            return None
        _change(connection, row, change, actor, origin, now)
        return _read(connection, *wanted)

    @reads
    def known_customer(self, connection: Connection, who: Identity) -> str | None:
        return connection.scalar(select(identity.c.customer_id).where(is_identity(who)))

    async def conversations_of(self, holder: Holder) -> int:
        known = literal(holder.verified) | is_linked(literal(holder.customer_id))
        theirs = conversation.c.customer_id.in_(person_of(holder.customer_id)), known, literal(holder.private)
        with_us = conversation.c.audience == Audience.CUSTOMER, conversation.c.channel != DESK
        statement = select(func.count()).select_from(conversation).where(*theirs, *with_us)
        count = await self.database.read(lambda connection: int(connection.scalar(statement) or 0))
        return count if holder.verified else max(count, 1)

    @reads
    def closed_tickets(self, connection: Connection, *, before: str | None, limit: int) -> Sequence[ClosedTicket]:
        below: list[ColumnElement[bool]] = [] if before is None else [ticket.c.number < before]
        page = _OVER.where(*below).limit(limit)
        return [_closed(connection, row) for row in connection.execute(page).all()]


def _number(connection: Connection, database: Database, origin: str, now: float) -> str:
    """The day's row is held while its counter moves, so no number is given twice, and none is lost to a race."""
    known = select(given.c.number).where(given.c.origin == origin)
    if (number := connection.scalar(known)) is not None:
        return str(number)
    day = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d")
    connection.execute(database.insert_new(ticket_day), {"day": day, "last": 0})
    last = connection.execute(select(ticket_day.c.last).where(ticket_day.c.day == day).with_for_update()).scalar_one()
    if (number := connection.scalar(known)) is not None:  # given while this one waited
        return str(number)
    connection.execute(update(ticket_day).where(ticket_day.c.day == day).values(last=last + 1))
    made = ticket_number(day, last + 1)
    connection.execute(insert(given), {"origin": origin, "number": made, "created_at": now})
    return made


def _open(
    connection: Connection, database: Database, row: dict[str, Any], actor: str, note: str | None, origin: str | None
) -> None:
    """With the first rows of its history, unless it was opened before."""
    new = database.insert_new(ticket).returning(ticket.c.number)
    if connection.execute(new, row).first() is None:
        return
    told = [(EntryKind.OPENED, str(row["subject"])), *([(EntryKind.NOTE, note)] if note else [])]
    _tell(connection, row["number"], 0, told, actor, origin, row["created_at"])


def _change(
    connection: Connection, row: Row[Any], change: TicketChange, actor: str, origin: str | None, now: float
) -> None:
    """Only what is different becomes history. The row is held."""
    entry = ticket_entry.c
    if origin and connection.scalar(select(entry.place).where(entry.number == row.number, entry.origin == origin)):
        return
    values: dict[str, str | None] = {}
    told: list[tuple[EntryKind, str]] = []
    for name, value in (("status", change.status), ("priority", change.priority), ("category", change.category)):
        if value is not None and codec.clean(value) != getattr(row, name):
            values[name] = codec.clean(value)
            told.append((EntryKind(name), codec.clean(value)))
    kept = codec.load(row.fields)
    changed = {codec.clean(name): codec.clean(value) for name, value in (change.fields or {}).items()}
    if changed := {name: value for name, value in changed.items() if value != kept.get(name, "")}:
        values["fields"] = codec.dump({name: value for name, value in {**kept, **changed}.items() if value})
        told += [(EntryKind.FIELD, f"{name}: {value or '–'}") for name, value in changed.items()]
    if change.note:
        told.append((EntryKind.NOTE, change.note))
    if not told:
        return
    last = connection.scalar(select(func.max(entry.place)).where(entry.number == row.number)) or 0
    _tell(connection, row.number, last, told, actor, origin, now)
    connection.execute(update(ticket).where(ticket.c.number == row.number).values(**values, updated_at=now))


def _tell(
    connection: Connection,
    number: str,
    after: int,
    told: Sequence[tuple[EntryKind, str]],
    actor: str,
    origin: str | None,
    now: float,
) -> None:
    rows = [
        {
            "number": number,
            "place": place,
            "actor": codec.clean(actor),
            "kind": kind,
            "text": codec.clean(text),
            "origin": origin,
            "created_at": now,
        }
        for place, (kind, text) in enumerate(told, start=after + 1)
    ]
    connection.execute(insert(ticket_entry), rows)


def _row(
    number: str, customer_id: str, home: str, case_id: str | None, new: NewTicket | OpenTicket, now: float
) -> dict[str, Any]:
    return {
        "number": number,
        "customer_id": customer_id,
        "conversation_id": home,
        "case_id": case_id,
        "subject": codec.clean(new.subject),
        "status": TicketStatus.OPEN,
        "priority": new.priority,
        "category": codec.cleaned(new.category),
        "created_at": now,
        "updated_at": now,
    }


def _here(holder: Holder) -> ColumnElement[bool]:
    return (ticket.c.customer_id == holder.customer_id) & (ticket.c.conversation_id == holder.conversation_id)


def _theirs(holder: Holder) -> ColumnElement[bool]:
    here = _here(holder)
    if not holder.private:
        return here
    all_theirs = ticket.c.customer_id.in_(person_of(holder.customer_id))
    return all_theirs if holder.verified else here | (all_theirs & is_linked(literal(holder.customer_id)))


def _read(connection: Connection, *wanted: ColumnElement[bool]) -> Ticket | None:
    return next(iter(read_tickets(connection, *wanted)), None)


def read_tickets(connection: Connection, *wanted: ColumnElement[bool]) -> list[Ticket]:
    """With their history, by number."""
    found: dict[str, list[TicketEntry]] = {}
    columns = ticket_entry.c
    rows = connection.execute(select(ticket).where(*wanted).order_by(ticket.c.number)).all()
    numbers = [row.number for row in rows]
    entries = select(ticket_entry).where(among(columns.number, "numbers")).order_by(columns.number, columns.place)
    for one in connection.execute(entries, {"numbers": numbers}) if rows else ():
        entry = TicketEntry(one.place, one.actor, EntryKind(one.kind), one.text, codec.when(one.created_at))
        found.setdefault(one.number, []).append(entry)
    return [replace(ticket_from(row), history=tuple(found.get(row.number, ()))) for row in rows]


def ticket_from(row: Row[Any]) -> Ticket:
    """Without its history."""
    return codec.from_row(
        Ticket,
        row,
        status=TicketStatus(row.status),
        priority=TicketPriority(row.priority),
        created_at=codec.when(row.created_at),
        updated_at=codec.when(row.updated_at),
        fields=codec.load(row.fields),
        history=(),
    )


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
