"""Migrations: the tables in the code are the tables in the database, and starting twice at once is harmless."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from core.domain.errors import ConfigError
from core.storage import migrate as migrations
from core.storage.migrate import migrate
from core.storage.revisions import newest_revision
from core.storage.sqlite_threads import prepare_connection
from core.storage.store import SqlStore
from core.storage.tables import metadata
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, said


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address with nothing behind it yet; the directory of the file does not exist either."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'down' / 'hub.db'}"
    return str(request.getfixturevalue("bare_postgres_url"))


async def _inspect(url: str, work: Any) -> Any:
    store = SqlStore(url, ManualClock())
    await store.open()
    try:
        return await store.database.read(work)
    finally:
        await store.close()


async def test_the_migrated_schema_is_the_one_in_the_code(bare_url: str) -> None:
    await migrate(bare_url)

    def differences(connection: Connection) -> Any:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert await _inspect(bare_url, differences) == []


async def test_partial_indexes_and_keys_are_what_the_code_says(bare_url: str) -> None:
    """Alembic compares neither primary keys nor the conditions of indexes."""
    await migrate(bare_url)

    def look(connection: Connection) -> tuple[dict[str, set[str]], set[str]]:
        seen = inspect(connection)
        keys = {name: set(seen.get_pk_constraint(name)["constrained_columns"]) for name in metadata.tables}
        partial = {
            str(index["name"])
            for name in metadata.tables
            for index in seen.get_indexes(name)
            if any(option.endswith("_where") for option in index.get("dialect_options", {}))
        }
        return keys, partial

    keys, partial = await _inspect(bare_url, look)
    assert keys == {name: {column.name for column in table.primary_key} for name, table in metadata.tables.items()}
    conversations, deliveries = ("pending", "queued", "to_remember", "of_staff"), ("open", "head", "dead")
    assert partial == {
        *(f"ix_conversation_{name}" for name in conversations),
        *(f"ix_outbox_{name}" for name in deliveries),
        "ix_relay_news",
        "ix_message_customer_id",
    }


async def test_a_newer_database_is_said_in_one_sentence_and_stays(bare_url: str) -> None:
    await migrate(bare_url)
    await _inspect(bare_url, lambda connection: _set_revision(connection, "9999"))
    with pytest.raises(ConfigError, match=r"newer version of Switchboard \(schema '9999', this one knows up to \d+\)"):
        await migrate(bare_url)
    assert await _inspect(bare_url, migrations.present_revision) == "9999"


def _set_revision(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    connection.commit()


async def test_migrating_twice_changes_nothing(bare_url: str, clock: ManualClock) -> None:
    await migrate(bare_url)
    store = SqlStore(bare_url, clock)
    await store.open()
    await accept(store, said("e1"))
    await migrate(bare_url)
    (again,) = await accept(store, said("e1"))
    assert again.duplicate
    await store.close()


async def test_several_processes_start_at_once(bare_url: str, clock: ManualClock) -> None:
    await asyncio.gather(*(migrate(bare_url) for _ in range(4)))
    store = SqlStore(bare_url, clock)
    await store.open()
    await accept(store, said("e1"))
    await store.close()


async def test_a_start_waits_while_another_process_migrates_for_long(tmp_path: Path) -> None:
    """Longer than a writer waits for another: a large table, or a machine with much to do."""
    file = tmp_path / "hub.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    starting = asyncio.create_task(migrate(f"sqlite:///{file}"))
    done, _ = await asyncio.wait([starting], timeout=2.5)
    assert not done
    other.execute("COMMIT")
    other.close()
    await starting


async def test_a_new_file_may_be_opened_by_many_in_the_same_moment(tmp_path: Path) -> None:
    """SQLite refuses at once, without waiting, one of two who make the same file one with a write-ahead log."""

    def opened(file: Path, together: threading.Barrier) -> str:
        connection = sqlite3.connect(file)
        together.wait()
        prepare_connection(connection, None)
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        connection.close()
        return str(mode)

    for number in range(60):
        together = threading.Barrier(6)
        file = tmp_path / f"{number}.db"
        assert set(await asyncio.gather(*(asyncio.to_thread(opened, file, together) for _ in range(6)))) == {"wal"}


async def test_a_migration_that_breaks_off_leaves_nothing_behind(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed or failed in the middle, the next start begins anew."""
    from alembic.operations import Operations

    real = Operations.create_table
    made: list[str] = []

    def break_off(self: Operations, name: str, *columns: Any, **options: Any) -> Any:
        if len(made) == 3:
            raise OSError("the power went out")
        made.append(name)
        return real(self, name, *columns, **options)

    from core.domain.errors import StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_table", break_off)
        with pytest.raises(StoreUnavailable):
            await migrate(bare_url)
    assert len(made) == 3
    tables = await _inspect(bare_url, lambda connection: inspect(connection).get_table_names())
    assert not set(made) & set(tables)
    await migrate(bare_url)


async def test_the_newest_revision_is_alembics_head() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]


@pytest.mark.parametrize("url", ["mysql://localhost/x", "not a url", ""])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        await migrate(url)


async def test_sqlite_files_are_in_wal_mode(sqlite_url: str, clock: ManualClock) -> None:
    store = SqlStore(sqlite_url, clock)
    await store.open()
    await accept(store, said("e1"))
    await store.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        connection.close()
