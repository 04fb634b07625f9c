"""What a customer is given of what is kept of them: the columns that are theirs, and tickets as they may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from core.storage.among import among
from core.storage.desk_tables import desk_case, rating, ticket, ticket_entry
from core.storage.personal_scope import Person, find_scope
from core.storage.tables import attachment, conversation, customer, feedback, identity, identity_link, message, reaction
from core.storage.tickets import read_tickets

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
