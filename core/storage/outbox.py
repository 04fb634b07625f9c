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
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from core.domain.capabilities import Pace
from core.domain.delivery import CUSTOMER_ENDED, NOTHING_CAME, PARTLY_CAME, DeliveryStatus
from core.domain.messages import Author
from core.ports.lanes import ClaimedDeliveries
from core.ports.store import Settlement
from core.storage import codec
from core.storage.among import among
from core.storage.budgets import reserve
from core.storage.channel_memory import keep_notes
from core.storage.database import Database, writes
from core.storage.dead_letters import SqlDeadLetters, is_paused, note_lanes, sendable_since
from core.storage.delivered import has_open_before
from core.storage.event_log import withdraw_messages
from core.storage.ids import new_id
from core.storage.relay_updates import HOLD, TAKEN_BACK, mark_withheld_relays, pending_edits
from core.storage.reports import keep_receipts
from core.storage.tables import OPEN_DELIVERY, conversation, outbox, rate_limit
from core.storage.taken_deliveries import in_doubt, load_deliveries, owner_changed


class SqlOutbox(SqlDeadLetters):
    """The outbox on a database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._due = _due(database)
        self._claimable = self._due.with_for_update(skip_locked=True)
        self._owners = _owners(database)
        self._sending = _sending(database)
        self._settlement = _settlement(database)
        self._extension = (
            update(outbox)
            .where(among(outbox.c.id, "ids"))
            .values(lease_until=database.now() + bindparam("lease", type_=Double))
        )

    @writes
    def claim_deliveries(
        self, connection: Connection, channel: str, account: str, limit: int, lease: float, pace: Pace | None = None
    ) -> ClaimedDeliveries:
        withdrawn: frozenset[str] = frozenset()
        pauses: list[float] = []
        while True:
            wanted = {"of_channel": channel, "of_account": account, "most": limit}
            candidates = connection.execute(self._claimable, wanted).all()
            if not candidates:
                return ClaimedDeliveries((), withdrawn=withdrawn, pauses=pauses)
            owners = self._lock_conversations(connection, [row.conversation_id for row in candidates])
            pauses += [row.pause for row in owners.values() if row.pause > 0]
            allowed, withheld = self._classify(connection, candidates, owners)
            withdrawn |= withdraw_messages(connection, withheld, self.database.timestamp())
            if allowed and pace is not None:
                room, wait = reserve(connection, self.database, f"{channel}:{account}", pace, len(allowed))
                if not room:
                    return ClaimedDeliveries((), withdrawn=withdrawn, pauses=pauses, wait=wait)
                allowed = allowed[:room]
            token = new_id()
            granted, broken = load_deliveries(connection, allowed, token, owners)
            self._bury_unreadable(connection, broken)
            if granted:
                ids = [delivery.id for delivery in granted]
                connection.execute(self._sending, {"ids": ids, "lease": lease, "new_token": token})
                return ClaimedDeliveries(granted, withdrawn=withdrawn, pauses=pauses)
            # None of them may be sent, but what stood behind them perhaps may. Each pass leaves fewer rows that are due.

    def _classify(
        self, connection: Connection, candidates: Sequence[Row[Any]], owners: Mapping[str, Row[Any]]
    ) -> tuple[list[Row[Any]], list[str]]:
        """Those to be sent or asked about; the others become ``withheld``, or due when their conversation's pause ends.

        With them the messages that were withheld.
        """
        allowed: list[Row[Any]] = []
        withheld: dict[str, list[Row[Any]]] = {}
        paused: list[str] = []
        held: list[str] = []
        changing, gone = pending_edits(connection, candidates)
        for row in candidates:
            if owner_changed(row, owners) and not in_doubt(row):
                withheld.setdefault(PARTLY_CAME if row.parts_done else NOTHING_CAME, []).append(row)
            elif row.message_id in gone:
                withheld.setdefault(TAKEN_BACK, []).append(row)
            elif _is_past_the_end(row, owners):
                withheld.setdefault(CUSTOMER_ENDED, []).append(row)
            elif row.status == DeliveryStatus.DUE and owners[row.conversation_id].pause > 0:
                paused.append(row.id)
            elif row.message_id in changing:
                held.append(row.id)
            else:
                allowed.append(row)  # in doubt, it has to be found out what arrived, whoever speaks now
        for reason, rows in withheld.items():
            self._withhold(connection, rows, reason)
        if paused:
            until = select(conversation.c.send_after).where(conversation.c.id == outbox.c.conversation_id)
            wait = update(outbox).where(outbox.c.id.in_(paused)).values(due_at=until.scalar_subquery())
            connection.execute(wait)
        if held:
            later = update(outbox).where(outbox.c.id.in_(held)).values(due_at=self.database.now() + HOLD)
            connection.execute(later)
        withheld.pop(CUSTOMER_ENDED, None)  # nothing of it was shown
        return allowed, [row.message_id for rows in withheld.values() for row in rows]

    def _lock_conversations(self, connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """Their ownership epochs, under the rows' locks: a takeover waits for this transaction, or this one sees it."""
        return {row.id: row for row in connection.execute(self._owners, {"ids": sorted(set(ids))})}

    def _withhold(self, connection: Connection, rows: Sequence[Row[Any]], reason: str) -> None:
        withheld = {"status": DeliveryStatus.WITHHELD, "settled_at": self.database.now(), "last_error": reason}
        connection.execute(update(outbox).where(outbox.c.id.in_([row.id for row in rows])).values(withheld))
        mark_withheld_relays(connection, self.database, rows)

    @writes
    def extend_deliveries(self, connection: Connection, held: Mapping[str, str], lease: float) -> frozenset[str]:
        rows = connection.execute(_LOCK_HELD, {"ids": sorted(held)})
        kept = [row.id for row in rows if row.token == held[row.id]]
        if kept:
            connection.execute(self._extension, {"ids": kept, "lease": lease})
        return frozenset(kept)

    @writes
    def mark_doubled(self, connection: Connection, delivery_id: str, token: str) -> bool:
        own = (outbox.c.id == delivery_id, outbox.c.token == token)
        marked = update(outbox).where(*own).values(possible_duplicate=True)
        return connection.execute(marked).rowcount > 0

    @writes
    def settle(self, connection: Connection, settlements: Sequence[Settlement]) -> bool:
        rows = connection.execute(_LOCK, {"ids": sorted({item.delivery_id for item in settlements})}).all()
        claimed = {(row.id, row.token): row for row in rows}
        held = {item.delivery_id: item for item in settlements if (item.delivery_id, item.token) in claimed}
        settled = [(item, claimed[item.delivery_id, item.token]) for item in held.values()]
        if not settled:
            return False
        connection.execute(self._settlement, [_settlement_row(item, row.receipts) for item, row in settled])
        keep_receipts(connection, self.database, settled, self.database.timestamp())
        notes = [taken.note for item, _ in settled for taken in item.receipts if taken.note is not None]
        keep_notes(connection, self.database, notes)
        self._withdraw(connection, [row for item, row in settled if item.status == DeliveryStatus.WITHHELD])
        self._pause_conversations(connection, {row.conversation_id: item.conversation_pause for item, row in settled})
        note_lanes(connection, self.database, settled)
        return any(row.holds_back for row in rows)

    def _withdraw(self, connection: Connection, rows: Sequence[Any]) -> None:
        if rows:
            self._lock_conversations(connection, [row.conversation_id for row in rows])
            mark_withheld_relays(connection, self.database, rows)
            withdraw_messages(connection, [row.message_id for row in rows], self.database.timestamp())

    def _pause_conversations(self, connection: Connection, pauses: Mapping[str, float]) -> None:
        """Kept with the conversation, so that a message that is enqueued later waits as well."""
        now = self.database.now()
        for key, seconds in sorted(pauses.items()):
            if seconds > 0:
                connection.execute(
                    update(conversation).where(conversation.c.id == key).values(send_after=now + seconds)
                )

    @writes
    def reserve(self, connection: Connection, key: str, pace: Pace, want: int) -> tuple[int, float]:
        return reserve(connection, self.database, key, pace, want)

    @writes
    def pause(self, connection: Connection, key: str, seconds: float) -> None:
        until = self.database.now() + seconds
        fresh = {"key": key, "next_free_at": 0.0, "paused_until": 0.0, "granted": 0}
        connection.execute(self.database.insert_new(rate_limit), fresh)
        connection.execute(
            update(rate_limit)
            .where(rate_limit.c.key == key, rate_limit.c.paused_until < until)
            .values(paused_until=until)
        )


