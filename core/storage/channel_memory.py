"""What channels remember, as long as it is of use, and the leases of work that one process at a time may do."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Double, bindparam, delete, or_, select, tuple_, update

from core.domain.errors import StoreUnavailable
from core.ports.retention import Page, Place
from core.storage.among import among
from core.storage.database import Database
from core.storage.tables import channel_memory, lease

_MINE = (
    channel_memory.c.channel == bindparam("of_channel"),
    channel_memory.c.account == bindparam("of_account"),
)
_ONE = (*_MINE, channel_memory.c.key == bindparam("wanted"))
_RECALL = select(channel_memory.c.key, channel_memory.c.value, channel_memory.c.updated_at).where(
    *_MINE, among(channel_memory.c.key, "keys")
)
_USED = (
    update(channel_memory)
    .where(*_MINE, among(channel_memory.c.key, "keys"))
    .values(updated_at=bindparam("at", type_=Double))
)
_FORGET_UNUSED = delete(channel_memory).where(*_ONE, channel_memory.c.updated_at < bindparam("before", type_=Double))
_DAY = 86_400.0
_LAST = "\U0010ffff"
"""Sorts behind every other letter, as both databases sort these keys. A range is found in the index, which LIKE need not be."""
_FORGET = delete(channel_memory).where(*_ONE)
_FORGET_THAT = delete(channel_memory).where(*_ONE, channel_memory.c.value == bindparam("old"))
_REPLACE = (
    update(channel_memory)
    .where(*_ONE, channel_memory.c.value == bindparam("old"))
    .values(value=bindparam("new"), updated_at=bindparam("at"))
)


class SqlChannelMemory:
    """ChannelMemory and Leases on a database."""

    def __init__(self, database: Database) -> None:
        self._memory_db = database
        until = database.now() + bindparam("seconds", type_=Double)
        self._take = (
            update(lease)
            .where(
                lease.c.name == bindparam("wanted"),
                or_(lease.c.holder == bindparam("who"), lease.c.until <= database.now()),
            )
            .values(holder=bindparam("who"), until=until)
        )

    async def recall(self, channel: str, account: str, key: str) -> str | None:
        """See ChannelMemory.recall."""
        return (await self.recall_many(channel, account, [key])).get(key)

    async def recall_many(self, channel: str, account: str, keys: list[str]) -> Mapping[str, str]:
        """See ChannelMemory.recall_many."""
        wanted = {"of_channel": channel, "of_account": account, "keys": keys}

        rows = await self._memory_db.read(lambda connection: connection.execute(_RECALL, wanted).all())
        now = self._memory_db.timestamp()
        old = [row.key for row in rows if row.updated_at < now - _DAY]
        if old:  # once a day is exact enough; where it cannot be noted, what was asked for is known all the same
            with contextlib.suppress(StoreUnavailable):
                await self._memory_db.write(
                    lambda connection: connection.execute(_USED, {**wanted, "keys": old, "at": now}).rowcount
                )
        return {row.key: row.value for row in rows}

    async def remember(self, channel: str, account: str, key: str, value: str) -> None:
        """See ChannelMemory.remember."""
        statement = self._memory_db.upsert(channel_memory, ["channel", "account", "key"], ["value", "updated_at"])
        row = self._row(channel, account, key, value)

        def work(connection: Connection) -> None:
            connection.execute(statement, row)

        await self._memory_db.write(work)

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        """See ChannelMemory.replace."""

        def work(connection: Connection) -> bool:
            if old is None:
                row = self._row(channel, account, key, new)
                return connection.execute(self._memory_db.insert_new(channel_memory), row).rowcount > 0
            given = {"of_channel": channel, "of_account": account, "wanted": key, "old": old, "new": new}
            return connection.execute(_REPLACE, {**given, "at": self._memory_db.timestamp()}).rowcount > 0

        return await self._memory_db.write(work)

    async def forget(self, channel: str, account: str, key: str, old: str | None = None) -> None:
        """See ChannelMemory.forget."""
        wanted = {"of_channel": channel, "of_account": account, "wanted": key}

        def work(connection: Connection) -> None:
            if old is None:
                connection.execute(_FORGET, wanted)
            else:
                connection.execute(_FORGET_THAT, {**wanted, "old": old})

        await self._memory_db.write(work)

    async def recall_all(self, channel: str, account: str, prefix: str, limit: int = 1000) -> Mapping[str, str]:
        """See ChannelMemory.recall_all."""
        columns = channel_memory.c
        statement = (
            select(columns.key, columns.value)
            .where(
                columns.channel == channel,
                columns.account == account,
                columns.key >= prefix,
                columns.key < prefix + _LAST,
            )
            .order_by(columns.key)
            .limit(limit)
        )

        def work(connection: Connection) -> Mapping[str, str]:
            return {row.key: row.value for row in connection.execute(statement)}

        return await self._memory_db.read(work)

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""

        def work(connection: Connection) -> bool:
            connection.execute(self._memory_db.insert_new(lease), {"name": name, "holder": "", "until": 0.0})
            taken = connection.execute(self._take, {"wanted": name, "who": holder, "seconds": seconds})
            return taken.rowcount > 0

        return await self._memory_db.write(work)

    async def let_go(self, name: str, holder: str) -> None:
        """See Leases.let_go."""

        def work(connection: Connection) -> None:
            connection.execute(delete(lease).where(lease.c.name == name, lease.c.holder == holder))

        await self._memory_db.write(work)

    async def forget_unused(self, channel: str, ages: Mapping[str, float], *, after: Place | None, limit: int) -> Page:
        """See Retention.forget_unused."""
        columns = channel_memory.c
        place = (columns.account, columns.key)
        statement = select(*place, columns.updated_at).where(columns.channel == channel).order_by(*place).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(*place) > tuple_(*after))
        rows = await self._memory_db.read(lambda connection: connection.execute(statement).all())
        now = self._memory_db.timestamp()
        unused = [
            {"of_channel": channel, "of_account": row.account, "wanted": row.key, "before": now - age}
            for row in rows
            if (age := _age(row.key, ages)) is not None and row.updated_at < now - age
        ]
        removed = await self._memory_db.write(lambda connection: _remove(connection, unused)) if unused else 0
        return Page(removed, (rows[-1].account, rows[-1].key) if len(rows) == limit else None)

    def _row(self, channel: str, account: str, key: str, value: str) -> dict[str, object]:
        at = self._memory_db.timestamp()
        return {"channel": channel, "account": account, "key": key, "value": value, "updated_at": at}


def _age(key: str, ages: Mapping[str, float]) -> float | None:
    return next((age for kind, age in ages.items() if key.startswith(kind)), None)


def _remove(connection: Connection, unused: list[dict[str, Any]]) -> int:
    """Each only if it was not used again since it was looked at."""
    return sum(connection.execute(_FORGET_UNUSED, one).rowcount for one in unused)
