"""Claiming, settling and pacing deliveries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Double,
    Integer,
    Row,
    Select,
    TextClause,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    update,
)

from core.domain.capabilities import Pace
from core.domain.delivery import CUSTOMER_ENDED, NOTHING_CAME, PARTLY_CAME, DeliveryStatus
from core.domain.messages import Author
from core.ports.claimed_deliveries import ClaimedDeliveries
from core.ports.store import Delivery, Settlement
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database
from core.storage.dead_letters import SqlDeadLetters
from core.storage.delivery_states import in_doubt, load_deliveries, owner_changed
from core.storage.ids import new_id
from core.storage.lanes import is_paused, note_lanes, sendable_since
from core.storage.news import TAKEN_BACK, was_withheld
from core.storage.reports import keep_receipts
from core.storage.second_thoughts import HOLD, second_thoughts
from core.storage.tables import OPEN_DELIVERY, conversation, outbox, rate_limit
from core.storage.withdrawals import withdraw_messages


def _is_open(table: str) -> TextClause:
    """Written out, not as parameters: a partial index is used only for a condition that is known when planning."""
    return text(f"{table}.{OPEN_DELIVERY}")


class SqlOutbox(SqlDeadLetters):
    """The outbox on a database."""

    def __init__(self, database: Database) -> None:
        SqlDeadLetters.__init__(self, database)
        self._outbox_db = database
        self._due = _due(database)
        self._claimable = self._due.with_for_update(skip_locked=True)
        self._owners = _owners(database)
        self._sending = _sending(database)
        self._settlement = _settlement(database)

    async def claim_deliveries(self, channel: str, account: str, limit: int, lease: float) -> Sequence[Delivery]:
        """See Outbox.claim_deliveries."""
        return await self._outbox_db.write(
            lambda connection: self._claim_deliveries(connection, channel, account, limit, lease)
        )

    def _claim_deliveries(
        self, connection: Connection, channel: str, account: str, limit: int, lease: float
    ) -> Sequence[Delivery]:
        withdrawn: frozenset[str] = frozenset()
        while True:
            wanted = {"of_channel": channel, "of_account": account, "most": limit}
            candidates = connection.execute(self._claimable, wanted).all()
            if not candidates:
                return ClaimedDeliveries((), withdrawn=withdrawn)
            owners = self._lock_conversations(connection, [row.conversation_id for row in candidates])
            allowed, withheld = self._sort_out(connection, candidates, owners)
            withdrawn |= withdraw_messages(connection, withheld, self._outbox_db.timestamp())
            token = new_id()
            granted, broken = load_deliveries(connection, allowed, token, owners)
            self._bury_unreadable(connection, broken)
            if granted:
                self._mark_sending(connection, [delivery.id for delivery in granted], token, lease)
                return ClaimedDeliveries(granted, withdrawn=withdrawn)
            # None of them may be sent, but what stood behind them perhaps may. Each pass leaves fewer rows that are due.

    def _sort_out(
        self, connection: Connection, candidates: Sequence[Row[Any]], owners: Mapping[str, Row[Any]]
    ) -> tuple[list[Row[Any]], list[str]]:
        """Those to be sent or asked about; the others become ``withheld``, or due when their conversation's pause ends.

        With them the messages that were withheld.
        """
        allowed: list[Row[Any]] = []
        overtaken: list[Row[Any]] = []
        deleted: list[Row[Any]] = []
        unread: list[Row[Any]] = []
        paused: list[str] = []
        held: list[str] = []
        changing, gone = second_thoughts(connection, candidates)
        for row in candidates:
            if owner_changed(row, owners) and not in_doubt(row):
                overtaken.append(row)
            elif row.message_id in gone:
                deleted.append(row)
            elif _is_past_the_end(row, owners):
                unread.append(row)
            elif row.status == DeliveryStatus.DUE and owners[row.conversation_id].paused:
                paused.append(row.id)
            elif row.message_id in changing:
                held.append(row.id)
            else:
                allowed.append(row)  # in doubt, its fate at the provider has to be found out, whoever speaks now
        begun = [row for row in overtaken if row.parts_done]
        self._withhold(connection, begun, PARTLY_CAME)
        self._withhold(connection, [row for row in overtaken if not row.parts_done], NOTHING_CAME)
        self._withhold(connection, deleted, TAKEN_BACK)
        self._withhold(connection, unread, CUSTOMER_ENDED)
        _wait_for_pause(connection, paused)
        if held:
            later = update(outbox).where(outbox.c.id.in_(held)).values(due_at=self._outbox_db.now() + HOLD)
            connection.execute(later)
        return allowed, [row.message_id for row in (*overtaken, *deleted)]

    def _lock_conversations(self, connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """Their ownership epochs, under the rows' locks: a takeover waits for this transaction, or this one sees it."""
        return {row.id: row for row in connection.execute(self._owners, {"ids": sorted(set(ids))})}

    def _withhold(self, connection: Connection, rows: Sequence[Row[Any]], reason: str) -> None:
        if rows:
            withheld = {"status": DeliveryStatus.WITHHELD, "settled_at": self._outbox_db.now(), "last_error": reason}
            connection.execute(update(outbox).where(outbox.c.id.in_([row.id for row in rows])).values(withheld))
            was_withheld(connection, self._outbox_db, rows)

    def _mark_sending(self, connection: Connection, ids: Sequence[str], token: str, lease: float) -> None:
        if ids:
            connection.execute(self._sending, {"ids": ids, "lease": lease, "new_token": token})

    async def extend_deliveries(self, held: Mapping[str, str], lease: float) -> frozenset[str]:
        """See Outbox.extend_deliveries."""
        statement = (
            update(outbox)
            .where(outbox.c.id == bindparam("key"), outbox.c.token == bindparam("held_token"))
            .values(lease_until=self._outbox_db.now() + bindparam("lease", type_=Double))
            .returning(outbox.c.id)
        )

        def work(connection: Connection) -> frozenset[str]:
            found = (
                connection.scalar(statement, {"key": key, "held_token": token, "lease": lease})
                for key, token in sorted(held.items())
            )
            return frozenset(key for key in found if key is not None)

        return await self._outbox_db.write(work)

    async def mark_doubled(self, delivery_id: str, token: str) -> bool:
        """See Outbox.mark_doubled."""
        own = (outbox.c.id == delivery_id, outbox.c.token == token)
        marked = update(outbox).where(*own).values(possible_duplicate=True)
        return await self._outbox_db.write(lambda connection: connection.execute(marked).rowcount > 0)

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        """See Outbox.settle."""
        return await self._outbox_db.write(lambda connection: self._settle(connection, settlements))

    def _settle(self, connection: Connection, settlements: Sequence[Settlement]) -> bool:
        rows = connection.execute(_LOCK, {"ids": sorted({item.delivery_id for item in settlements})})
        claimed = {(row.id, row.token): row for row in rows}
        held = {item.delivery_id: item for item in settlements if (item.delivery_id, item.token) in claimed}
        if not held:
            return False
        connection.execute(
            self._settlement,
            [_settlement_row(item, claimed[item.delivery_id, item.token].receipts) for item in held.values()],
        )
        settled = [(item, claimed[item.delivery_id, item.token]) for item in held.values()]
        keep_receipts(connection, self._outbox_db, settled, self._outbox_db.timestamp())
        owners = {item.delivery_id: claimed[item.delivery_id, item.token].conversation_id for item in held.values()}
        never_came = [item for item in held.values() if item.status == DeliveryStatus.WITHHELD]
        self._withdraw(connection, [claimed[item.delivery_id, item.token] for item in never_came])
        self._pause_conversations(connection, {owners[key]: item.conversation_pause for key, item in held.items()})
        note_lanes(connection, self._outbox_db, settled)
        behind = connection.execute(_BEHIND, {"homes": sorted(set(owners.values())), "held": sorted(held)})
        return behind.first() is not None

    def _withdraw(self, connection: Connection, rows: Sequence[Any]) -> None:
        if rows:
            self._lock_conversations(connection, [row.conversation_id for row in rows])
            was_withheld(connection, self._outbox_db, rows)
            withdraw_messages(connection, [row.message_id for row in rows], self._outbox_db.timestamp())

    def _pause_conversations(self, connection: Connection, pauses: Mapping[str, float]) -> None:
        """Kept with the conversation, so that a message that is enqueued later waits as well."""
        now = self._outbox_db.now()
        for key, seconds in sorted(pauses.items()):
            if seconds > 0:
                connection.execute(
                    update(conversation).where(conversation.c.id == key).values(send_after=now + seconds)
                )

    async def due(self, channel: str, account: str, limit: int) -> int:
        """See Outbox.due."""
        counted = select(func.count()).select_from(self._due.subquery())
        wanted = {"of_channel": channel, "of_account": account, "most": limit}

        def work(connection: Connection) -> int:
            return int(connection.scalar(counted, wanted) or 0)

        return await self._outbox_db.read(work)

    async def reserve(self, key: str, pace: Pace, want: int) -> tuple[int, float]:
        """See Outbox.reserve. One row per pace holds when the next send is free (generic cell rate algorithm)."""
        interval = pace.seconds / pace.messages
        now, columns = self._outbox_db.now(), rate_limit.c
        start = case((columns.next_free_at > now, columns.next_free_at), else_=now)
        room = self._outbox_db.whole((now + pace.seconds - start) / literal(interval, Double) + 1e-6)
        granted = case((or_(room < 0, columns.paused_until > now), 0), (room < want, room), else_=want)
        statement = (
            update(rate_limit)
            .where(columns.key == key)
            .values(next_free_at=start + granted * literal(interval, Double), granted=granted)
            .returning(
                columns.granted,
                (columns.next_free_at - now - (pace.seconds - interval)).label("full"),
                (columns.paused_until - now).label("paused"),
            )
        )

        def work(connection: Connection) -> tuple[int, float]:
            connection.execute(self._outbox_db.insert_new(rate_limit).values(_fresh_pace(key)))
            row = connection.execute(statement).one()
            return (int(row.granted), 0.0) if row.granted else (0, max(0.001, float(row.full), float(row.paused)))

        return await self._outbox_db.write(work)

    async def pause(self, key: str, seconds: float) -> None:
        """See Outbox.pause."""
        until = self._outbox_db.now() + seconds

        def work(connection: Connection) -> None:
            connection.execute(self._outbox_db.insert_new(rate_limit).values(_fresh_pace(key)))
            connection.execute(
                update(rate_limit)
                .where(rate_limit.c.key == key, rate_limit.c.paused_until < until)
                .values(paused_until=until)
            )

        await self._outbox_db.write(work)


