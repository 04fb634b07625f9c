"""The schema of jobs: what is done again and again, and who does it now. ADR 11 says how they are used."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, String, Table, Text

from core.storage.tables import metadata

job = Table(
    "job",
    metadata,
    Column("scope", String(80), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("next_run_at", Double),
    Column("asked_at", Double),
    Column("run", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("holder", Text, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("began_at", Double),
    Column("seen_at", Double),
    Column("cut_off_at", Double),
    Column("ended_at", Double),
    Column("progress", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)
"""``progress`` and ``outcome`` are JSON: of the run that was begun last, and of the one that ended last."""
