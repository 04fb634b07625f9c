"""What belongs to a customer: identities, conversations, messages and cases, where staff are told of them, what is exported of
it, what becomes of each table when it is erased, and who confirmed that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, func, or_, select, text

from core.domain.approvals import APPROVALS
from core.domain.case import DESK, side_thread
from core.domain.messages import Audience, Author
from core.ports.outcomes import CaseRecord, EraseCustomer
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, reads
from core.storage.desk_tables import (
    contact_route,
    desk_case,
    desk_note,
    follow_up,
    gap,
    rating,
    relay,
    ticket,
    ticket_entry,
)
from core.storage.links import person_of
from core.storage.tables import (
    OF_STAFF,
    OPEN_DELIVERY,
    attachment,
    change,
    channel_memory,
    conversation,
    customer,
    feedback,
    identity,
    identity_link,
    inbound_event,
    message,
    outbox,
    ownership_change,
    reaction,
    receipt,
    tool_journal,
    widget_event,
)
from core.storage.tickets import read_tickets

OF_CONVERSATION: tuple[Table, ...] = (
    *(widget_event, feedback, reaction, change, outbox, receipt, gap, tool_journal, message),
    *(follow_up, contact_route),
)
"""Tables of which all rows of an erased conversation go."""
OF_MESSAGE: Mapping[Table, tuple[str, ...]] = {
    **dict.fromkeys((widget_event, feedback, reaction, change, outbox, receipt, gap), ("message_id",)),
    relay: ("source_id", "target_id"),
    message: ("id",),
}
"""Tables of which all rows about an erased message go, by the columns that name it."""
KEPT: Mapping[Table, frozenset[str]] = {
    conversation: frozenset(
        {"id", "channel", "account", "epoch", "ownership_epoch", "last_seq", "done_seq", "event_cursor", "ready_at"}
        | {"created_at", "ended_at", "audience", "shared", "send_after", "state"}
    ),
    inbound_event: frozenset({"event_key", "kind", "conversation_id", "received_at"}),
    ownership_change: frozenset(
        {"conversation_id", "ownership_epoch", "event", "from_state", "to_state", "owner", "actor", "created_at"}
    ),
    desk_case: frozenset({"id", "conversation_id", "number", "requested_by", "urgency", "opened_at", "closed_at"}),
    rating: frozenset({"case_id", "conversation_id", "score", "created_at"}),
    attachment: frozenset({"id", "conversation_id", "size", "storage_key", "extraction"}),
    message: frozenset({"id", "conversation_id", "seq", "author", "kind", "turn_id", "sent_at", "created_at"}),
}
"""Columns that keep their values where a row stays. All others are emptied, also those that a later version adds.

The rows of ``message`` that stay are those in threads of staff: what staff were shown or wrote about a case. The daily sweep
deletes the file of an ``attachment`` that names no message any more.
"""
BY_MESSAGE = (feedback, reaction, receipt)
"""Tables in which rows are found by their message, and not by its conversation."""
BY_CONVERSATION = (widget_event, change, outbox, inbound_event)
"""Tables in which they are found by the conversation, and not by the message."""

_PAGE = 200
_MOST_PARTS = 8
"""Places in a name at which the id on the channel may begin; accounts and ids have colons of their own."""

_NOTE = {"channel": "erasure", "account": ""}
_MOST = 20
EXPORTED: Mapping[Table, tuple[str, ...]] = {
    identity: ("channel", "account", "external_id", "verified", "customer_id", "created_at"),
    customer: ("id", "display_name", "email", "phone", "locale", "created_at", "memory"),
    identity_link: ("customer_id", "other_id", "linked_at", "conversation_id", "unlinked_at"),
    conversation: (
        *("id", "channel", "account", "thread", "customer_id", "external_id", "state", "locale", "created_at"),
        *("ended_at", "road", "shared", "summary"),
    ),
    desk_case: ("id", "conversation_id", "number", "urgency", "opened_at", "closed_at"),
    rating: ("case_id", "conversation_id", "score", "comment", "created_at"),
    message: (
        *("id", "conversation_id", "seq", "author", "author_name", "kind", "action", "text", "citations", "sent_at"),
        *("created_at", "edited_at", "deleted_at", "customer_id"),
    ),
    attachment: (
        *("id", "conversation_id", "message_id", "name", "media_type", "size", "sha256", "storage_key"),
        *("extraction", "text", "created_at"),
    ),
    feedback: ("message_id", "conversation_id", "rating", "comment", "created_at"),
    reaction: ("message_id", "emoji", "conversation_id", "present", "sent_at"),
    ticket: (
        *("number", "customer_id", "conversation_id", "subject", "status", "priority", "category", "created_at"),
        "updated_at",
    ),
    ticket_entry: ("number", "actor", "kind", "text", "created_at"),
}
"""The columns of each table that are exported. Left out: reasons, notes and names of staff, who else is in a conversation, and
the hub's own counters."""
WITH_OTHERS = frozenset({"customer_id", "external_id", "locale", "road", "summary"})
"""Of a conversation that others write in as well: columns that tell of whoever began it, or of everybody."""