def _due(database: Database) -> Select[Any]:
    """Rows that may be sent now and have no open row before them in their conversation, on the same channel."""
    now, earlier = database.now(), outbox.alias("earlier")
    columns = outbox.c
    return (
        select(outbox, sendable_since().label("sendable_since"), is_paused())
        .where(
            columns.channel == bindparam("of_channel"),
            columns.account == bindparam("of_account"),
            or_(
                and_(columns.status == DeliveryStatus.DUE, columns.due_at <= now),
                and_(columns.status == DeliveryStatus.SENDING, columns.lease_until <= now),
            ),
            _is_open("outbox"),
            ~select(earlier.c.id)
            .where(
                earlier.c.conversation_id == columns.conversation_id,
                earlier.c.channel == columns.channel,  # a road that is closed today holds up nothing on the page
                _is_open("earlier"),
                earlier.c.seq < columns.seq,
            )
            .exists(),
        )
        .order_by(columns.due_at, columns.first_due_at)
        .limit(bindparam("most", type_=Integer))
    )


def _owners(database: Database) -> Select[Any]:
    columns = conversation.c
    paused = func.coalesce(columns.send_after > database.now(), literal(False)).label("paused")
    return (
        select(columns.id, columns.ownership_epoch, columns.ended_at, paused)
        .where(among(columns.id, "ids"))
        .order_by(columns.id)
        .with_for_update()
    )


