"""The schema. Times are seconds since 1970 (double precision), so that both databases compute with them alike.

There are no foreign keys on the message path: rows are written in the order conversation, message, outbox by one
transaction that holds the conversation's row lock, and a key check would take a second lock on that row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TEXT

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(kind: Any, *names: str, **options: Any) -> Iterator[Column[Any]]:
    """Columns of the primary key."""
    return (Column(name, kind, primary_key=True, **options) for name in names)


def required(kind: Any, *names: str, **options: Any) -> Iterator[Column[Any]]:
    """Columns that are never NULL."""
    return (Column(name, kind, nullable=False, **options) for name in names)


def optional(kind: Any, *names: str, **options: Any) -> Iterator[Column[Any]]:
    """Columns that may be NULL."""
    return (Column(name, kind, **options) for name in names)


def partial_index(name: str, *columns: Column[Any], where: str) -> Index:
    """An index of some rows alone, on both databases."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


customer = Table(
    "customer",
    metadata,
    *key(String(64), "id"),
    *required(Double, "created_at"),
    *optional(Text, "display_name", "email", "phone", "blocked", "memory"),
    *optional(String(35), "locale"),
)

identity = Table(
    "identity",
    metadata,
    *key(String(32), "channel"),
    *key(Text, "account", "external_id"),
    *key(Boolean, "verified"),
    *required(String(64), "customer_id", index=True),
    *required(Double, "created_at"),
)

identity_link = Table(
    "identity_link",
    metadata,
    *key(String(64), "customer_id"),
    *key(String(64), "other_id", index=True),
    *key(Double, "linked_at"),
    *required(String(32), "conversation_id"),
    *optional(Double, "unlinked_at"),
    *optional(Text, "unlinked_by"),
)
"""A row for each of the two sides. What was undone stays, to say when and by whom."""

conversation = Table(
    "conversation",
    metadata,
    *key(String(32), "id"),
    *required(String(32), "channel"),
    *required(Text, "account", "thread", "external_id"),
    *required(String(64), "customer_id", index=True),
    *required(String(16), "state"),
    *required(Integer, "epoch", "ownership_epoch", "last_seq", "done_seq", "event_cursor", "attempts"),
    *required(Double, "ready_at", "created_at"),
    *required(String(16), "audience", server_default="customer"),
    *required(Integer, "remembered_seq", server_default="0"),
    *optional(Text, "owner", "last_error", "escalation_reason", "road", "summary"),
    *optional(Double, "lease_until", "send_after", "ended_at", "reopen_until"),
    *optional(String(35), "locale"),
    *optional(String(16), "shared"),
)
partial_index("ix_conversation_pending", conversation.c.ready_at, where="done_seq < last_seq")
OF_STAFF = "audience = 'staff'"
partial_index("ix_conversation_of_staff", conversation.c.thread, where=OF_STAFF)
QUEUED_CONVERSATION = "state = 'queued'"
partial_index("ix_conversation_queued", conversation.c.state, where=QUEUED_CONVERSATION)
TO_REMEMBER = "remembered_seq < last_seq AND audience = 'customer' AND shared IS NULL"
partial_index("ix_conversation_to_remember", conversation.c.ready_at, where=TO_REMEMBER)

inbound_event = Table(
    "inbound_event",
    metadata,
    *key(Text, "event_key"),
    *required(String(16), "kind"),
    *required(String(32), "conversation_id", index=True),
    *required(Double, "received_at"),
    *optional(String(32), "message_id"),
    *optional(LargeBinary, "raw"),
)

message = Table(
    "message",
    metadata,
    *key(String(32), "id"),
    *required(String(32), "conversation_id"),
    *required(Integer, "seq"),
    *required(String(16), "author"),
    *required(Text, "text"),
    *required(Double, "sent_at", "created_at"),
    *optional(Text, "author_name", "citations", "meta"),
    *optional(String(16), "kind"),
    *optional(String(32), "action"),
    *optional(String(80), "turn_id"),
    *optional(Double, "edited_at", "deleted_at"),
    *optional(String(64), "customer_id"),
    UniqueConstraint("conversation_id", "seq"),
)
partial_index("ix_message_customer_id", message.c.customer_id, where="customer_id IS NOT NULL")

attachment = Table(
    "attachment",
    metadata,
    *key(String(64), "id"),
    *required(String(32), "conversation_id", index=True),
    *required(Text, "name", "media_type"),
    *required(Integer, "size"),
    *required(String(64), "sha256"),
    *required(Text, "storage_key", index=True),
    *required(String(16), "extraction"),
    *required(Double, "created_at"),
    *optional(String(32), "message_id", index=True),
    *optional(Text, "text", "error"),
)

