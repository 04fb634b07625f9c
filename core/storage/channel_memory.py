"""What channels remember, and the leases of work that one process at a time may do."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Double, bindparam, delete, or_, select, update

from core.storage.among import among
from core.storage.database import Database
from core.storage.tables import channel_memory, lease

_MINE = (
    channel_memory.c.channel == bindparam("of_channel"),
    channel_memory.c.account == bindparam("of_account"),
)
_ONE = (*_MINE, channel_memory.c.key == bindparam("wanted"))
_RECALL = select(channel_memory.c.key, channel_memory.c.value).where(*_MINE, among(channel_memory.c.key, "keys"))
_FORGET = delete(channel_memory).where(*_ONE)
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

        def work(connection: Connection) -> Mapping[str, str]:
            return {row.key: row.value for row in connection.execute(_RECALL, wanted)}

        return await self._memory_db.read(work)

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

    async def forget(self, channel: str, account: str, key: str) -> None:
        """See ChannelMemory.forget."""

        def work(connection: Connection) -> None:
            connection.execute(_FORGET, {"of_channel": channel, "of_account": account, "wanted": key})

        await self._memory_db.write(work)

    async def recall_all(self, channel: str, account: str, prefix: str, limit: int = 1000) -> Mapping[str, str]:
        """See ChannelMemory.recall_all."""
        columns = channel_memory.c
        statement = (
            select(columns.key, columns.value)
            .where(
                columns.channel == channel,
                columns.account == account,
                columns.key.startswith(prefix, autoescape=True),
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

    def _row(self, channel: str, account: str, key: str, value: str) -> dict[str, object]:
        at = self._memory_db.timestamp()
        return {"channel": channel, "account": account, "key": key, "value": value, "updated_at": at}
