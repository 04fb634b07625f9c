"""Transactions on either database; the only place that knows which one it is."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Connection, Double, Integer, Row, Table, bindparam, cast, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.sql.dml import Insert

from core.domain.errors import ConfigError, StoreUnavailable
from core.ports.clock import Clock
from core.storage.sqlite_threads import Result, SqliteThreads, Work
from core.storage.stalled_sessions import APPLICATION, StalledSessions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_RETRYABLE_SQLSTATES = {"40001", "40P01"}
_ATTEMPTS = 4
_LAST_WORDS = 10.0
_DATABASE_ERRORS = (SQLAlchemyError, OSError, TimeoutError, sqlite3.Error)
_OWN_FAULTS_SQLITE = {  # primary result codes: what the statement asked for cannot be done, now or later
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
}
_OWN_FAULTS_SQLSTATE = {"22", "23", "42"}  # classes: data exception, integrity constraint violation, syntax or access


def driver_url(text: str) -> URL:
    """A plain ``sqlite:///`` or ``postgres(ql)://`` URL with the driver put in. Raises ConfigError."""
    try:
        url = make_url(text)
    except SQLAlchemyError as error:
        raise ConfigError(f"DATABASE_URL is not a URL: {error}") from error
    backend = url.drivername.split("+")[0]
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+asyncpg")
    if backend == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    raise ConfigError(f"DATABASE_URL must start with sqlite:/// or postgresql://, not {backend}://.")


_INDEXES_ONLY = {"enable_hashjoin": "off", "enable_mergejoin": "off", "enable_seqscan": "off"}
"""Every statement of a message's path finds its few rows by an index. Left to estimates (a list that is one parameter is
taken for a hundred values, a table that grows fast for one it was an hour ago), PostgreSQL reads whole tables instead;
off means that it does so only where there is no index."""