@dataclass(frozen=True, slots=True)
class Person:
    """``ids``: the customers that somebody is. ``addresses``: their identities, as channel, account and id there."""

    ids: tuple[str, ...]
    addresses: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class PersonalScope:
    """Ids of what belongs to a person. ``whole``: conversations in which nobody else writes. ``shared``: the others, with whom
    each goes on, None where somebody else began it. ``told``: conversations of staff about the person's cases.
    """

    person: Person
    whole: Sequence[str]
    shared: Mapping[str, tuple[str, str] | None]
    cases: Sequence[str]
    messages: Sequence[str]
    told: Sequence[str]


class SeveralCustomersError(Exception):
    """An address is that of several customers whom no code links. ``names``: their identities, each to be asked for by itself."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("Several customers have this address.")
        self.names = names


def find_person(connection: Connection, address: str, *, only: bool) -> Person:
    """Whose identity this address is; what somebody only wrote down as theirs is nobody's identity.

    Raises SeveralCustomersError, so that nobody is shown or erased with a stranger who has the same id elsewhere, or who wrote in
    their name.
    """
    meant = _identities(connection, codec.clean(address))
    found = sorted({row.customer_id for row in meant})
    people = {frozenset((one,) if only else connection.scalars(person_of(one))) for one in found}
    if len(people) > 1:
        raise SeveralCustomersError([identity_names(row)[-1] for row in meant])
    return person_with_addresses(connection, people.pop() if people else ())


def person_with_addresses(connection: Connection, ids: Collection[str] | Select[Any]) -> Person:
    """These customers as one person, with all their identities."""
    known = tuple(sorted(connection.scalars(ids) if isinstance(ids, Select) else ids))
    columns = identity.c
    rows = connection.execute(
        select(columns.channel, columns.account, columns.external_id)
        .where(columns.customer_id.in_(known))
        .distinct()
        .order_by(columns.channel, columns.account, columns.external_id)
    )
    return Person(known, tuple((row.channel, row.account, row.external_id) for row in rows))


def identity_names(row: Any) -> tuple[str, ...]:
    """What an operator may call this row of ``identity``, the last one without any doubt."""
    place = f"{row.channel}:{row.account}:{row.external_id}"
    proof = "verified" if row.verified else "unverified"
    return row.external_id, f"{row.channel}:{row.external_id}", place, f"{place}:{proof}"


def _identities(connection: Connection, address: str) -> Sequence[Row[Any]]:
    """Those of that name; a mail address in whatever letters, unless one is spelled alike."""
    stem, _, proof = address.rpartition(":")
    parts = [one.split(":") for one in (address, *([stem] if proof in ("verified", "unverified") else []))]
    ends = {":".join(one[place:]) for one in parts for place in range(min(len(one), _MOST_PARTS))}
    ends |= {one.lower() for one in ends if "@" in one}
    wanted = select(identity).where(identity.c.external_id.in_(ends)).order_by(*identity.primary_key.columns)
    rows = connection.execute(wanted).all()
    spelled_alike = [row for row in rows if address in identity_names(row)]
    lowered = address.lower()
    return spelled_alike or [
        row for row in rows if "@" in row.external_id and lowered in map(str.lower, identity_names(row))
    ]


def find_scope(connection: Connection, person: Person) -> PersonalScope:
    author = func.coalesce(message.c.customer_id, conversation.c.customer_id)
    joined = message.join(conversation, conversation.c.id == message.c.conversation_id)
    customers = conversation.c.audience == Audience.CUSTOMER
    begun = set(
        connection.scalars(select(conversation.c.id).where(conversation.c.customer_id.in_(person.ids), customers))
    )
    wrote = select(message.c.conversation_id).where(message.c.customer_id.in_(person.ids)).distinct()
    homes = {"ids": sorted(begun | set(connection.scalars(wrote)))}
    ours = connection.execute(
        select(message.c.id).select_from(joined).where(among(conversation.c.id, "ids"), author.in_(person.ids)), homes
    )
    messages = [row.id for row in ours]
    others = connection.execute(
        select(message.c.conversation_id, message.c.customer_id, identity.c.external_id)
        .join(identity, identity.c.customer_id == message.c.customer_id)
        .where(
            among(message.c.conversation_id, "ids"),
            message.c.author == Author.CUSTOMER,
            message.c.customer_id.not_in(person.ids),
        )
        .order_by(message.c.seq),
        homes,
    )
    heirs = {row.conversation_id: (row.customer_id, row.external_id) for row in others}
    shared = {key: heirs.get(key) if key in begun else None for key in homes["ids"] if key not in begun or key in heirs}
    whole = [key for key in homes["ids"] if key not in shared]
    own = select(desk_case.c.id).where(among(desk_case.c.conversation_id, "ids"))
    of_tickets = select(ticket.c.case_id).where(ticket.c.customer_id.in_(person.ids), ticket.c.case_id.is_not(None))
    cases = sorted({*connection.scalars(own, {"ids": whole}), *connection.scalars(of_tickets)})
    return PersonalScope(
        person, whole, shared, cases, messages, _staff_conversations(connection, cases, messages, homes["ids"])
    )


def _staff_conversations(
    connection: Connection, cases: Sequence[str], messages: Sequence[str], homes: Sequence[str]
) -> list[str]:
    """The conversations in which staff are told of the cases, and those in which they write about them."""
    feeds = select(conversation.c.id).where(text(OF_STAFF), among(conversation.c.thread, "threads"))
    found = set(connection.scalars(feeds, {"threads": [*cases, *(side_thread(APPROVALS, one) for one in cases)]}))
    noted = select(desk_note.c.conversation_id).where(among(desk_note.c.case_id, "cases"))
    found |= set(connection.scalars(noted, {"cases": list(cases)}))
    passed_on = (
        select(message.c.conversation_id)
        .join(relay, relay.c.source_id == message.c.id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(among(relay.c.target_id, "ids"), conversation.c.audience == Audience.STAFF)
    )
    found |= set(connection.scalars(passed_on, {"ids": list(messages)}))
    roots = (
        select(receipt.c.provider_id)
        .join(message, message.c.id == receipt.c.message_id)
        .where(receipt.c.channel == DESK, among(message.c.conversation_id, "feeds"))
        .distinct()
    )
    ends = [str(one).removeprefix("m/") for one in connection.scalars(roots, {"feeds": sorted(found)})]
    for place in range(0, len(ends), _PAGE):
        like = [conversation.c.thread.like(f"%/{end}%") for end in ends[place : place + _PAGE]]
        threads = select(conversation.c.id).where(text(OF_STAFF), or_(*like))
        found |= set(connection.scalars(threads))
    return sorted(found - set(homes))


def keep_erasures(connection: Connection, database: Database, records: Iterable[CaseRecord], now: float) -> None:
    """Note what is to be erased after the commit; the same again changes nothing."""
    for one in records:
        if isinstance(one, EraseCustomer):
            value = codec.dump({"conversation": one.conversation_id, "proven": one.proven})
            row = {**_NOTE, "key": one.customer_id, "value": value, "updated_at": now}
            connection.execute(database.insert_new(channel_memory), row)


def take_erasure(connection: Connection, customer_id: str) -> EraseCustomer | None:
    """Delete the note and return it; None where another process took it."""
    taken = delete(channel_memory).where(_is_note(), channel_memory.c.key == customer_id)
    value = connection.scalar(taken.returning(channel_memory.c.value))
    if value is None:
        return None
    noted = codec.load(value)
    return EraseCustomer(str(noted["conversation"]), customer_id, proven=bool(noted["proven"]))


class SqlConfirmedErasures(OnDatabase):
    """What is to be erased."""

    @reads
    def due_erasures(self, connection: Connection, pause: float, longest: float) -> Sequence[str]:
        """Ids of customers to erase: confirmed ``pause`` seconds ago and the answer sent, or confirmed ``longest`` ago."""
        now = self.database.timestamp()
        columns = channel_memory.c
        noted = select(columns.key, columns.value, columns.updated_at).where(
            _is_note(), columns.updated_at <= now - pause
        )
        rows = connection.execute(noted.order_by(columns.key).limit(_MOST)).all()
        return [row.key for row in rows if row.updated_at <= now - longest or not _still_sends(connection, row.value)]


def _is_note() -> ColumnElement[bool]:
    return and_(*(channel_memory.c[name] == value for name, value in _NOTE.items()))


def _still_sends(connection: Connection, value: str) -> bool:
    here = outbox.c.conversation_id == codec.load(value)["conversation"]
    return connection.execute(select(outbox.c.id).where(here, text(OPEN_DELIVERY)).limit(1)).first() is not None


def exported(connection: Connection, person: Person) -> list[tuple[str, dict[str, Any]]]:
    """Rows by their table's name. Nothing that staff say among themselves."""
    scope = find_scope(connection, person)
    places: dict[Table, tuple[ColumnElement[Any], Sequence[str]]] = {
        identity: (identity.c.customer_id, person.ids),
        customer: (customer.c.id, person.ids),
        identity_link: (identity_link.c.customer_id, person.ids),
        conversation: (conversation.c.id, [*scope.whole, *scope.shared]),
        desk_case: (desk_case.c.id, scope.cases),
        rating: (rating.c.case_id, scope.cases),
        message: (message.c.id, scope.messages),
        attachment: (attachment.c.message_id, scope.messages),
        feedback: (feedback.c.message_id, scope.messages),
        reaction: (reaction.c.message_id, scope.messages),
    }
    rows: list[tuple[str, dict[str, Any]]] = []
    for table, (column, ids) in places.items():
        listed = select(*(table.c[name] for name in EXPORTED[table])).order_by(*table.primary_key.columns)
        found = connection.execute(listed.where(among(column, "ids")), {"ids": list(ids)})
        rows += [(table.name, dict(row)) for row in found.mappings()]
    for kind, row in rows:
        if kind == conversation.name and row["id"] in scope.shared:
            row.update(dict.fromkeys(WITH_OTHERS))
    return rows + _tickets(connection, person)


def _tickets(connection: Connection, person: Person) -> list[tuple[str, dict[str, Any]]]:
    rows: list[tuple[str, dict[str, Any]]] = []
    for held in read_tickets(connection, ticket.c.customer_id.in_(person.ids)):
        shown = held.for_customer()
        rows.append((ticket.name, {name: getattr(shown, name) for name in EXPORTED[ticket]}))
        for one in shown.history:
            values = shown.number, one.actor, str(one.kind), one.text, one.at
            rows.append((ticket_entry.name, dict(zip(EXPORTED[ticket_entry], values, strict=True))))
    return rows
