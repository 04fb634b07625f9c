"""The schema of the desk: cases and what belongs to them, and what was passed on between customers and staff."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, String, Table, Text, UniqueConstraint, text

from core.storage.tables import metadata

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
Index("ix_relay_news", relay.c.news_at, sqlite_where=text(IS_NEWS), postgresql_where=text(IS_NEWS))

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
