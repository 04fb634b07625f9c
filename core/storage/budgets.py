"""Spent amounts in the table of sending paces: one row per key, for its latest window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, delete, select

from core.ports.budgets import Spent
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.tables import rate_limit

_LARGEST = 2_000_000_000  # what the column holds, and a little less
_KEYS = "budget:%"


class SqlBudgets(OnDatabase):
    """BudgetRecords on a database. ``next_free_at`` is the end of the window, ``granted`` what was spent in it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._added = _added(database)

    @writes
    def add_spent(self, connection: Connection, spent: Mapping[str, Spent]) -> Mapping[str, Spent]:
        rows = [
            {"key": key, "next_free_at": one.until, "paused_until": 0.0, "granted": one.amount}
            for key, one in sorted(spent.items())  # in one order, so that two processes never wait for each other
        ]
        found = connection.execute(self._added, rows)
        return {row.key: Spent(row.next_free_at, row.granted) for row in found}

    @reads
    def spent_since(self, connection: Connection, now: float, limit: int) -> Mapping[str, Spent]:
        columns = rate_limit.c
        statement = (
            select(columns.key, columns.next_free_at, columns.granted)
            .where(columns.key.like(_KEYS), columns.next_free_at > now)
            .order_by(columns.granted.desc())
            .limit(limit)
        )
        return {row.key: Spent(row.next_free_at, row.granted) for row in connection.execute(statement)}

    @writes
    def forget_spent(self, connection: Connection, before: float) -> int:
        statement = delete(rate_limit).where(rate_limit.c.key.like(_KEYS), rate_limit.c.next_free_at < before)
        return connection.execute(statement).rowcount


def _added(database: Database) -> Any:
    """Adds to what was spent in the same window; a later window replaces an earlier one."""
    statement = database.insert(rate_limit)
    there, new = rate_limit.c, statement.excluded
    same, later = there.next_free_at == new.next_free_at, there.next_free_at < new.next_free_at
    full = there.granted > _LARGEST - new.granted
    granted = case((later, new.granted), (~same, there.granted), (full, _LARGEST), else_=there.granted + new.granted)
    until = case((later, new.next_free_at), else_=there.next_free_at)
    added = statement.on_conflict_do_update(index_elements=["key"], set_={"granted": granted, "next_free_at": until})
    return added.returning(there.key, there.next_free_at, there.granted)
