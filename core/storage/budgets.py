"""What is spent and what is granted: amounts of budgets, use of models, and paces of sending, which all processes share.

A budget has a row for the latest window of each key, in the table of paces (generic cell rate algorithm).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Double, Insert, Integer, bindparam, case, cast, delete, func, or_, select

from core.domain.capabilities import Pace
from core.domain.model_use import UseCount, UseKey
from core.ports.budgets import Spent
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.tables import identity, model_use, rate_limit

_LARGEST = 2_000_000_000  # what the column holds, and a little less
_KEYS = "budget:%"
_KEY_NAMES = tuple(one.name for one in fields(UseKey))
_COUNTS = tuple(one.name for one in fields(UseCount))
GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer_id",),
    "conversation": ("customer_id", "conversation_id"),
    "day": ("day",),
    "model": ("model", "task"),
}
"""What use can be added up by, and the columns that name each line then."""


class SqlBudgets(OnDatabase):
    """BudgetRecords on a database. ``next_free_at`` is the end of the window, ``granted`` what was spent in it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._added = _added(database)
        self._use_added = _use_added(database)

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

    @writes
    def add_model_use(self, connection: Connection, used: Mapping[UseKey, UseCount]) -> None:
        rows = [asdict(key) | asdict(count) for key, count in used.items()]
        # In one order, so that two processes never wait for each other.
        connection.execute(self._use_added, sorted(rows, key=lambda row: [row[name] for name in _KEY_NAMES]))

    @reads
    def model_use(self, connection: Connection, by: str, since: float, limit: int) -> Sequence[dict[str, Any]]:
        """Sums since then, the most expensive first, of days the newest first. ``by``: see GROUPINGS."""
        named = [model_use.c[name] for name in GROUPINGS[by]]
        sums = [func.sum(model_use.c[name]).label(name) for name in _COUNTS]
        cost, tokens = func.sum(model_use.c.cost), func.sum(model_use.c.input_tokens + model_use.c.output_tokens)
        order = [named[0].desc()] if by == "day" else [cost.desc(), tokens.desc(), *named]
        found = connection.execute(
            select(*named, *sums).where(model_use.c.day >= since).group_by(*named).order_by(*order).limit(limit)
        )
        rows = [dict(row) for row in found.mappings()]
        addresses = _addresses(connection, {row["customer_id"] for row in rows if row.get("customer_id")})
        return [_usage(row, addresses) for row in rows]


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


def _use_added(database: Database) -> Any:
    statement = database.insert(model_use)
    sums = {name: model_use.c[name] + statement.excluded[name] for name in _COUNTS}
    return statement.on_conflict_do_update(index_elements=list(model_use.primary_key), set_=sums)


def _addresses(connection: Connection, ids: set[str]) -> dict[str, str]:
    """One identity of each customer, as ``switchboard customers`` takes it."""
    if not ids:
        return {}
    columns = identity.c
    name = func.min(columns.channel + ":" + columns.external_id).label("name")
    found = connection.execute(
        select(columns.customer_id, name).where(columns.customer_id.in_(ids)).group_by(columns.customer_id)
    )
    return {row.customer_id: row.name for row in found}


def _usage(row: dict[str, Any], addresses: Mapping[str, str]) -> dict[str, Any]:
    """Sums of large numbers come as decimals of PostgreSQL."""
    counts = {name: int(row[name]) for name in _COUNTS}
    address = {"address": addresses.get(row["customer_id"], "")} if "customer_id" in row else {}
    return row | counts | {"cost": float(row["cost"])} | address


def reserve(connection: Connection, database: Database, key: str, pace: Pace, want: int) -> tuple[int, float]:
    """See Outbox.reserve. One row holds when the next send is free."""
    given = {"pace_key": key, "want": want, "seconds": pace.seconds, "interval": pace.seconds / pace.messages}
    row = connection.execute(_reserve(database), {**given, "at_most": min(want, pace.messages)}).one()
    return (int(row.granted), 0.0) if row.granted else (0, max(0.001, float(row.full), float(row.paused)))


@lru_cache(maxsize=4)
def _reserve(database: Database) -> Insert:
    now, columns = database.now(), rate_limit.c
    seconds, interval = bindparam("seconds", type_=Double), bindparam("interval", type_=Double)
    want, at_most = bindparam("want", type_=Integer), bindparam("at_most", type_=Integer)
    start = case((columns.next_free_at > now, columns.next_free_at), else_=now)
    room = database.whole((now + seconds - start) / interval + 1e-6)
    granted = case((or_(room < 0, columns.paused_until > now), 0), (room < want, room), else_=want)
    statement = database.insert(rate_limit)
    fresh = {
        "key": bindparam("pace_key"),
        "next_free_at": now + cast(at_most, Double) * interval,
        "paused_until": 0.0,
        "granted": at_most,
    }
    return (
        statement.values(fresh)
        .on_conflict_do_update(
            index_elements=["key"], set_={"next_free_at": start + granted * interval, "granted": granted}
        )
        .returning(
            columns.granted,
            (columns.next_free_at - now - (seconds - interval)).label("full"),
            (columns.paused_until - now).label("paused"),
        )
    )