def _is_past_the_end(row: Row[Any], owners: Mapping[str, Row[Any]]) -> bool:
    """Whether a person wrote it to a place that its customer has closed, and that nothing is read in any more."""
    own_place = row.author == Author.STAFF and row.thread is None
    return own_place and owners[row.conversation_id].ended_at is not None and not in_doubt(row)


def _sending(database: Database) -> Update:
    """A try that a dead worker left goes on under its number: a hub that crashed often says nothing of the provider."""
    columns = outbox.c
    return (
        update(outbox)
        .where(among(columns.id, "ids"))
        .values(
            uncertain=or_(columns.uncertain, columns.status == DeliveryStatus.SENDING),
            status=DeliveryStatus.SENDING,
            lease_until=database.now() + bindparam("lease", type_=Double),
            attempts=columns.attempts + case((columns.status == DeliveryStatus.SENDING, 0), else_=1),
            token=bindparam("new_token"),
        )
    )


def _settlement(database: Database) -> Update:
    now, columns = database.now(), outbox.c
    wait = bindparam("wait", type_=Double)
    return (
        update(outbox)
        .where(columns.id == bindparam("key"))
        .values(
            status=bindparam("new_status"),
            parts_done=columns.parts_done + bindparam("parts", type_=Integer),
            receipts=bindparam("new_receipts"),
            last_error=bindparam("new_error"),
            uncertain=bindparam("new_uncertain"),
            possible_duplicate=or_(columns.possible_duplicate, bindparam("new_possible_duplicate")),
            due_at=case((wait >= 0, now + wait), else_=columns.due_at),
            settled_at=case((wait >= 0, None), else_=now),
            attempts=columns.attempts - bindparam("uncounted", type_=Integer),
            lease_until=None,
            token=None,
        )
    )