def _due(database: Database) -> Select[Any]:
    """Rows that may be sent now and have no open row before them in their conversation, on the same channel."""
    now, columns = database.now(), outbox.c
    return (
        select(outbox, sendable_since().label("sendable_since"), is_paused())
        .where(
            columns.channel == bindparam("of_channel"),
            columns.account == bindparam("of_account"),
            or_(
                and_(columns.status == DeliveryStatus.DUE, columns.due_at <= now),
                and_(columns.status == DeliveryStatus.SENDING, columns.lease_until <= now),
            ),
            text(f"outbox.{OPEN_DELIVERY}"),  # written out, as the condition of a partial index
            ~has_open_before(),
        )
        .order_by(columns.due_at, columns.first_due_at)
        .limit(bindparam("most", type_=Integer))
    )


def _owners(database: Database) -> Select[Any]:
    columns = conversation.c
    pause = func.coalesce(columns.send_after - database.now(), literal(0.0)).label("pause")
    return (
        select(columns.id, columns.ownership_epoch, columns.ended_at, pause)
        .where(among(columns.id, "ids"))
        .order_by(columns.id)
        .with_for_update()
    )


def _is_past_the_end(row: Row[Any], owners: Mapping[str, Row[Any]]) -> bool:
    """Whether a person or the agent wrote it to a place that its customer has closed, and that nothing is read in any more."""
    own_place = row.author in (Author.STAFF, Author.AGENT) and row.thread is None
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


_LOCK_HELD = (
    select(outbox.c.id, outbox.c.token).where(among(outbox.c.id, "ids")).order_by(outbox.c.id).with_for_update()
)
_BEHIND = outbox.alias("behind")
_LOCK = (
    select(
        *outbox.c["id", "token", "conversation_id", "message_id", "receipts", "channel", "account", "author"],
        select(_BEHIND.c.id)
        .where(
            _BEHIND.c.conversation_id == outbox.c.conversation_id,
            text(f"behind.{OPEN_DELIVERY}"),
            _BEHIND.c.status == DeliveryStatus.DUE,
        )
        .exists()
        .label("holds_back"),
    )
    .where(among(outbox.c.id, "ids"))
    .order_by(outbox.c.id)
    .with_for_update(of=outbox)
)


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
