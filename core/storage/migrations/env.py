"""Alembic's entry: runs the migrations on the connection that ``core.storage.migrate`` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from core.storage.tables import metadata

_connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=_connection,
    target_metadata=metadata,
    render_as_batch=_connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
