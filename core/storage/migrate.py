"""Brings a database to the newest schema. Safe to call from several processes at the same time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.domain.errors import StoreUnavailable
from core.storage.database import async_url

_LOCK = 7_301_926_114  # any fixed number: the advisory lock that makes concurrent starts wait for each other


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    else:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _at_head(connection: Connection) -> bool:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


async def migrate(url: str) -> None:
    """Run all migrations that are missing. Raises StoreUnavailable when the database cannot be reached or written."""
    target = async_url(url)
    if target.get_backend_name() == "sqlite" and target.database:
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(target, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            if not await connection.run_sync(_at_head):
                await connection.run_sync(_upgrade)
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"The database could not be migrated: {error}") from error
    finally:
        await engine.dispose()
