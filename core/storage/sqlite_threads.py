"""SQLite off the event loop: one writer thread whose transactions share their commits, and a few reader threads.

An asynchronous driver hops between threads for every statement, which cost five times the work itself (ADR 0006). Here
a transaction hops once, and whatever kinds of write wait at the same time (accepts, claims, finishes, settlements) are
flushed to disk together.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

_BATCH = 128
_BUSY_SECONDS = 2.0
_PRAGMAS = (
    "synchronous=FULL",
    "temp_store=MEMORY",
    "cache_size=-32000",  # kB, taken as it is needed; with the default of 2,000 each look-up reads its pages again
)


@dataclass
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class SqliteThreads:
    """``write`` runs alone and returns after the flush to disk; ``read`` sees what was committed before it began."""

    def __init__(self, url: URL, *, readers: int = 2) -> None:
        # The writer keeps its connection: a connection forgets its pages when another one has written.
        self._writing, self._reading = _engine(url, 1), _engine(url, readers)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-writer", daemon=True)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-reader")
        self._writer.start()

    async def write(self, work: Work[Result]) -> Result:
        """Raises what ``work`` raised (it alone is undone then), or why the commit failed."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, future))
        return await future

    async def read(self, work: Work[Result]) -> Result:
        """A transaction that is rolled back at the end."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def close(self) -> None:
        """Commit what was handed over, then end the threads."""
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._writing.dispose()
        self._reading.dispose()

    def _read(self, work: Work[Result]) -> Result:
        with self._reading.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            return work(connection)

    def _write_loop(self) -> None:
        ended = False
        while not ended:
            first = self._jobs.get()
            if first is None:
                return
            batch = [first]
            while len(batch) < _BATCH:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    ended = True
                    break
                batch.append(job)
            self._run(batch)
            _deliver(batch)

    def _run(self, batch: Sequence[_Job]) -> None:
        """One transaction for all; when anything but a job's own data is wrong, each in a transaction of its own.

        A transaction that cannot even begin (somebody else holds the lock) fails for all at once: to wait for the lock
        again for each of them would keep the last one waiting for minutes.
        """
        begun = False
        try:
            with self._writing.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                begun = True
                for job in batch:
                    _attempt(connection, job, alone=len(batch) == 1)
                connection.commit()
        except Exception as error:
            if len(batch) == 1 or not begun:
                for job in batch:
                    job.error = error
                return
            for job in batch:
                job.result, job.error = None, None
                self._run([job])


def _attempt(connection: Connection, job: _Job, *, alone: bool) -> None:
    """Run one job inside a savepoint. Raises when the whole transaction is lost with it (full disk, broken file)."""
    if alone:
        job.result = job.work(connection)
        return
    connection.exec_driver_sql("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not isinstance(error, IntegrityError):
            raise
        job.error = error
    except Exception as error:
        job.error = error
    if job.error is not None:
        connection.exec_driver_sql("ROLLBACK TO job")
    connection.exec_driver_sql("RELEASE job")


def _deliver(batch: Sequence[_Job]) -> None:
    """Wake the callers, each loop once."""
    for loop in {job.future.get_loop() for job in batch}:
        with contextlib.suppress(RuntimeError):  # a loop that was closed has nobody waiting
            loop.call_soon_threadsafe(_resolve, [job for job in batch if job.future.get_loop() is loop])


def _resolve(batch: Sequence[_Job]) -> None:
    for job in batch:
        if job.future.cancelled():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _engine(url: URL, size: int) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={"check_same_thread": False},
    )

    event.listen(engine, "connect", prepare_connection)
    return engine


def prepare_connection(connection: Any, _record: Any, *, patience: float = _BUSY_SECONDS) -> None:
    """What every connection to the file needs. Transactions begin where the code says so, not where the driver would.

    ``patience``: seconds to wait while somebody else writes.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(patience * 1000)}")
    _write_ahead(cursor, time.monotonic() + patience)
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor, until: float) -> None:
    """Whoever opens a new file first makes it one with a write-ahead log.

    Two who do it in the same moment would wait for each other for ever, so SQLite refuses one at once, whatever its busy
    timeout is (https://sqlite.org/c3ref/busy_handler.html).
    """
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.01)
        else:
            return
