"""The PostgreSQL that the tests start: separate databases, durability, and faults that really happen."""

from __future__ import annotations

import asyncpg
import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.small_disk import SmallDisk


async def test_each_test_gets_a_migrated_database_of_its_own(postgres_url: str, bare_postgres_url: str) -> None:
    async def tables(url: str) -> set[str]:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.close()
        return {row["tablename"] for row in rows}

    assert {"conversation", "message", "outbox"} <= await tables(postgres_url)
    assert await tables(bare_postgres_url) == set()


async def test_what_was_committed_survives_a_killed_server(durable_postgres: PostgresServer) -> None:
    name = await durable_postgres.create_database()
    connection = await asyncpg.connect(durable_postgres.url(name))
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.execute("CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)")
    durable_postgres.kill()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT value FROM kept")
    assert not durable_postgres.running
    durable_postgres.start()
    again = await asyncpg.connect(durable_postgres.url(name))
    assert await again.fetchval("SELECT value FROM kept") == 7
    await again.close()


async def test_a_full_disk_refuses_writes_and_keeps_what_was_committed(
    postgres_on_small_disk: tuple[PostgresServer, SmallDisk],
) -> None:
    server, disk = postgres_on_small_disk
    name = await server.create_database()
    await server.execute("CREATE TABLE kept (value text)", name)
    await server.execute("INSERT INTO kept VALUES ('first')", name)
    disk.fill()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await server.execute("INSERT INTO kept SELECT repeat('x', 1000) FROM generate_series(1, 50000)", name)
    disk.free()
    server.stop("immediate")
    server.start()
    connection = await asyncpg.connect(server.url(name))
    assert "first" in {row["value"] for row in await connection.fetch("SELECT value FROM kept")}
    await connection.execute("INSERT INTO kept VALUES ('after')")
    await connection.close()
