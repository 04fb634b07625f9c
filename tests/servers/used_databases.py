"""PostgreSQL databases that one test after the other uses: to make one takes the server longer than most tests do."""

from __future__ import annotations

import asyncpg

from tests.servers.postgres import PostgresServer

_SCHEMA = """
SELECT md5(concat(
  (SELECT string_agg(concat_ws(':', oid, relname, relkind, relnatts, relchecks, reloptions), ',' ORDER BY oid)
     FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(':', attrelid, attnum, attname, atttypid, attnotnull, atthasdef), ',' ORDER BY attrelid, attnum)
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(':', indexrelid, indisvalid, indisunique), ',' ORDER BY indexrelid) FROM pg_index
     JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace),
  (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
  (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_db_role_setting),
  (SELECT version_num FROM alembic_version)))
"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_FILLED = """
SELECT oid::regclass::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""


class UsedDatabases:
    """``lend`` gives a migrated, empty database. It is cleaned when it is lent again, when nobody of the last test is left;
    one whose schema a test changed, or that cannot be cleaned, is dropped."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        self._schema: dict[str, str] = {}

    async def lend(self) -> str:
        """Its name."""
        while self._free:
            name = self._free.pop()
            if await self._cleaned(name):
                return name
            await self._server.drop_database(name)
        name = await self._server.create_database(self._template)
        connection = await asyncpg.connect(self._server.url(name), timeout=60)
        try:
            self._schema[name] = await connection.fetchval(_SCHEMA)
        finally:
            await connection.close()
        return name

    def take_back(self, name: str) -> None:
        """The test is over, its processes perhaps not yet."""
        self._free.append(name)

    async def _cleaned(self, name: str) -> bool:
        try:
            connection = await asyncpg.connect(self._server.url(name), timeout=60)
        except (OSError, asyncpg.PostgresError):
            return False
        try:
            await connection.execute(_OTHERS)
            if await connection.fetchval(_SCHEMA) != self._schema[name]:
                return False
            filled = [row[0] for row in await connection.fetch(_FILLED)]
            # As a replica applies them: no foreign key asks for an order.
            await connection.execute(
                ";".join(["SET session_replication_role = replica", *(f"DELETE FROM {table}" for table in filled)])
            )
            return True
        except asyncpg.PostgresError:
            return False
        finally:
            await connection.close()
