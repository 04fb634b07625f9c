"""What channels remember, as long as it is of use, and the leases of work that one process at a time may do."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Double, bindparam, delete, or_, select, tuple_, update

from core.domain.errors import StoreUnavailable
from core.domain.messages import Note
from core.group_commit import GroupCommit
from core.ports.retention import Page, Place
from core.storage.among import among
from core.storage.database import Database, OnDatabase, reads, writes
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


@dataclass(frozen=True, slots=True)
class _Recall:
    """The values of these keys."""

    channel: str
    account: str
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Write:
    """``place``: channel, account and key. ``new``: None to forget it. ``conditional``: only if it is still ``old``."""

    place: tuple[str, str, str]
    new: str | None
    old: str | None = None
    conditional: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it overwrites what is there, whatever that is."""
        return self.new is not None and not self.conditional


class SqlChannelMemory(OnDatabase):
    """ChannelMemory and Leases on a database. What is recalled or written at the same time shares a transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._recalls: GroupCommit[_Recall, Mapping[str, str]] = GroupCommit(self._recall_batch)
        self._writes: GroupCommit[_Write, bool] = GroupCommit(self._write_batch)
        self._overwrite = database.upsert(channel_memory, ["channel", "account", "key"], ["value", "updated_at"])
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
        return (await self.recall_many(channel, account, [key])).get(key)

    async def recall_many(self, channel: str, account: str, keys: list[str]) -> Mapping[str, str]:
        return await self._recalls.submit(_Recall(channel, account, keys))

    async def _recall_batch(self, items: Sequence[_Recall]) -> Sequence[Mapping[str, str]]:
        wanted: dict[tuple[str, str], set[str]] = {}
        for item in items:
            wanted.setdefault((item.channel, item.account), set()).update(item.keys)

        def work(connection: Connection) -> dict[tuple[str, str], dict[str, Any]]:
            return {
                home: {row.key: row for row in connection.execute(_RECALL, _home_values(home, keys=sorted(keys)))}
                for home, keys in wanted.items()
            }

        known = await self.database.read(work)
        for home, rows in known.items():
            await self._keep_used(home, rows)
        return [
            {key: rows[key].value for key in item.keys if key in rows}
            for item in items
            for rows in (known[item.channel, item.account],)
        ]

    async def _keep_used(self, home: tuple[str, str], rows: Mapping[str, Any]) -> None:
        """Once a day is exact enough; where it cannot be noted, what was asked for is known all the same."""
        now = self.database.timestamp()
        if old := sorted(key for key, row in rows.items() if row.updated_at < now - _DAY):
            with contextlib.suppress(StoreUnavailable):
                await self.database.write(
                    lambda connection: connection.execute(_USED, _home_values(home, keys=old, at=now)).rowcount
                )

    async def remember(self, channel: str, account: str, key: str, value: str) -> None:
        await self._writes.submit(_Write((channel, account, key), value))

    async def remember_many(self, channel: str, account: str, values: Mapping[str, str]) -> None:
        if values:
            await self._writes.submit_all([_Write((channel, account, key), value) for key, value in values.items()])

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        return await self._writes.submit(_Write((channel, account, key), new, old, conditional=True))

    async def forget(self, channel: str, account: str, key: str, old: str | None = None) -> None:
        await self._writes.submit(_Write((channel, account, key), None, old, conditional=old is not None))

    @writes
    def _write_batch(self, connection: Connection, items: Sequence[_Write]) -> Sequence[bool]:
        """In one order everywhere: two processes that write the same keys would else wait for each other."""
        results = [True] * len(items)
        ordered = sorted(range(len(items)), key=lambda number: items[number].place)
        for is_plain, numbers in groupby(ordered, key=lambda number: items[number].is_plain):
            if is_plain:
                rows = [_row(*items[number].place, items[number].new, self.database) for number in numbers]
                connection.execute(self._overwrite, rows)
                continue
            for number in numbers:
                results[number] = self._change(connection, items[number])
        return results

    def _change(self, connection: Connection, item: _Write) -> bool:
        channel, account, key = item.place
        given = _home_values((channel, account), wanted=key, old=item.old)
        if item.new is None and not item.conditional:
            found = connection.execute(_FORGET, given)
        elif item.new is None:
            found = connection.execute(_FORGET_THAT, given)
        else:
            return keep_note(connection, self.database, Note(channel, account, key, item.old, item.new))
        return found.rowcount > 0

    @reads
    def recall_all(
        self, connection: Connection, channel: str, account: str, prefix: str, limit: int = 1000
    ) -> Mapping[str, str]:
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
        return {row.key: row.value for row in connection.execute(statement)}

    @writes
    def hold(self, connection: Connection, name: str, holder: str, seconds: float) -> bool:
        connection.execute(self.database.insert_new(lease), {"name": name, "holder": "", "until": 0.0})
        taken = connection.execute(self._take, {"wanted": name, "who": holder, "seconds": seconds})
        return taken.rowcount > 0

    @writes
    def let_go(self, connection: Connection, name: str, holder: str) -> None:
        connection.execute(delete(lease).where(lease.c.name == name, lease.c.holder == holder))

    async def forget_unused(self, channel: str, ages: Mapping[str, float], *, after: Place | None, limit: int) -> Page:
        """Look at the next ``limit`` notes of a channel (ChannelMemory), of all its accounts, behind ``after``.

        ``ages``: seconds after its last use, by the beginning of its key, after which a note goes. Others stay.
        Raises StoreUnavailable.
        """
        columns = channel_memory.c
        place = (columns.account, columns.key)
        statement = select(*place, columns.updated_at).where(columns.channel == channel).order_by(*place).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(*place) > tuple_(*after))
        rows = await self.database.read(lambda connection: connection.execute(statement).all())
        now = self.database.timestamp()
        unused = [
            {"of_channel": channel, "of_account": row.account, "wanted": row.key, "before": now - age}
            for row in rows
            if (age := _age(row.key, ages)) is not None and row.updated_at < now - age
        ]

        def remove(connection: Connection) -> int:
            """Each only if it was not used again since it was looked at."""
            return sum(connection.execute(_FORGET_UNUSED, one).rowcount for one in unused)

        removed = await self.database.write(remove) if unused else 0
        return Page(removed, (rows[-1].account, rows[-1].key) if len(rows) == limit else None)


def keep_notes(connection: Connection, database: Database, notes: Sequence[Note]) -> Sequence[bool]:
    """For each note, whether what was there was what it expected. In one order everywhere, so that no two processes wait for
    each other.
    """
    kept = [False] * len(notes)
    for number in sorted(range(len(notes)), key=lambda number: notes[number].place):
        kept[number] = keep_note(connection, database, notes[number])
    return kept


def keep_note(connection: Connection, database: Database, note: Note) -> bool:
    """Whether what was there was what the note expected."""
    if note.old is None:
        row = _row(note.channel, note.account, note.key, note.new, database)
        return connection.execute(database.insert_new(channel_memory), row).rowcount > 0
    given = _home_values(
        (note.channel, note.account), wanted=note.key, old=note.old, new=note.new, at=database.timestamp()
    )
    return connection.execute(_REPLACE, given).rowcount > 0


def _row(channel: str, account: str, key: str, value: str | None, database: Database) -> dict[str, object]:
    at = database.timestamp()
    return {"channel": channel, "account": account, "key": key, "value": value, "updated_at": at}


def _home_values(home: tuple[str, str], **given: object) -> dict[str, Any]:
    return {"of_channel": home[0], "of_account": home[1], **given}


def _age(key: str, ages: Mapping[str, float]) -> float | None:
    return next((age for kind, age in ages.items() if key.startswith(kind)), None)
