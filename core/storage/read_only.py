"""A look at a database that changes nothing: no tables, no files beside it, and on PostgreSQL no session of another process."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from core.domain.errors import StoreUnavailable
from core.ports.clock import Clock
from core.storage.database import Database
from core.storage.migrate import present_revision
from core.storage.revisions import SchemaState, open_for_reading, schema_state
from core.storage.sqlite_threads import Result, Work
from core.storage.tables import channel_memory

_NOWHERE = "sqlite://"


class ReadOnlyDatabase(Database):
    """Each transaction has a connection of its own. An ``empty`` one stands in where there is no database yet."""

    @classmethod
    def empty(cls, clock: Clock) -> ReadOnlyDatabase:
        """Nothing is remembered in it."""
        return cls(_NOWHERE, clock)

    async def schema(self) -> SchemaState:
        """Raises StoreUnavailable, and ConfigError for a schema of a newer version."""
        return schema_state(await self.read(present_revision))

    async def _run(self, work: Work[Result], *, write: bool) -> Result:
        if write:
            raise StoreUnavailable("This is only a look at the database.")
        return await (asyncio.to_thread(self._on_file, work) if self.is_sqlite else self._on_postgres(work))

    def _on_file(self, work: Work[Result]) -> Result:
        engine = create_engine("sqlite://", poolclass=NullPool, creator=self._connect)
        with engine.connect() as connection:
            if not self.url.database:
                channel_memory.create(connection)
            return work(connection)

    def _connect(self) -> sqlite3.Connection:
        return open_for_reading(Path(self.url.database)) if self.url.database else sqlite3.connect(":memory:")

    async def _on_postgres(self, work: Work[Result]) -> Result:
        from sqlalchemy.ext.asyncio import create_async_engine

        settings = {"default_transaction_read_only": "on", "jit": "off"}
        engine = create_async_engine(
            self.url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": 5, "server_settings": settings}
        )
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()
