"""Erasing a customer never reads a whole table: on SQLite nobody else can write meanwhile."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from core.storage.migrate import migrate
from core.storage.store import SqlStore
from core.storage.tables import metadata
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_personal import erase, full_life
from tests.integration.storage.test_query_plans import statements as statements

_SMALL = ("channel_memory", "contacted", "gap_cluster", "identity", "quarantine", "reaction")
"""Tables of few rows, or that are read page by page; ``identity``: only operators give an address without its channel."""
_READS = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)")
_SCAN = re.compile(r"SCAN (?!json_each|person|anon_\d|\(subquery|(\d+ )?CONSTANT)(\w+)")
_MANY = 5_000
_KEYS: Mapping[str, tuple[str, ...]] = {
    "customer": ("id",),
    "identity": ("external_id", "customer_id"),
    "identity_link": ("customer_id", "other_id"),
    "conversation": ("id", "customer_id", "thread"),
    "message": ("id", "conversation_id", "customer_id"),
    "outbox": ("id", "conversation_id", "message_id", "dedupe"),
    "attachment": ("id", "conversation_id", "message_id", "storage_key"),
    "inbound_event": ("event_key", "conversation_id", "message_id"),
    "ownership_change": ("conversation_id",),
    "tool_journal": ("turn_id", "call_id", "conversation_id"),
    "receipt": ("provider_id", "delivery_id", "conversation_id", "message_id"),
    "relay": ("source_id", "target_id"),
    "desk_note": ("message_id", "case_id"),
}


async def test_on_sqlite(sqlite_url: str, statements: dict[str, Any]) -> None:
    await migrate(sqlite_url)
    store = SqlStore(sqlite_url, ManualClock(), server_clock=False)
    await store.open()
    await full_life(store)
    statements.clear()
    assert (await erase(store)).conversations == 2
    await store.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    scans = {}
    for statement, parameters in statements.items():
        if _READS.match(statement):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            found = [
                step
                for step in plan
                if (scan := _SCAN.match(step)) and scan[2] not in _SMALL and "ix_conversation_of_staff" not in step
            ]
            if found:
                scans[statement] = found
    connection.close()
    assert len(statements) > 30
    assert not scans, "\n".join(map(str, scans.items() if isinstance(scans, dict) else scans))


async def test_on_postgres(postgres_url: str, statements: dict[str, Any]) -> None:
    store = SqlStore(postgres_url, ManualClock(), server_clock=False)
    await store.open()
    await full_life(store)
    await store.database.write(_add_many)
    statements.clear()
    assert (await erase(store)).conversations == 2
    run = dict(statements)
    await store.database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
    scans = await store.database.write(lambda connection: _scans(connection, run))
    await store.close()
    assert len(run) > 30
    assert not scans, "\n".join(map(str, scans.items() if isinstance(scans, dict) else scans))


def _add_many(connection: Connection) -> None:
    """Copies of the rows that are there, under other keys."""
    for table, keys in _KEYS.items():
        columns = list(metadata.tables[table].columns.keys())
        copied = ", ".join(f"md5({name} || n)" if name in keys else name for name in columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}, generate_series(1, {_MANY}) AS n"
        )
    connection.exec_driver_sql("ANALYZE")


def _scans(connection: Connection, run: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for statement, parameters in run.items():
        if _READS.match(statement):
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
            found += [
                (statement, step)
                for step in plan
                if (scan := re.search(r"Seq Scan on (\w+)", step)) and scan[1] in _KEYS
            ]
    return found
