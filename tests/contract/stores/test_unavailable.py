"""A database that fails: said as StoreUnavailable, nothing acknowledged is lost, and work goes on when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, text

from core.domain.errors import HubError, StoreUnavailable
from core.ports.channel import Accepted
from core.ports.event_log import LogFrame
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answered, claim, item, said, thread
from tests.patience import PATIENCE
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port


@BOTH_DATABASES
async def test_a_store_that_is_not_open(database_url: str, clock: ManualClock) -> None:
    store = SqlStore(database_url, clock)
    with pytest.raises(StoreUnavailable):
        await store.accept([item(said("e1"))])
    with pytest.raises(StoreUnavailable):
        await store.ping()


@BOTH_DATABASES
async def test_a_closed_store_refuses_and_can_be_opened_again(store: SqlStore) -> None:
    await accept(store, said("e1"))
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.accept([item(said("e2"))])
    with pytest.raises(StoreUnavailable):
        await claim(store)
    with pytest.raises(StoreUnavailable):
        await store.append(thread().conversation_id, [LogFrame("status")])
    await store.open()
    (again, other) = await accept(store, said("e1"), said("e2"))
    assert again.duplicate
    assert other.seq == 2


@BOTH_DATABASES
async def test_closing_commits_what_was_handed_over(store: SqlStore, open_store: OpenStore) -> None:
    accepting = [asyncio.create_task(store.accept([item(said(f"e{number}"))])) for number in range(20)]
    await asyncio.sleep(0)
    await store.close()
    results = await asyncio.gather(*accepting, return_exceptions=True)
    acknowledged = [result for result in results if not isinstance(result, BaseException)]
    assert all(isinstance(result, list | StoreUnavailable) for result in results), results
    other = await open_store()
    stored = await other.messages(thread().conversation_id, limit=100)
    assert len(stored) >= len(acknowledged)


@BOTH_DATABASES
async def test_a_cancelled_call_leaves_a_working_store(store: SqlStore) -> None:
    for number in range(20):
        task = asyncio.create_task(store.accept([item(said(f"e{number}"))]))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await asyncio.gather(*(store.accept([item(said(f"e{number}"))]) for number in range(20)))
    stored = await store.messages(thread().conversation_id, limit=100)
    assert [message.seq for message in stored] == list(range(1, 21))


@BOTH_DATABASES
async def test_an_error_of_the_work_itself_is_not_an_outage(store: SqlStore) -> None:
    """A statement that can never succeed must not be tried again for ever as if the database were down."""

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    with pytest.raises(Exception) as caught:
        await store.database.write(broken)
    assert not isinstance(caught.value, HubError)
    await accept(store, said("e1"))


# --- SQLite ---


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: ManualClock) -> AsyncIterator[SqlStore]:
    store = SqlStore(sqlite_url, clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def foreign(sqlite_url: str) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the same file."""
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    yield connection
    connection.close()


async def _full(store: SqlStore, *, full: bool) -> None:
    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages if full else 1_000_000}")

    await store.database.write(limit)


async def test_a_full_disk_loses_nothing_that_was_acknowledged(sqlite_store: SqlStore) -> None:
    store = sqlite_store
    await answered(store, "An answer")
    await _full(store, full=True)
    acknowledged, refused = 0, 0
    for number in range(40):
        (result, *_) = await asyncio.gather(
            store.accept([item(said(f"x{number}", "text " * 400, where="t2"))]), return_exceptions=True
        )
        if isinstance(result, StoreUnavailable):
            refused += 1
        else:
            assert isinstance(result, list)
            acknowledged += 1
    assert refused > 30
    assert len(await store.messages(thread("t2").conversation_id, limit=100)) == acknowledged
    assert len(await store.messages(thread("t1").conversation_id)) == 2, "reading goes on"
    await _full(store, full=False)
    again = await accept(store, *(said(f"x{number}", where="t2") for number in range(40)))
    assert sum(one.duplicate for one in again) == acknowledged
    assert [one.seq for one in again if not one.duplicate] == list(range(acknowledged + 1, 41))


async def test_a_full_disk_under_many_at_once(sqlite_store: SqlStore) -> None:
    store = sqlite_store
    await accept(store, said("e1"))
    await _full(store, full=True)
    results = await asyncio.gather(
        *(store.accept([item(said(f"x{number}", "y" * 9000, where=f"x{number}"))]) for number in range(8)),
        return_exceptions=True,
    )
    assert any(isinstance(result, StoreUnavailable) for result in results)
    for number, result in enumerate(results):
        stored = await store.messages(thread(f"x{number}").conversation_id)
        assert bool(stored) == isinstance(result, list), "said to be stored if and only if it is"


async def test_a_locked_file(sqlite_store: SqlStore, foreign: sqlite3.Connection) -> None:
    store = sqlite_store
    await accept(store, said("e1"))
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.accept([item(said("e2"))])
    assert len(await store.messages(thread().conversation_id)) == 1, "reading goes on"
    foreign.execute("ROLLBACK")
    (accepted,) = await accept(store, said("e2"))
    assert accepted.seq == 2


