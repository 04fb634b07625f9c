"""What calls of models used and cost: added by the ledger of budgets, and read by operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, func, select

from core.domain.model_use import UseCount, UseKey
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.tables import identity, model_use

_COUNTS = tuple(one.name for one in fields(UseCount))
GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer_id",),
    "conversation": ("customer_id", "conversation_id"),
    "day": ("day",),
    "model": ("model", "task"),
}
"""What use can be added up by, and the columns that name each line then."""


class SqlModelUse(OnDatabase):
    """The counts of use on a database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        statement = database.insert(model_use)
        sums = {name: model_use.c[name] + statement.excluded[name] for name in _COUNTS}
        self._use_added = statement.on_conflict_do_update(index_elements=list(model_use.primary_key), set_=sums)

    @writes
    def add_model_use(self, connection: Connection, used: Mapping[UseKey, UseCount]) -> None:
        rows = [asdict(key) | asdict(count) for key, count in used.items()]
        # In one order, so that two processes never wait for each other.
        connection.execute(self._use_added, sorted(rows, key=lambda row: [row[name] for name in _KEYS]))

    @reads
    def model_use(self, connection: Connection, by: str, since: float, limit: int) -> Sequence[dict[str, Any]]:
        """Sums since then, the most expensive first, of days the newest first. ``by``: see GROUPINGS."""
        named = [model_use.c[name] for name in GROUPINGS[by]]
        sums = [func.sum(model_use.c[name]).label(name) for name in _COUNTS]
        order = [named[0].desc()] if by == "day" else [func.sum(model_use.c.cost).desc(), _tokens().desc(), *named]
        found = connection.execute(
            select(*named, *sums).where(model_use.c.day >= since).group_by(*named).order_by(*order).limit(limit)
        )
        rows = [dict(row) for row in found.mappings()]
        addresses = _addresses(connection, {row["customer_id"] for row in rows if row.get("customer_id")})
        return [_usage(row, addresses) for row in rows]


_KEYS = tuple(one.name for one in fields(UseKey))


def _tokens() -> Any:
    return func.sum(model_use.c.input_tokens + model_use.c.output_tokens)


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