outbox = Table(
    "outbox",
    metadata,
    *key(String(32), "id"),
    *required(String(32), "conversation_id", index=True),
    *required(String(32), "message_id", "channel"),
    *required(Integer, "seq", "ownership_epoch", "attempts", "parts_done"),
    *required(Text, "account"),
    *required(String(16), "author", "status"),
    *required(Text, "dedupe", unique=True),
    *required(Double, "due_at", "first_due_at"),
    *required(Boolean, "uncertain", "possible_duplicate"),
    *optional(Double, "lease_until", "settled_at"),
    *optional(String(32), "token"),
    *optional(Text, "receipts", "last_error", "thread", "address"),
)
OPEN_DELIVERY = "status IN ('due', 'sending')"
partial_index("ix_outbox_open", outbox.c.channel, outbox.c.account, outbox.c.due_at, where=OPEN_DELIVERY)
partial_index("ix_outbox_head", outbox.c.conversation_id, outbox.c.seq, where=OPEN_DELIVERY)
partial_index("ix_outbox_dead", outbox.c.settled_at, where="status = 'dead'")

tool_journal = Table(
    "tool_journal",
    metadata,
    *key(String(80), "turn_id"),
    *key(Text, "call_id"),
    *required(String(32), "conversation_id", index=True),
    *required(Integer, "step"),
    *required(Text, "name", "arguments"),
    *required(String(16), "status"),
    *required(Double, "created_at"),
    *optional(Text, "result"),
)

widget_event = Table(
    "widget_event",
    metadata,
    *key(String(32), "conversation_id"),
    *key(Integer, "cursor"),
    *required(String(16), "kind"),
    *required(Boolean, "provisional"),
    *required(Double, "created_at"),
    *optional(String(80), "turn_id"),
    *optional(Integer, "epoch"),
    *optional(String(32), "message_id"),
    *optional(Text, "dedupe", "body"),
    UniqueConstraint("conversation_id", "dedupe"),
)

feedback = Table(
    "feedback",
    metadata,
    *key(String(32), "message_id"),
    *required(String(32), "conversation_id"),
    *required(String(8), "rating"),
    *required(Double, "created_at"),
    *optional(Text, "comment"),
)

ownership_change = Table(
    "ownership_change",
    metadata,
    *key(String(32), "conversation_id"),
    *key(Integer, "ownership_epoch"),
    *required(String(32), "event"),
    *required(String(16), "from_state", "to_state"),
    *required(Double, "created_at"),
    *optional(Text, "owner", "reason", "actor"),
)

quarantine = Table(
    "quarantine",
    metadata,
    *key(String(32), "id"),
    *required(String(32), "channel"),
    *required(Text, "account", "headers", "reason"),
    *required(LargeBinary, "body"),
    *required(Double, "received_at"),
)

rate_limit = Table(
    "rate_limit",
    metadata,
    *key(Text, "key"),
    *required(Double, "next_free_at", "paused_until"),
    *required(Integer, "granted"),
)

model_use = Table(
    "model_use",
    metadata,
    *key(Double, "day"),
    *key(String(64), "customer_id", index=True),
    *key(String(32), "conversation_id"),
    *key(Text, "model"),
    *key(String(32), "task"),
    *required(BigInteger, "calls", "estimated_calls", "input_tokens", "cached_tokens", "output_tokens"),
    *required(Double, "cost"),
)

lane = Table(
    "lane",
    metadata,
    *key(String(32), "channel"),
    *key(Text, "account"),
    *required(Boolean, "paused"),
    *required(Double, "tried_at"),
)

channel_memory = Table(
    "channel_memory",
    metadata,
    *key(String(32), "channel"),
    *key(Text, "account"),
    *key(Text().with_variant(TEXT(collation="C"), "postgresql"), "key"),
    *required(Text, "value"),
    *required(Double, "updated_at"),
)

lease = Table(
    "lease",
    metadata,
    *key(Text, "name"),
    *required(Text, "holder"),
    *required(Double, "until"),
)

receipt = Table(
    "receipt",
    metadata,
    *key(String(32), "channel"),
    *key(Text, "account", "provider_id"),
    *required(Double, "created_at"),
    *optional(String(32), "delivery_id", "conversation_id"),
    *optional(String(32), "message_id", index=True),
    *optional(String(16), "status"),
    *optional(Text, "detail"),
    *optional(Double, "reported_at"),
)

reaction = Table(
    "reaction",
    metadata,
    *key(String(32), "message_id"),
    *key(Text, "external_id", "emoji"),
    *required(String(32), "conversation_id"),
    *required(Boolean, "present"),
    *required(Double, "sent_at"),
)

change = Table(
    "change",
    metadata,
    *key(String(32), "conversation_id"),
    *key(Integer, "seq"),
    *required(String(16), "kind"),
    *required(String(32), "message_id"),
    *required(Double, "created_at"),
    *optional(Text, "detail"),
)
