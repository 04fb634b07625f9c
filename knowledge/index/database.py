"""Where the manifest lives: a SQLite file of its own beside Chroma's folder, or the hub's PostgreSQL. Blocking.

The knowledge process has threads and no event loop, and the hub's only PostgreSQL driver is asynchronous: one loop in a
thread of its own carries the statements, which are the same for both databases.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from knowledge.index.tables import metadata

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

_BUSY_MILLISECONDS = 30_000
_LOCK = 7_301_926_115  # any fixed number that nobody else of ours takes: makes tables once when several start at a time
_PAUSES = (0.0, 0.2, 0.6, 1.8)
"""Seconds before work is done again: a server that is started anew is back within them, and no question is kept for long."""
_AWAY = "57P"
"""The SQLSTATEs of a server that ends or has just begun."""


class ManifestDatabase(Protocol):
    """``read`` sees one state from its first statement to its last; ``write`` commits all or nothing."""

    def read(self, work: Work[Result]) -> Result: ...

    def write(self, work: Work[Result]) -> Result: ...

    def close(self) -> None: ...


def open_database(file: Path, url: str | None) -> ManifestDatabase:
    """The database at ``url`` if it is PostgreSQL, otherwise the SQLite file. Its tables are made if they are missing."""
    if url is not None and url.startswith("postgres"):
        return PostgresManifest(make_url(url).set(drivername="postgresql+asyncpg"))
    return SqliteManifest(file)


class SqliteManifest:
    """Several processes may read and write the file; a writer waits for the one before it."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite+pysqlite:///{file}", hide_parameters=True, pool_size=4, max_overflow=4)
        event.listen(self._engine, "connect", _prepare)
        self.write(metadata.create_all)

    def read(self, work: Work[Result]) -> Result:
        """A transaction that is rolled back at the end; with a write-ahead log it sees one state throughout."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            return work(connection)

    def write(self, work: Work[Result]) -> Result:
        """Takes the write lock before the first statement, so that what ``work`` reads is what it changes."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            result = work(connection)
            connection.commit()
            return result

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where the code says so
    for pragma in ("busy_timeout=" + str(_BUSY_MILLISECONDS), "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


class PostgresManifest:
    """Statements run in a loop of their own; the caller waits."""

    def __init__(self, url: URL, sleep: Callable[[float], None] = time.sleep) -> None:
        from sqlalchemy.ext.asyncio import create_async_engine  # with the whole ORM, which a start on SQLite can spare

        self._sleep = sleep
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="manifest", daemon=True)
        self._thread.start()
        self._engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=3,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"timeout": 10, "server_settings": {"application_name": "switchboard knowledge"}},
        )
        self.write(_make_tables)

    def read(self, work: Work[Result]) -> Result:
        """See ManifestDatabase."""
        return self._patiently(work, "REPEATABLE READ")

    def write(self, work: Work[Result]) -> Result:
        """See ManifestDatabase. ``work`` takes the pointer's row lock first, so writers of one model take turns."""
        return self._patiently(work, "READ COMMITTED")

    def close(self) -> None:
        """Close the connections and end the loop."""
        self._call(self._engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _patiently(self, work: Work[Result], isolation: str) -> Result:
        """Again when the connection was cut or refused (the server is started anew): everything here can be done again."""
        for pause in _PAUSES:
            try:
                return self._call(self._run(work, isolation))
            except (DBAPIError, OSError) as error:
                if not _is_away(error):
                    raise
            self._sleep(pause)
        return self._call(self._run(work, isolation))

    async def _run(self, work: Work[Result], isolation: str) -> Result:
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level=isolation)
            async with connection.begin():
                return await connection.run_sync(work)

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _is_away(error: DBAPIError | OSError) -> bool:
    """Whether the server may be back in a moment. One that says nothing at all has been waited for already."""
    if isinstance(error, OSError):
        return not isinstance(error, TimeoutError)
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state.startswith(_AWAY)


def _make_tables(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    metadata.create_all(connection)
