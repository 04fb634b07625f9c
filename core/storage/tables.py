"""The schema. Times are seconds since 1970 (double precision), so that both databases compute with them alike.

There are no foreign keys on the message path: rows are written in the order conversation, message, outbox by one
transaction that holds the conversation's row lock, and a key check would take a second lock on that row.
"""

from __future__ import annotations

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


def partial_index(name: str, *columns: Column[Any], where: str) -> Index:
    """An index of some rows alone, on both databases."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


customer = Table(
    "customer",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("display_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("locale", String(35)),
    Column("created_at", Double, nullable=False),
    Column("blocked", Text),
    Column("memory", Text),
)

identity = Table(
    "identity",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("verified", Boolean, primary_key=True),
    Column("customer_id", String(64), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
)

identity_link = Table(
    "identity_link",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    Column("other_id", String(64), primary_key=True, index=True),
    Column("linked_at", Double, primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("unlinked_at", Double),
    Column("unlinked_by", Text),
)
"""A row for each of the two sides. What was undone stays, to say when and by whom."""

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("account", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("customer_id", String(64), nullable=False, index=True),
    Column("external_id", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", Text),
    Column("epoch", Integer, nullable=False),
    Column("ownership_epoch", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("done_seq", Integer, nullable=False),
    Column("event_cursor", Integer, nullable=False),
    Column("ready_at", Double, nullable=False),
    Column("lease_until", Double),
    Column("send_after", Double),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("locale", String(35)),
    Column("escalation_reason", Text),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("audience", String(16), nullable=False, server_default="customer"),
    Column("reopen_until", Double),
    Column("road", Text),
    Column("shared", String(16)),
    Column("summary", Text),
    Column("remembered_seq", Integer, nullable=False, server_default="0"),
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
    Column("event_key", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("message_id", String(32)),
    Column("raw", LargeBinary),
    Column("received_at", Double, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("author", String(16), nullable=False),
    Column("author_name", Text),
    Column("kind", String(16)),
    Column("action", String(32)),
    Column("text", Text, nullable=False),
    Column("citations", Text),
    Column("meta", Text),
    Column("turn_id", String(80)),
    Column("sent_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("edited_at", Double),
    Column("deleted_at", Double),
    Column("customer_id", String(64)),
    UniqueConstraint("conversation_id", "seq"),
)
partial_index("ix_message_customer_id", message.c.customer_id, where="customer_id IS NOT NULL")

attachment = Table(
    "attachment",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("message_id", String(32), index=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("storage_key", Text, nullable=False, index=True),
    Column("extraction", String(16), nullable=False),
    Column("text", Text),
    Column("error", Text),
    Column("created_at", Double, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("message_id", String(32), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("account", Text, nullable=False),
    Column("author", String(16), nullable=False),
    Column("ownership_epoch", Integer, nullable=False),
    Column("dedupe", Text, nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("due_at", Double, nullable=False),
    Column("first_due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Double),
    Column("token", String(32)),
    Column("parts_done", Integer, nullable=False),
    Column("uncertain", Boolean, nullable=False),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("receipts", Text),
    Column("last_error", Text),
    Column("settled_at", Double),
    Column("thread", Text),
    Column("address", Text),
)
OPEN_DELIVERY = "status IN ('due', 'sending')"
partial_index("ix_outbox_open", outbox.c.channel, outbox.c.account, outbox.c.due_at, where=OPEN_DELIVERY)
partial_index("ix_outbox_head", outbox.c.conversation_id, outbox.c.seq, where=OPEN_DELIVERY)
partial_index("ix_outbox_dead", outbox.c.settled_at, where="status = 'dead'")

tool_journal = Table(
    "tool_journal",
    metadata,
    Column("turn_id", String(80), primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("result", Text),
    Column("created_at", Double, nullable=False),
)

widget_event = Table(
    "widget_event",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("cursor", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("turn_id", String(80)),
    Column("epoch", Integer),
    Column("message_id", String(32)),
    Column("dedupe", Text),
    Column("provisional", Boolean, nullable=False),
    Column("body", Text),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("conversation_id", "dedupe"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("rating", String(8), nullable=False),
    Column("comment", Text),
    Column("created_at", Double, nullable=False),
)

ownership_change = Table(
    "ownership_change",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("ownership_epoch", Integer, primary_key=True),
    Column("event", String(32), nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("owner", Text),
    Column("reason", Text),
    Column("created_at", Double, nullable=False),
    Column("actor", Text),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("account", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", Double, nullable=False),
)

rate_limit = Table(
    "rate_limit",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next_free_at", Double, nullable=False),
    Column("paused_until", Double, nullable=False),
    Column("granted", Integer, nullable=False),
)

model_use = Table(
    "model_use",
    metadata,
    Column("day", Double, primary_key=True),
    Column("customer_id", String(64), primary_key=True, index=True),
    Column("conversation_id", String(32), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("task", String(32), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("estimated_calls", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Double, nullable=False),
)

lane = Table(
    "lane",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("tried_at", Double, nullable=False),
)

channel_memory = Table(
    "channel_memory",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("key", Text().with_variant(TEXT(collation="C"), "postgresql"), primary_key=True),
    Column("value", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Double, nullable=False),
)

receipt = Table(
    "receipt",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("delivery_id", String(32)),
    Column("conversation_id", String(32)),
    Column("message_id", String(32), index=True),
    Column("status", String(16)),
    Column("detail", Text),
    Column("reported_at", Double),
    Column("created_at", Double, nullable=False),
)

reaction = Table(
    "reaction",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("present", Boolean, nullable=False),
    Column("sent_at", Double, nullable=False),
)

change = Table(
    "change",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("message_id", String(32), nullable=False),
    Column("detail", Text),
    Column("created_at", Double, nullable=False),
)
