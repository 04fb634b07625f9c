"""Everything that is kept of a customer: shown to operators, and erased.

All of it goes in one transaction, under the locks that turns, deliveries and new messages take, so that a process that is
killed in the middle has erased nothing. What stays has no content: the row of a conversation keeps its counters, so that no
event is answered twice and no cursor goes back; an event keeps its key. A table that is not named here holds nothing of
customers (tests/contract/stores/test_personal_schema.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Row,
    Table,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from core.domain.case import DESK, Case
from core.domain.conversation import OwnershipState
from core.domain.keys import ConversationKey
from core.domain.learning import LearningState
from core.ports.outcomes import CrossConversationWrite, NewMessage
from core.ports.tickets import Holder
from core.storage.among import among
from core.storage.cases import case_from
from core.storage.database import OnDatabase, reads, writes
from core.storage.desk_tables import (
    contacted,
    desk_case,
    desk_timer,
    gap,
    gap_cluster,
    learned_answer,
    rating,
    ticket,
    ticket_entry,
)
from core.storage.links import person_of, proves_here
from core.storage.personal_scope import (
    BY_CONVERSATION,
    BY_MESSAGE,
    KEPT,
    OF_CONVERSATION,
    OF_MESSAGE,
    Person,
    PersonalScope,
    exported,
    find_person,
    find_scope,
    person_with_addresses,
    take_erasure,
)
from core.storage.tables import (
    attachment,
    change,
    channel_memory,
    conversation,
    customer,
    identity,
    identity_link,
    inbound_event,
    message,
    model_use,
    outbox,
    ownership_change,
    reaction,
    tool_journal,
)
from core.storage.turn_writes import Writes
from core.storage.turns import lock_conversations
from core.storage.unread import erase_unread

log = structlog.get_logger(__name__)

ClosingPosts = Callable[[Case], Sequence[NewMessage]]
"""What staff are told in the thread of an open case that is erased."""
ThreadNoteWithout = Callable[[str, Collection[str]], str | None]
"""What a channel notes of a thread, without these addresses; None where nobody else takes part in it."""

_PAGE = 200
_NOTES = ("window", "name", "thread")
"""Kinds of notes whose key ends in an address or a thread. What a telephone has said about being written to stays: it keeps us
from writing to it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased; ``open_cases``: those that staff were told of. ``unread``: ids of events that could not be read and
    name an address of theirs, and that somebody else may have sent.
    """

    identities: tuple[str, ...] = ()
    conversations: int = 0
    messages: int = 0
    open_cases: int = 0
    unread: tuple[str, ...] = ()


class SqlPersonal(OnDatabase):
    """What operators, and customers themselves, ask of a customer's data."""

    @reads
    def export_customer(
        self, connection: Connection, address: str, *, only: bool
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Rows by their table's name. Nothing that staff say among themselves. Raises SeveralCustomersError."""
        return exported(connection, find_person(connection, address, only=only))

    @writes
    def erase_customer(
        self,
        connection: Connection,
        address: str,
        closing: ClosingPosts,
        note_without: ThreadNoteWithout,
        by: str,
        *,
        only: bool,
    ) -> Erased:
        """Once more erases nothing more: what would be found is not there. Raises SeveralCustomersError, with nothing erased."""
        person = find_person(connection, address, only=only)
        return _erase(connection, self, person, closing, note_without, by) if person.ids else Erased()

    @writes
    def erase_confirmed(
        self, connection: Connection, customer_id: str, closing: ClosingPosts, note_without: ThreadNoteWithout
    ) -> Erased | None:
        """What a customer confirmed, once: the note of it goes in the same transaction. None where somebody else has done it."""
        record = take_erasure(connection, customer_id)
        if record is None:
            return None
        here = Holder(customer_id, record.conversation_id, record.proven)
        linked = bool(connection.scalar(select(proves_here(here))))
        person = person_with_addresses(connection, person_of(customer_id) if linked else [customer_id])
        return _erase(connection, self, person, closing, note_without, "customer") if person.addresses else Erased()


def _erase(
    connection: Connection,
    store: OnDatabase,
    person: Person,
    closing: ClosingPosts,
    note_without: ThreadNoteWithout,
    by: str,
) -> Erased:
    """The identities go first: whoever writes now with one of them waits for the end of this, and is somebody new then."""
    connection.execute(delete(identity).where(identity.c.customer_id.in_(person.ids)))
    connection.execute(select(customer.c.id).where(customer.c.id.in_(person.ids)).with_for_update())
    scope = find_scope(connection, person)
    lock_conversations(connection, [*scope.whole, *scope.shared, *scope.told])
    scope = find_scope(connection, person)  # with what was written before the locks were held
    rows = lock_conversations(connection, [*scope.whole, *scope.shared, *scope.told])
    opened = connection.execute(
        select(desk_case).where(among(desk_case.c.id, "ids"), desk_case.c.closed_at.is_(None)), {"ids": scope.cases}
    ).all()
    now = store.database.timestamp()
    _erase_cases(connection, scope, now)
    _erase_said(connection, scope)
    _erase_learned(connection, scope)
    _leave_conversations(connection, scope, {row.conversation_id for row in opened})
    unsure = _erase_addresses(connection, person, [rows[key].thread for key in scope.whole])
    _leave_threads(connection, person, [rows[key] for key in scope.shared], note_without)
    of_person = (
        (identity_link, "customer_id"),
        (identity_link, "other_id"),
        (model_use, "customer_id"),
        (customer, "id"),
    )
    for table, column in of_person:
        connection.execute(delete(table).where(table.c[column].in_(person.ids)))
    told = _tell_staff(connection, store, [case_from(row) for row in opened], rows.values(), closing, now)
    log.info(
        "customer.erased",
        customers=person.ids,
        conversations=len(scope.whole) + len(scope.shared),
        messages=len(scope.messages),
        open_cases=told,
        by=by,
    )
    identities = tuple(f"{channel}:{external_id}" for channel, _, external_id in person.addresses)
    return Erased(identities, len(scope.whole) + len(scope.shared), len(scope.messages), told, tuple(unsure))


def _emptied(table: Table, **values: Any) -> dict[str, Any]:
    kept = KEPT[table]
    return {one.name: _nothing(one) for one in table.c if one.name not in kept} | values


def _nothing(column: Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, Boolean):
        return False
    return 0 if isinstance(column.type, Integer | Float) else ""


def _empty(connection: Connection, table: Table, column: str, ids: Sequence[str], **values: Any) -> None:
    if ids:
        emptied = update(table).where(among(table.c[column], "ids")).values(_emptied(table, **values))
        connection.execute(emptied, {"ids": list(ids)})


def _remove(connection: Connection, table: Table, column: str, ids: Sequence[str]) -> None:
    if ids:
        connection.execute(delete(table).where(among(table.c[column], "ids")), {"ids": list(ids)})


def _remove_conversations(connection: Connection, table: Table, ids: Sequence[str]) -> None:
    """While their messages are there: by these it is found in tables that have no index of conversations."""
    said = select(message.c.id).where(among(message.c.conversation_id, "ids"))
    theirs = table.c.message_id.in_(said) if table in BY_MESSAGE else among(table.c.conversation_id, "ids")
    if ids:
        connection.execute(delete(table).where(theirs), {"ids": list(ids)})


def _of_messages(table: Table, column: str) -> tuple[ColumnElement[bool], ...]:
    """Rows about the messages ``ids``; where these have no index, among those of the conversations ``homes`` alone."""
    named = among(table.c[column], "ids")
    return (named, among(table.c.conversation_id, "homes")) if table in BY_CONVERSATION else (named,)


def _erase_cases(connection: Connection, scope: PersonalScope, now: float) -> None:
    _remove(connection, desk_timer, "case_id", scope.cases)
    theirs = select(ticket.c.number).where(ticket.c.customer_id.in_(scope.person.ids))
    connection.execute(delete(ticket_entry).where(ticket_entry.c.number.in_(theirs)))
    connection.execute(delete(ticket).where(ticket.c.customer_id.in_(scope.person.ids)))
    closed = func.coalesce(desk_case.c.closed_at, now)
    _empty(connection, desk_case, "id", scope.cases, closed_at=closed)
    _empty(connection, rating, "case_id", scope.cases)
    undecided = among(learned_answer.c.case_id, "ids"), learned_answer.c.state != LearningState.APPROVED
    connection.execute(delete(learned_answer).where(*undecided), {"ids": list(scope.cases)})


def _erase_said(connection: Connection, scope: PersonalScope) -> None:
    """Turns of shared conversations are named by the messages in which they ended."""
    turns = connection.scalars(
        select(message.c.turn_id).where(among(message.c.id, "ids"), message.c.turn_id.is_not(None)),
        {"ids": list(scope.messages)},
    ).all()
    _remove(connection, tool_journal, "turn_id", turns)
    _empty(connection, attachment, "message_id", scope.messages)
    _empty(connection, attachment, "conversation_id", [*scope.whole, *scope.told])
    _forget_copies(connection)
    of_messages = {"ids": list(scope.messages), "homes": [*scope.whole, *scope.shared]}
    emptied = update(inbound_event).where(*_of_messages(inbound_event, "message_id"))
    connection.execute(emptied.values(_emptied(inbound_event)), of_messages)
    _empty(connection, inbound_event, "conversation_id", [*scope.whole, *scope.told], message_id=None)
    _empty(connection, ownership_change, "conversation_id", [*scope.whole, *map(Case.home, scope.cases)])
    _remove(connection, change, "conversation_id", scope.told)
    _remove(connection, outbox, "conversation_id", scope.told)
    _remove(connection, tool_journal, "conversation_id", scope.told)
    _empty(connection, message, "conversation_id", scope.told)
    for table, columns in OF_MESSAGE.items():
        for column in columns:
            connection.execute(delete(table).where(*_of_messages(table, column)), of_messages)
    for table in OF_CONVERSATION:
        _remove_conversations(connection, table, scope.whole)


def _forget_copies(connection: Connection) -> None:
    """A file that another row still shows belongs to somebody else: the sweep must not find it and delete its bytes."""
    shown = attachment.alias("shown")
    same = shown.c.storage_key == attachment.c.storage_key, shown.c.message_id.is_not(None)
    is_shown = select(shown.c.id).where(*same).exists()
    connection.execute(delete(attachment).where(attachment.c.message_id.is_(None), is_shown))


def _erase_learned(connection: Connection, scope: PersonalScope) -> None:
    """Of questions that were not answered, a group is worded as its first: another one's words stand for it from now on."""
    for place in range(0, len(scope.messages), _PAGE):
        named = gap_cluster.c.id.in_(scope.messages[place : place + _PAGE])
        other = select(func.min(gap.c.asked)).where(gap.c.cluster_id == gap_cluster.c.id).scalar_subquery()
        connection.execute(delete(gap_cluster).where(named, other.is_(None)))
        connection.execute(update(gap_cluster).where(named).values(question=other))


def _leave_conversations(connection: Connection, scope: PersonalScope, closing: Collection[str]) -> None:
    """End the turns under way, and give conversations in which others write to these. ``closing``: those with an open case.

    Only closing a case raises the ownership epoch of a shared conversation: that withholds all answers of the agent's that
    wait there, also those to others.
    """
    columns = conversation.c
    with_people = columns.state.in_((OwnershipState.QUEUED, OwnershipState.STAFF))
    fenced: dict[str, Any] = {"epoch": columns.epoch + 1, "lease_until": None}
    closed = {
        "state": case((with_people, str(OwnershipState.RESOLVED)), else_=columns.state),
        "ownership_epoch": columns.ownership_epoch + 1,
    }
    handled = {"done_seq": columns.last_seq, "remembered_seq": columns.last_seq}
    _empty(connection, conversation, "id", scope.whole, **fenced, **closed, **handled)
    for key, heir in scope.shared.items():
        values = fenced | {"escalation_reason": None, "last_error": None, "summary": None}
        if key in closing:
            values |= closed | {"owner": None}
        if heir is not None:
            values |= {"customer_id": heir[0], "external_id": heir[1], "road": None, "locale": None}
        connection.execute(update(conversation).where(columns.id == key).values(values))


def _erase_addresses(connection: Connection, person: Person, threads: Iterable[str]) -> list[str]:
    """What channels note of an address or a thread, and events of it that could not be read. Returns the ids of events that only
    name an address."""
    known = connection.execute(select(customer.c.email, customer.c.phone).where(customer.c.id.in_(person.ids))).all()
    given = {value for row in known for value in row if value} | {external_id for *_, external_id in person.addresses}
    connection.execute(delete(contacted).where(contacted.c.address.in_(given)))
    places = sorted({(channel, account) for channel, account, _ in person.addresses})
    where = tuple_(channel_memory.c.channel, channel_memory.c.account).in_(places)
    place = tuple_(conversation.c.channel, conversation.c.account).in_(places)
    there = select(conversation.c.id).where(conversation.c.id == reaction.c.conversation_id, place).exists()
    reacted = reaction.c.external_id.in_({one[2] for one in person.addresses})
    connection.execute(delete(reaction).where(reacted, there))
    key = channel_memory.c.key
    for name in sorted({*(one[2] for one in person.addresses), *threads}):
        noted = or_(*(key == f"{kind}/{name}" for kind in _NOTES), key.startswith(f"home/{name}/", autoescape=True))
        connection.execute(delete(channel_memory).where(where, noted))
    columns = identity.c
    same = (
        select(columns.customer_id).where(
            columns.channel == channel, columns.account == account, columns.external_id == external_id
        )
        for channel, account, external_id in person.addresses
    )
    found = (connection.execute(one.limit(1)).first() for one in same)
    others = {one for one, row in zip(person.addresses, found, strict=True) if row is not None}
    unread = (erase_unread(connection, *one, is_theirs_alone=one not in others) for one in person.addresses)
    return sorted({id for ids in unread for id in ids})


def _leave_threads(
    connection: Connection, person: Person, rows: Iterable[Row[Any]], note_without: ThreadNoteWithout
) -> None:
    """Rewrite what channels note of the threads in which others write on, so that these are still answered."""
    columns, addresses = channel_memory.c, {external_id for *_, external_id in person.addresses}
    for row in rows:
        key = columns.channel == row.channel, columns.account == row.account, columns.key == f"thread/{row.thread}"
        note = connection.scalar(select(columns.value).where(*key).with_for_update())
        left = note_without(note, addresses) if note is not None else None
        changed = delete(channel_memory) if left is None else update(channel_memory).values(value=left)
        connection.execute(changed.where(*key))


def _tell_staff(
    connection: Connection,
    store: OnDatabase,
    cases: Sequence[Case],
    rows: Iterable[Any],
    closing: ClosingPosts,
    now: float,
) -> int:
    """Whoever works on an open case reads that it ended. How many cases that were."""
    feeds = [row for row in rows if row.channel == DESK]
    cross_writes = [
        CrossConversationWrite(ConversationKey(DESK, feed.account, feed.thread), tuple(closing(one)))
        for one in cases
        for feed in feeds
        if feed.thread == one.id
    ]
    writes = Writes(now)
    writes.cross_writes({feed.id: feed for feed in feeds}, cross_writes)
    writes.commit(connection, store.database)
    return len(cases)
