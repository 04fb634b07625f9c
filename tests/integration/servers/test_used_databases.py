"""A database that an earlier test has used is as good as a new one, or nobody gets it."""

from __future__ import annotations

import asyncpg
import pytest

from core.storage.migrate import migrate
from tests.servers.postgres import PostgresServer
from tests.servers.used_databases import UsedDatabases

_REMEMBERED = (
    "INSERT INTO channel_memory (channel, account, key, value, updated_at) VALUES ('web', 'default', 'k', 'v', 0)"
)


@pytest.fixture
async def databases(postgres_server: PostgresServer) -> UsedDatabases:
    template = await postgres_server.create_database()
    await migrate(postgres_server.url(template))
    return UsedDatabases(postgres_server, template)


async def test_what_a_test_left_is_gone_and_so_is_who_it_left(
    databases: UsedDatabases, postgres_server: PostgresServer
) -> None:
    name = await databases.lend()
    lingering = await asyncpg.connect(postgres_server.url(name))
    await lingering.execute(_REMEMBERED)
    await lingering.execute("BEGIN")
    await lingering.execute(_REMEMBERED.replace("'k'", "'open'"))
    databases.take_back(name)
    assert await databases.lend() == name
    assert not await _answers(lingering)
    connection = await asyncpg.connect(postgres_server.url(name))
    assert await connection.fetchval("SELECT count(*) FROM channel_memory") == 0
    assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    await connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE channel_memory ADD COLUMN more text",
        "ALTER TABLE channel_memory ALTER COLUMN value DROP NOT NULL",
        "CREATE TABLE extra (id int)",
        "DROP TABLE channel_memory",
        "UPDATE alembic_version SET version_num = '9999'",
        "CREATE FUNCTION broken() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
async def test_one_whose_schema_was_changed_is_not_lent_again(
    databases: UsedDatabases, postgres_server: PostgresServer, change: str
) -> None:
    name = await databases.lend()
    await postgres_server.execute(change, name)
    databases.take_back(name)
    assert await databases.lend() != name


async def test_one_that_is_no_more_is_not_lent_again(databases: UsedDatabases, postgres_server: PostgresServer) -> None:
    name = await databases.lend()
    await postgres_server.drop_database(name)
    databases.take_back(name)
    assert await databases.lend() != name


async def _answers(connection: asyncpg.Connection) -> bool:
    try:
        return bool(await connection.fetchval("SELECT 1"))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        connection.terminate()
