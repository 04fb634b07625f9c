"""Brings a database to the newest schema. Safe to call from several processes at the same time."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.event import listen
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.domain.errors import StoreUnavailable
from core.storage.database import driver_url
from core.storage.revisions import MIGRATIONS, SchemaState, schema_state
from core.storage.sqlite_threads import prepare_connection

_PATIENCE = 60.0  # seconds that a start waits while another process migrates the same SQLite file
_LOCK = 7_301_926_114  # any fixed number: the advisory lock that makes concurrent starts wait for each other


def _upgrade(connection: Connection) -> None:
    if schema_state(present_revision(connection)) is SchemaState.CURRENT:
        return
    # Imported late: at most starts there is nothing to do, and messages are waiting to be accepted.
    sys.modules.setdefault("mako.ext.pygmentplugin", None)  # type: ignore[arg-type]  # colours in errors of templates: 4 MB
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def present_revision(connection: Connection) -> str | None:
    """What the table ``alembic_version`` says; None where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate_sqlite(url: URL) -> None:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool)
    listen(engine, "connect", partial(prepare_connection, patience=_PATIENCE))
    try:
        with engine.connect() as connection:
            # Python's driver would commit before each CREATE TABLE, and a start that was killed could not be repeated.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
            connection.commit()
    finally:
        engine.dispose()


async def _migrate_postgres(url: URL) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def migrate(url: str) -> None:
    """Run all migrations that are missing. Raises StoreUnavailable when the database cannot be reached or written, and
    ConfigError when a newer version made it."""
    target = driver_url(url)
    try:
        if target.get_backend_name() == "sqlite":
            await asyncio.to_thread(_migrate_sqlite, target)
        else:
            await _migrate_postgres(target)
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"The database could not be migrated: {error}") from error
