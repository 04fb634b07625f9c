"""The schema of tickets. ``ticket_day`` counts; ``ticket_number`` says what each number was given for, even before its ticket."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, String, Table, Text

from core.storage.tables import metadata

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