_LOCK = (
    select(
        outbox.c.id,
        outbox.c.token,
        outbox.c.conversation_id,
        outbox.c.message_id,
        outbox.c.receipts,
        outbox.c.channel,
        outbox.c.account,
        outbox.c.author,
    )
    .where(among(outbox.c.id, "ids"))
    .order_by(outbox.c.id)
    .with_for_update()
)
_BEHIND = (
    select(outbox.c.id)
    .where(
        among(outbox.c.conversation_id, "homes"),
        _is_open("outbox"),
        outbox.c.status == DeliveryStatus.DUE,
        not_(among(outbox.c.id, "held")),
    )
    .limit(1)
)


def _fresh_pace(key: str) -> dict[str, Any]:
    return {"key": key, "next_free_at": 0.0, "paused_until": 0.0, "granted": 0}


def _wait_for_pause(connection: Connection, ids: Sequence[str]) -> None:
    if ids:
        until = select(conversation.c.send_after).where(conversation.c.id == outbox.c.conversation_id).scalar_subquery()
        connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(due_at=until))


def _settlement_row(item: Settlement, before: str | None) -> dict[str, Any]:
    receipts = [*_earlier_receipts(before), *(receipt.provider_id for receipt in item.receipts)]
    return {
        "key": item.delivery_id,
        "new_status": item.status,
        "parts": len(item.receipts),
        "new_receipts": json.dumps(receipts) if receipts else None,
        "new_error": codec.clean(item.error)[:1000] if item.error else None,
        "new_uncertain": item.uncertain,
        "uncounted": int(not item.counts),
        "new_possible_duplicate": item.possible_duplicate,
        "wait": -1.0 if item.retry_after is None else item.retry_after,
    }


def _earlier_receipts(text: str | None) -> list[Any]:
    """Of earlier tries. What cannot be read is kept as it is: it must not stand in the way of who settles now."""
    try:
        earlier = json.loads(text) if text else []
    except ValueError:
        return [text]
    return earlier if isinstance(earlier, list) else [text]