async def test_a_lock_that_ends_in_time_is_waited_for(sqlite_store: SqlStore, foreign: sqlite3.Connection) -> None:
    store = sqlite_store
    foreign.execute("BEGIN IMMEDIATE")
    accepting = asyncio.create_task(store.accept([item(said("e1"))]))
    await asyncio.sleep(0.05)
    assert not accepting.done()
    foreign.execute("ROLLBACK")
    (accepted,) = await accepting
    assert isinstance(accepted, Accepted)


async def test_a_database_that_cannot_be_written(sqlite_store: SqlStore) -> None:
    store = sqlite_store
    await accept(store, said("e1"))

    def read_only(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON")

    await store.database.write(read_only)
    with pytest.raises(StoreUnavailable, match="readonly"):
        await store.accept([item(said("e2"))])
    assert len(await store.messages(thread().conversation_id)) == 1


async def test_a_file_that_is_no_database(tmp_path: Path, clock: ManualClock) -> None:
    file = tmp_path / "hub.db"
    file.write_bytes(b"not a database, by far" * 1000)
    sqlite_url = f"sqlite:///{file}"
    store = SqlStore(sqlite_url, clock)
    await store.open()
    with pytest.raises(StoreUnavailable):
        await store.accept([item(said("e1"))])
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await migrate(sqlite_url)
    await store.close()


# --- PostgreSQL ---


@pytest.fixture
async def postgres_store(postgres_url: str, clock: ManualClock) -> AsyncIterator[SqlStore]:
    store = SqlStore(postgres_url, clock, pool_size=2)
    await store.open()
    yield store
    await store.close()


@pytest.mark.parametrize("database", ["nowhere", "template0"])
async def test_a_server_that_refuses(postgres_server: PostgresServer, clock: ManualClock, database: str) -> None:
    store = SqlStore(postgres_server.url(database), clock)
    await store.open()
    with pytest.raises(StoreUnavailable):
        await store.accept([item(said("e1"))])
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await migrate(postgres_server.url(database))
    await store.close()


async def test_a_server_that_is_not_there(clock: ManualClock) -> None:
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/switchboard"
    store = SqlStore(url, clock)
    await store.open()
    with pytest.raises(StoreUnavailable):
        await store.accept([item(said("e1"))])
    with pytest.raises(StoreUnavailable):
        await migrate(url)
    await store.close()


async def test_broken_connections_are_replaced(
    postgres_store: SqlStore, postgres_server: PostgresServer, postgres_url: str
) -> None:
    store = postgres_store
    await asyncio.gather(*(accept(store, said(f"e{number}", where=f"t{number}")) for number in range(4)))
    name = postgres_url.rsplit("/", 1)[1]
    await postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    outcomes = []
    for number in range(6):
        try:
            await accept(store, said(f"x{number}"))
            outcomes.append(True)
        except StoreUnavailable:
            outcomes.append(False)
    assert outcomes[-4:] == [True] * 4
    stored = await store.messages(thread().conversation_id)
    assert len(stored) >= sum(outcomes)


async def test_a_write_whose_connection_is_lost_before_its_commit_is_run_again(postgres_store: SqlStore) -> None:
    """As of a process that stood still for too long: nothing was committed, so nobody has to hear of it."""
    runs = []

    def work(connection: Connection) -> int:
        runs.append(1)
        if len(runs) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return connection.execute(text("SELECT 7")).scalar_one()

    assert await postgres_store.database.write(work) == 7
    assert len(runs) == 2


async def test_more_at_once_than_there_are_connections(postgres_store: SqlStore) -> None:
    postgres_store.database._engine.pool._timeout = PATIENCE  # type: ignore[union-attr]
    results = await asyncio.gather(
        *(postgres_store.accept([item(said(f"e{number}", where=f"t{number % 5}"))]) for number in range(40))
    )
    assert all(isinstance(one, Accepted) for result in results for one in result)


async def test_a_deadlock_is_tried_again(postgres_store: SqlStore, postgres_url: str) -> None:
    """Two transactions lock two rows crosswise; the one that PostgreSQL ends is ours, and it succeeds afterwards."""
    store = postgres_store
    first, second = await accept(store, said("e1", where="t1"), said("x1", where="t2"))
    low, high = sorted([first.conversation_id, second.conversation_id])
    rival = await asyncpg.connect(postgres_url)
    lock = "UPDATE conversation SET locale = 'de' WHERE id = $1"
    try:
        await rival.execute("SET deadlock_timeout = '60s'")
        transaction = rival.transaction()
        await transaction.start()
        await rival.execute(lock, high)
        where = {first.conversation_id: "t1", second.conversation_id: "t2"}
        ours = asyncio.create_task(
            store.accept([item(said("e2", where=where[low])), item(said("e3", where=where[high]))])
        )
        await _until_waiting(postgres_url)
        await rival.execute(lock, low)
        await transaction.commit()
        results = await ours
        assert all(isinstance(one, Accepted) and one.seq == 2 for one in results), results
    finally:
        await rival.close()


async def _until_waiting(url: str) -> None:
    """Returns once somebody waits for a lock in this database."""
    observer = await asyncpg.connect(url)
    question = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    try:
        async with asyncio.timeout(PATIENCE):
            while not await observer.fetchval(question):  # noqa: ASYNC110 - PostgreSQL tells nobody who waits
                await asyncio.sleep(0.01)
    finally:
        await observer.close()
