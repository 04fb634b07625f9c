"""Claiming, settling and pacing deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Double, Integer, Row, and_, bindparam, case, cast, func, literal, or_, select, update

from core.domain.capabilities import Pace
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.store import DeadLetter, Delivery, Settlement
from core.storage import codec
from core.storage.database import Database
from core.storage.ids import new_id
from core.storage.tables import attachment, conversation, message, outbox, rate_limit

_OPEN = (DeliveryStatus.DUE, DeliveryStatus.SENDING)


class SqlOutbox:
    """The outbox on a database."""

    def __init__(self, database: Database) -> None:
        self._outbox_db = database

    async def claim_deliveries(self, channel: str, account: str, limit: int, lease: float) -> Sequence[Delivery]:
        """See Outbox.claim_deliveries."""
        return await self._outbox_db.write(
            lambda connection: self._claim_deliveries(connection, channel, account, limit, lease)
        )

    def _claim_deliveries(
        self, connection: Connection, channel: str, account: str, limit: int, lease: float
    ) -> Sequence[Delivery]:
        candidates = (connection.execute(self._heads(channel, account, limit).with_for_update(skip_locked=True))).all()
        if not candidates:
            return []
        owners = _ownership(connection, [row.conversation_id for row in candidates])
        allowed: list[Any] = []
        withheld: list[Any] = []
        for row in candidates:
            fits = row.author != Author.AGENT or owners.get(row.conversation_id) == row.ownership_epoch
            # A row already being sent is finished whatever happened since: its fate at the provider is not known.
            (allowed if fits or row.status == DeliveryStatus.SENDING else withheld).append(row)
        self._withhold(connection, withheld)
        token = new_id()
        self._mark_sending(connection, [row.id for row in allowed], token, lease)
        return _deliveries(connection, allowed, token)

    def _heads(self, channel: str, account: str, limit: int) -> Any:
        """Rows that may be sent now and have no open row before them in their conversation."""
        now, earlier = self._outbox_db.now(), outbox.alias("earlier")
        columns = outbox.c
        return (
            select(outbox)
            .where(
                columns.channel == channel,
                columns.account == account,
                or_(
                    and_(columns.status == DeliveryStatus.DUE, columns.due_at <= now),
                    and_(columns.status == DeliveryStatus.SENDING, columns.lease_until <= now),
                ),
                columns.status.in_(_OPEN),
                ~select(earlier.c.id)
                .where(
                    earlier.c.conversation_id == columns.conversation_id,
                    earlier.c.status.in_(_OPEN),
                    earlier.c.seq < columns.seq,
                )
                .exists(),
            )
            .order_by(columns.due_at, columns.first_due_at)
            .limit(limit)
        )

    def _withhold(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        if rows:
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_([row.id for row in rows]))
                .values(
                    status=DeliveryStatus.WITHHELD,
                    settled_at=self._outbox_db.now(),
                    last_error="The conversation changed hands before this was sent.",
                )
            )

    def _mark_sending(self, connection: Connection, ids: Sequence[str], token: str, lease: float) -> None:
        if ids:
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(ids))
                .values(
                    uncertain=or_(outbox.c.uncertain, outbox.c.status == DeliveryStatus.SENDING),
                    status=DeliveryStatus.SENDING,
                    lease_until=self._outbox_db.now() + lease,
                    attempts=outbox.c.attempts + 1,
                    token=token,
                )
            )

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        """See Outbox.settle."""
        return await self._outbox_db.write(lambda connection: self._settle(connection, settlements))

    def _settle(self, connection: Connection, settlements: Sequence[Settlement]) -> bool:
        now = self._outbox_db.now()
        columns = outbox.c
        wait = bindparam("wait", type_=Double)
        statement = (
            update(outbox)
            .where(columns.id == bindparam("key"), columns.token == bindparam("held_token"))
            .values(
                status=bindparam("new_status"),
                parts_done=columns.parts_done + bindparam("parts", type_=Integer),
                receipts=func.coalesce(bindparam("new_receipts"), columns.receipts),
                last_error=bindparam("new_error"),
                uncertain=bindparam("new_uncertain"),
                possible_duplicate=or_(columns.possible_duplicate, bindparam("new_possible_duplicate")),
                due_at=case((wait >= 0, now + wait), else_=columns.due_at),
                settled_at=case((wait >= 0, None), else_=now),
                lease_until=None,
                token=None,
            )
        )
        ordered = sorted(settlements, key=lambda item: item.delivery_id)
        connection.execute(statement, [_settlement_row(item) for item in ordered])
        for item in ordered:
            if item.conversation_pause > 0:
                self._pause_conversation(connection, item)
        settled, waiting = outbox.alias("settled"), outbox.alias("waiting")
        held_back = (
            select(waiting.c.id)
            .join(settled, settled.c.conversation_id == waiting.c.conversation_id)
            .where(settled.c.id.in_([item.delivery_id for item in ordered]), waiting.c.status == DeliveryStatus.DUE)
            .limit(1)
        )
        return (connection.execute(held_back)).first() is not None

    def _pause_conversation(self, connection: Connection, item: Settlement) -> None:
        of = select(outbox.c.conversation_id).where(outbox.c.id == item.delivery_id).scalar_subquery()
        connection.execute(
            update(outbox)
            .where(outbox.c.conversation_id == of, outbox.c.status == DeliveryStatus.DUE)
            .values(due_at=self._outbox_db.now() + item.conversation_pause)
        )

    async def due(self, channel: str, account: str, limit: int) -> int:
        """See Outbox.due."""
        heads = self._heads(channel, account, limit).subquery()

        def work(connection: Connection) -> int:
            return int(connection.scalar(select(func.count()).select_from(heads)) or 0)

        return await self._outbox_db.read(work)

    async def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See Outbox.dead_letters."""
        statement = (
            select(outbox, message.c.text, conversation.c.thread)
            .join(message, message.c.id == outbox.c.message_id)
            .join(conversation, conversation.c.id == outbox.c.conversation_id)
            .where(outbox.c.status == DeliveryStatus.DEAD)
            .order_by(outbox.c.settled_at)
            .limit(limit)
        )

        def work(connection: Connection) -> Sequence[DeadLetter]:
            return [
                DeadLetter(
                    id=row.id,
                    conversation=ConversationKey(row.channel, row.account, row.thread),
                    text=row.text,
                    error=row.last_error or "",
                    attempts=row.attempts,
                    died_at=codec.when(row.settled_at),
                )
                for row in connection.execute(statement)
            ]

        return await self._outbox_db.read(work)

    async def revive(self, delivery_id: str) -> bool:
        """See Outbox.revive."""
        statement = (
            update(outbox)
            .where(outbox.c.id == delivery_id, outbox.c.status == DeliveryStatus.DEAD)
            .values(
                status=DeliveryStatus.DUE,
                due_at=self._outbox_db.now(),
                first_due_at=self._outbox_db.now(),
                attempts=0,
                settled_at=None,
            )
            .returning(outbox.c.id)
        )

        def work(connection: Connection) -> bool:
            return (connection.execute(statement)).first() is not None

        return await self._outbox_db.write(work)

    async def reserve(self, key: str, pace: Pace, want: int) -> tuple[int, float]:
        """See Outbox.reserve. One row per pace holds when the next send is free (generic cell rate algorithm)."""
        interval = pace.seconds / pace.messages
        now, columns = self._outbox_db.now(), rate_limit.c
        start = case((columns.next_free_at > now, columns.next_free_at), else_=now)
        room = cast(func.floor((now + pace.seconds - start) / literal(interval, Double) + 1e-6), Integer)
        granted = case((room < 0, 0), (room < want, room), else_=want)
        statement = (
            update(rate_limit)
            .where(columns.key == key)
            .values(next_free_at=start + granted * literal(interval, Double), granted=granted)
            .returning(columns.granted, (columns.next_free_at - now).label("ahead"))
        )

        def work(connection: Connection) -> tuple[int, float]:
            connection.execute(self._outbox_db.insert_new(rate_limit).values(key=key, next_free_at=0.0, granted=0))
            row = (connection.execute(statement)).one()
            if row.granted:
                return int(row.granted), 0.0
            return 0, max(0.001, float(row.ahead) - pace.seconds + interval)

        return await self._outbox_db.write(work)

    async def pause(self, key: str, seconds: float) -> None:
        """See Outbox.pause."""
        until = self._outbox_db.now() + seconds

        def work(connection: Connection) -> None:
            connection.execute(self._outbox_db.insert_new(rate_limit).values(key=key, next_free_at=0.0, granted=0))
            connection.execute(
                update(rate_limit)
                .where(rate_limit.c.key == key, rate_limit.c.next_free_at < until)
                .values(next_free_at=until)
            )

        await self._outbox_db.write(work)


