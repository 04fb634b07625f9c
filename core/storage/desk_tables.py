"""The schema of the desk: cases, tickets, what was passed on between customers and staff, and by which routes (ADR 9).

Of tickets, ``ticket_day`` counts; ``ticket_number`` says what each number was given for, even before its ticket. What was not
answered has one row in ``gap`` for each message of a customer's; a cluster is named after its first.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint

from core.storage.tables import metadata, partial_index

desk_case = Table(
    "desk_case",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", String(32), nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("closed_at", Double),
    UniqueConstraint("conversation_id", "number"),
)

desk_timer = Table(
    "desk_timer",
    metadata,
    Column("case_id", String(48), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("stage", Integer, nullable=False),
    Column("token", String(32), nullable=False),
    Column("detail", Text),
    Column("set_at", Double, nullable=False),
    Column("due_at", Double, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
)

relay = Table(
    "relay",
    metadata,
    Column("source_id", String(32), primary_key=True),
    Column("target_id", String(32), nullable=False, index=True),
    Column("shown", String(16)),
    Column("news_at", Double),
)
IS_NEWS = "news_at IS NOT NULL"
partial_index("ix_relay_news", relay.c.news_at, where=IS_NEWS)

learned_answer = Table(
    "learned_answer",
    metadata,
    Column("case_id", String(48), primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text),
    Column("created_at", Double, nullable=False),
    Column("decided_at", Double),
)

rating = Table(
    "rating",
    metadata,
    Column("case_id", String(48), primary_key=True),
    Column("conversation_id", String(32), nullable=False),
    Column("score", Integer, nullable=False),
    Column("comment", Text),
    Column("created_at", Double, nullable=False),
)

desk_note = Table(
    "desk_note",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("case_id", String(48), nullable=False, index=True),
    Column("conversation_id", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

ticket_day = Table(
    "ticket_day",
    metadata,
    Column("day", String(8), primary_key=True),
    Column("last", Integer, nullable=False),
)

ticket_number = Table(
    "ticket_number",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("number", String(24), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("number", String(24), primary_key=True),
    Column("customer_id", String(64), nullable=False, index=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("case_id", String(48), unique=True),
    Column("subject", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("category", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("fields", Text),
)

ticket_entry = Table(
    "ticket_entry",
    metadata,
    Column("number", String(24), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("origin", Text),
    Column("created_at", Double, nullable=False),
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("shown_cursor", Integer, nullable=False),
    Column("followed_seq", Integer, nullable=False),
)

contact_route = Table(
    "road",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("thread", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("sent_at", Double, nullable=False),
)
Index("ix_road_channel_account_address", contact_route.c.channel, contact_route.c.account, contact_route.c.address)

contacted = Table(
    "contacted",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("sent_at", Double, nullable=False),
    Column("unanswered", Integer, nullable=False),
)

gap = Table(
    "gap",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("conversation_id", String(32), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("language", String(16)),
    Column("asked", Text, nullable=False),
    Column("looked_up", Text, nullable=False),
    Column("why", String(16)),
    Column("thumb_down", Boolean, nullable=False),
    Column("case_id", String(48), index=True),
    Column("nearest", Text),
    Column("created_at", Double, nullable=False),
    Column("cluster_id", String(32), index=True),
)
"""``why``: of the turn that gave no answer. ``case_id``: of the case that was rated badly. Without any reason a row goes."""

gap_cluster = Table(
    "gap_cluster",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("question", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("answer", Text),
)
