"""The schema of the desk: cases, tickets, what was passed on between customers and staff, and by which routes (ADR 9).

Of tickets, ``ticket_day`` counts; ``ticket_number`` says what each number was given for, even before its ticket. What was not
answered has one row in ``gap`` for each message of a customer's; a cluster is named after its first.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Double, Index, Integer, String, Table, Text, UniqueConstraint

from core.storage.tables import key, metadata, optional, partial_index, required

desk_case = Table(
    "desk_case",
    metadata,
    *key(String(48), "id"),
    *required(String(32), "conversation_id", "requested_by"),
    *required(Integer, "number"),
    *required(Text, "reason"),
    *required(String(16), "urgency"),
    *required(Double, "opened_at"),
    *optional(Double, "closed_at"),
    UniqueConstraint("conversation_id", "number"),
)

desk_timer = Table(
    "desk_timer",
    metadata,
    *key(String(48), "case_id"),
    *key(String(16), "kind"),
    *required(String(32), "conversation_id", index=True),
    *required(Integer, "stage", "attempts"),
    *required(String(32), "token"),
    *required(Double, "set_at"),
    *required(Double, "due_at", index=True),
    *optional(Text, "detail"),
)

relay = Table(
    "relay",
    metadata,
    *key(String(32), "source_id"),
    *required(String(32), "target_id", index=True),
    *optional(String(16), "shown"),
    *optional(Double, "news_at"),
)
IS_NEWS = "news_at IS NOT NULL"
partial_index("ix_relay_news", relay.c.news_at, where=IS_NEWS)

learned_answer = Table(
    "learned_answer",
    metadata,
    *key(String(48), "case_id"),
    *required(String(32), "conversation_id"),
    *required(Text, "question", "answer", "origin"),
    *required(String(16), "state"),
    *required(Double, "created_at"),
    *optional(Text, "decided_by"),
    *optional(Double, "decided_at"),
)

rating = Table(
    "rating",
    metadata,
    *key(String(48), "case_id"),
    *required(String(32), "conversation_id"),
    *required(Integer, "score"),
    *required(Double, "created_at"),
    *optional(Text, "comment"),
)

desk_note = Table(
    "desk_note",
    metadata,
    *key(String(32), "message_id"),
    *required(String(48), "case_id", index=True),
    *required(String(32), "conversation_id"),
    *required(Text, "actor"),
    *required(Double, "created_at"),
)

ticket_day = Table(
    "ticket_day",
    metadata,
    *key(String(8), "day"),
    *required(Integer, "last"),
)

ticket_number = Table(
    "ticket_number",
    metadata,
    *key(Text, "origin"),
    *required(String(24), "number", unique=True),
    *required(Double, "created_at"),
)

ticket = Table(
    "ticket",
    metadata,
    *key(String(24), "number"),
    *required(String(64), "customer_id", index=True),
    *required(String(32), "conversation_id", index=True),
    *required(Text, "subject"),
    *required(String(16), "status", "priority"),
    *required(Double, "created_at", "updated_at"),
    *optional(String(48), "case_id", unique=True),
    *optional(Text, "category", "fields"),
)

ticket_entry = Table(
    "ticket_entry",
    metadata,
    *key(String(24), "number"),
    *key(Integer, "place"),
    *required(Text, "actor", "text"),
    *required(String(16), "kind"),
    *required(Double, "created_at"),
    *optional(Text, "origin"),
)

follow_up = Table(
    "follow_up",
    metadata,
    *key(String(32), "conversation_id"),
    *required(Integer, "shown_cursor", "followed_seq"),
)

contact_route = Table(
    "road",
    metadata,
    *key(String(32), "conversation_id", "channel"),
    *key(Text, "account", "thread"),
    *required(Text, "address", "contact"),
    *required(Boolean, "open"),
    *required(Double, "sent_at"),
)
Index("ix_road_channel_account_address", contact_route.c.channel, contact_route.c.account, contact_route.c.address)

contacted = Table(
    "contacted",
    metadata,
    *key(String(32), "channel"),
    *key(Text, "account", "address"),
    *required(Double, "sent_at"),
    *required(Integer, "unanswered"),
)

gap = Table(
    "gap",
    metadata,
    *key(String(32), "message_id"),
    *required(String(32), "conversation_id", index=True),
    *required(String(32), "channel"),
    *required(Text, "asked", "looked_up"),
    *required(Boolean, "thumb_down"),
    *required(Double, "created_at"),
    *optional(String(16), "language", "why"),
    *optional(String(48), "case_id", index=True),
    *optional(Text, "nearest"),
    *optional(String(32), "cluster_id", index=True),
)
"""``why``: of the turn that gave no answer. ``case_id``: of the case that was rated badly. Without any reason a row goes."""

gap_cluster = Table(
    "gap_cluster",
    metadata,
    *key(String(32), "id"),
    *required(Text, "question"),
    *required(Double, "created_at"),
    *optional(Double, "closed_at"),
    *optional(Text, "answer"),
)