def _ownership(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The ownership epochs, under the rows' locks: a takeover waits for this transaction, or this one sees it."""
    rows = connection.execute(
        select(conversation.c.id, conversation.c.ownership_epoch)
        .where(conversation.c.id.in_(sorted(set(ids))))
        .order_by(conversation.c.id)
        .with_for_update()
    )
    return {row.id: row.ownership_epoch for row in rows}


def _deliveries(connection: Connection, rows: Sequence[Row[Any]], token: str) -> list[Delivery]:
    if not rows:
        return []
    ids = [row.message_id for row in rows]
    said = {
        row.id: row
        for row in connection.execute(
            select(message, conversation.c.thread, conversation.c.locale)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(message.c.id.in_(ids))
        )
    }
    files = codec.group_files((connection.execute(select(attachment).where(attachment.c.message_id.in_(ids)))).all())
    return [_delivery(row, said[row.message_id], files, token) for row in rows]


def _delivery(row: Row[Any], said: Row[Any], files: Any, token: str) -> Delivery:
    spoken = codec.message_from(said, files.get(row.message_id, ()))
    return Delivery(
        id=row.id,
        conversation_id=row.conversation_id,
        message=OutboundMessage(
            message_id=spoken.id,
            conversation=ConversationKey(row.channel, row.account, said.thread),
            author=spoken.author,
            text=spoken.text,
            kind=spoken.kind or MessageKind.ANSWER,
            author_name=spoken.author_name,
            citations=spoken.citations,
            attachments=spoken.attachments,
            locale=said.locale,
            turn_id=said.turn_id,
            meta=spoken.meta,
        ),
        attempt=row.attempts + 1,
        token=token,
        parts_done=row.parts_done,
        uncertain=row.uncertain or row.status == DeliveryStatus.SENDING,
        possible_duplicate=row.possible_duplicate,
        first_due_at=codec.when(row.first_due_at),
    )


def _settlement_row(item: Settlement) -> dict[str, Any]:
    return {
        "key": item.delivery_id,
        "held_token": item.token,
        "new_status": item.status,
        "parts": len(item.receipts),
        "new_receipts": json.dumps([receipt.provider_id for receipt in item.receipts]) if item.receipts else None,
        "new_error": codec.clean(item.error)[:1000] if item.error else None,
        "new_uncertain": item.uncertain,
        "new_possible_duplicate": item.possible_duplicate,
        "wait": -1.0 if item.retry_after is None else item.retry_after,
    }
