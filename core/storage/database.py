"""Connections and transactions on either database; the only place that knows which one it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Double, Table, cast, event, func, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.dml import Insert

from core.domain.errors import ConfigError, StoreUnavailable
from core.ports.clock import Clock

_RETRYABLE_SQLSTATES = {"40001", "40P01"}
_ATTEMPTS = 4


def async_url(text: str) -> URL:
    """A plain ``sqlite:///`` or ``postgres(ql)://`` URL with the async driver put in. Raises ConfigError."""
    try:
        url = make_url(text)
    except SQLAlchemyError as error:
        raise ConfigError(f"DATABASE_URL is not a URL: {error}") from error
    backend = url.drivername.split("+")[0]
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+asyncpg")
    if backend == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    raise ConfigError(f"DATABASE_URL must start with sqlite:/// or postgresql://, not {backend}://.")


class Database:
    """``write()`` and ``read()`` transactions, and what differs between the two databases in a statement.

    SQLite has one writer connection with ``BEGIN IMMEDIATE`` (whoever holds it is alone) and a few readers, all with
    ``synchronous=FULL``: an acknowledged message survives the power cord. On PostgreSQL the database's clock decides
    leases, so that workers whose clocks differ agree; ``server_clock=False`` lets tests move time.
    """

    def __init__(self, url: str, clock: Clock, *, pool_size: int = 8, server_clock: bool = True) -> None:
        self.url = async_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._clock = clock
        self._server_clock = server_clock and not self.is_sqlite
        self._pool_size = pool_size
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None

    def open(self) -> None:
        """Make the pools; connections are opened when they are needed."""
        if self.is_sqlite:
            path = self.url.database
            if path and path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_engine(self.url, "BEGIN IMMEDIATE", 1)
            self._reader = _sqlite_engine(self.url, "BEGIN", 3)
        else:
            self._writer = self._reader = create_async_engine(
                self.url,
                pool_size=self._pool_size,
                max_overflow=0,
                pool_timeout=10,
                pool_pre_ping=False,
                connect_args={
                    "timeout": 5,
                    "command_timeout": 30,
                    "server_settings": {"application_name": "switchboard", "jit": "off"},
                },
            )

    async def close(self) -> None:
        """Close every connection; a running transaction is rolled back."""
        for engine in {self._writer, self._reader} - {None}:
            assert engine is not None
            await engine.dispose()
        self._writer = self._reader = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end. Raises StoreUnavailable when it did not."""
        async with _transaction(self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for reading."""
        async with _transaction(self._reader) as connection:
            yield connection

    def now(self) -> ColumnElement[float]:
        """The present as an expression, in seconds since 1970."""
        if self._server_clock:
            return cast(func.extract("epoch", func.clock_timestamp()), Double)
        return literal(self._clock.now().timestamp(), Double)

    def timestamp(self) -> float:
        """This process's present, for columns that nothing is scheduled by."""
        return self._clock.now().timestamp()

    def insert_new(self, table: Table) -> Insert:
        """An insert that leaves rows alone which are already there."""
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    def upsert(self, table: Table, key: list[str], columns: list[str]) -> Insert:
        """An insert that overwrites ``columns`` where ``key`` is already there."""
        if self.is_sqlite:
            lite = sqlite.insert(table)
            return lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in columns})
        full = postgresql.insert(table)
        return full.on_conflict_do_update(index_elements=key, set_={name: full.excluded[name] for name in columns})


@asynccontextmanager
async def _transaction(engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
    if engine is None:
        raise StoreUnavailable("The database is not open.")
    try:
        async with engine.begin() as connection:
            yield connection
    except IntegrityError:
        raise
    except (SQLAlchemyError, OSError, TimeoutError, sqlite3.Error) as error:
        raise StoreUnavailable(f"The database did not commit: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(origin).split())[:300] or type(origin).__name__


def is_conflict(error: BaseException) -> bool:
    """Whether the transaction lost against another one and would succeed if it were run again (deadlock, serialisation)."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in _RETRYABLE_SQLSTATES:
            return True
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    return False


async def retrying(operation: Any, *args: Any) -> Any:
    """Run a transaction again that lost against another one. Anything else is raised as it is."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await operation(*args)
        except StoreUnavailable as error:
            if attempt == _ATTEMPTS or not is_conflict(error):
                raise
            await asyncio.sleep(0.01 * attempt)
    raise AssertionError("unreachable")


def _sqlite_engine(url: URL, begin: str, size: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=10)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