class Database:
    """``write`` and ``read`` run a function on a connection, in a transaction; the same function serves both databases.

    It may be run again when it lost against another transaction, so it must have no effect besides the database. On
    SQLite an acknowledged message survives the power cord (``synchronous=FULL``). On PostgreSQL the database's clock
    decides leases, so that workers whose clocks differ agree; ``server_clock=False`` lets tests move time. There, a
    process that stands still inside a transaction (frozen, or its machine gone) keeps its row locks for about ``stall``
    seconds: a lease, since nobody can take over while they are held. ``writes``: false once a
    transaction could not be committed, until somebody has seen that it can be done again; a full disk can still be read.
    """

    def __init__(
        self, url: str, clock: Clock, *, pool_size: int = 8, server_clock: bool = True, stall: float = 5.0
    ) -> None:
        self.url = driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._clock = clock
        self._server_clock = server_clock and not self.is_sqlite
        self._pool_size = pool_size
        self._stall = stall
        self.writes = True
        self._threads: SqliteThreads | None = None
        self._engine: AsyncEngine | None = None
        self._under_way: set[object] = set()
        self._ended = asyncio.Event()
        self._stalled: StalledSessions | None = None

    def open(self) -> None:
        """Make the pools; connections are opened when they are needed."""
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._threads = SqliteThreads(self.url)
        else:
            self._engine = self._make_engine(self._pool_size)
            self._stalled = StalledSessions(self._make_engine(1), self._stall)
            self._stalled.start()

    def _make_engine(self, connections: int) -> AsyncEngine:
        # It comes with the whole ORM, a tenth of what a start on SQLite would load.
        from sqlalchemy.ext.asyncio import create_async_engine

        return create_async_engine(
            self.url,
            hide_parameters=True,  # customers' words and addresses stay out of errors and logs
            pool_size=connections,
            max_overflow=0,
            pool_timeout=10,
            connect_args={
                "timeout": 5,
                "command_timeout": 30,
                "server_settings": {
                    "application_name": APPLICATION,
                    "jit": "off",
                    **_INDEXES_ONLY,
                    "idle_in_transaction_session_timeout": str(round(self._stall * 1000)),
                },
            },
        )

    async def close(self) -> None:
        """Close every connection; what was handed over is committed first."""
        threads, engine, stalled = self._threads, self._engine, self._stalled
        self._threads = self._engine = self._stalled = None
        if stalled is not None:
            await stalled.stop()
        if threads is not None:
            await threads.close()
        if engine is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    while self._under_way:  # a connection that is in use is not the pool's to close
                        self._ended.clear()
                        await self._ended.wait()
            await engine.dispose()

    async def write(self, work: Work[Result]) -> Result:
        """A transaction that commits at the end. Raises StoreUnavailable when it did not, or what ``work`` raised."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._run(work, write=True)
            except _DATABASE_ERRORS as error:
                if _own_fault(error):
                    raise
                if attempt == _ATTEMPTS or not _would_succeed(error):
                    self.writes = False
                    raise _unavailable(error) from error
                await asyncio.sleep(0.01 * attempt)
        raise AssertionError("unreachable")

    async def read(self, work: Work[Result]) -> Result:
        """A transaction for reading. Raises StoreUnavailable."""
        try:
            return await self._run(work, write=False)
        except _DATABASE_ERRORS as error:
            if _own_fault(error):
                raise
            raise _unavailable(error) from error

    async def _run(self, work: Work[Result], *, write: bool) -> Result:
        if self._threads is not None:
            return await (self._threads.write(work) if write else self._threads.read(work))
        if self._engine is None:
            raise StoreUnavailable("The database is not open.")
        token = object()
        self._under_way.add(token)
        try:
            return await self._on_server(self._engine, work, write=write)
        finally:
            self._under_way.discard(token)
            self._ended.set()

    async def _on_server(self, engine: AsyncEngine, work: Work[Result], *, write: bool) -> Result:
        if write:
            async with engine.begin() as connection:
                try:
                    return await connection.run_sync(work)
                except DBAPIError as error:
                    if error.connection_invalidated:
                        raise _LostBeforeCommit("the connection was lost before the commit was sent") from error
                    raise
        # Each statement sees what is committed when it begins, inside a transaction or not; without one, two journeys
        # to the server are saved.
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await connection.run_sync(work)

    def now(self) -> ColumnElement[float]:
        """The present as an expression, in seconds since 1970."""
        if self._server_clock:
            return cast(func.extract("epoch", func.clock_timestamp()), Double)
        return bindparam("now", callable_=self.timestamp, type_=Double, unique=True)

    def whole(self, expression: ColumnElement[float]) -> ColumnElement[int]:
        """Rounded down where it is not negative. SQLite may lack ``floor`` and casts that way; PostgreSQL rounds."""
        return cast(expression if self.is_sqlite else func.floor(expression), Integer)

    def timestamp(self) -> float:
        """This process's present, for columns that nothing is scheduled by."""
        return self._clock.now().timestamp()

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that can say what is to be done with rows that are already there."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def insert_new(self, table: Table) -> Insert:
        """An insert that leaves rows alone which are already there."""
        return _insert_new(table, lite=self.is_sqlite)

    def upsert(self, table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
        """An insert that overwrites ``columns`` where ``key`` is already there."""
        return _upsert(table, tuple(key), tuple(columns), lite=self.is_sqlite)


def grouped(rows: Iterable[Any], column: str) -> dict[Any, list[Row[Any]]]:
    """The rows by their value of a column, in their order."""
    found: dict[Any, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


class OnDatabase:
    """A part of the store. All parts share one database."""

    def __init__(self, database: Database) -> None:
        self.database = database


Part = TypeVar("Part", bound=OnDatabase)
Asked = ParamSpec("Asked")
_Statements = Callable[Concatenate[Part, Connection, Asked], Result]
_Method = Callable[Concatenate[Part, Asked], Coroutine[Any, Any, Result]]


def reads(statements: _Statements[Part, Asked, Result]) -> _Method[Part, Asked, Result]:
    """Make a method of a function that reads on a connection. It may raise StoreUnavailable."""
    return _method(statements, "read")


def writes(statements: _Statements[Part, Asked, Result]) -> _Method[Part, Asked, Result]:
    """Make a method of a function that writes on a connection: one transaction. It may raise StoreUnavailable."""
    return _method(statements, "write")


def _method(
    statements: _Statements[Part, Asked, Result], kind: Literal["read", "write"]
) -> _Method[Part, Asked, Result]:
    @functools.wraps(statements)
    async def method(part: Part, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
        @functools.wraps(statements)
        def work(connection: Connection) -> Result:
            return statements(part, connection, *args, **kwargs)

        run: Callable[[Work[Result]], Coroutine[Any, Any, Result]] = getattr(part.database, kind)
        return await run(work)

    return method


# Built once: to build a statement, and SQLAlchemy's name for it, costs more than to execute it.


@functools.cache
def _insert_new(table: Table, *, lite: bool) -> Insert:
    return (sqlite.insert(table) if lite else postgresql.insert(table)).on_conflict_do_nothing()


@functools.cache
def _upsert(table: Table, key: tuple[str, ...], columns: tuple[str, ...], *, lite: bool) -> Insert:
    statement = sqlite.insert(table) if lite else postgresql.insert(table)
    written = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=key, set_=written)


class _LostBeforeCommit(SQLAlchemyError):
    """The connection is gone and nothing was committed for certain: the same work can be run again on another one.

    So ends the transaction of a process that had stood still (core/storage/stalled_sessions.py) when it goes on.
    """


def _own_fault(error: BaseException) -> bool:
    """Whether the same work would fail again on a healthy database: then it is no outage, and waiting cannot help."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StatementError)
    origin = error.orig
    code = getattr(origin, "sqlite_errorcode", None)
    state = getattr(origin, "sqlstate", None)
    if code is not None:
        return code & 0xFF in _OWN_FAULTS_SQLITE
    if state is not None:
        return state[:2] in _OWN_FAULTS_SQLSTATE
    from asyncpg import DataError  # not loaded where SQLite is used

    return isinstance(origin.__cause__ if origin else None, DataError)  # refused before it was sent


def _unavailable(error: BaseException) -> StoreUnavailable:
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    reason = " ".join(str(origin).split())[:300] or type(origin).__name__
    return StoreUnavailable(f"The database did not commit: {reason}")


def _would_succeed(error: BaseException) -> bool:
    """Whether the transaction may if it is run again: it lost to another (deadlock, serialisation), or its connection."""
    if isinstance(error, _LostBeforeCommit):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in _RETRYABLE_SQLSTATES:
            return True
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    return False
