"""The schema of routes: where words go that a customer has not seen on the page. ADR 9 says how they are used."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text

from core.storage.tables import metadata

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
