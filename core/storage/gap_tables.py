"""The schema of what was not answered. One row for each message of a customer's; a cluster is named after its first."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, String, Table, Text

from core.storage.tables import metadata

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
