"""What cannot be sent: lanes whose credentials are refused, and dead letters, which are found, buried and sent again.

What waits for a refused lane does not grow old meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    case,
    delete,
    func,
    not_,
    or_,
    select,
    text,
    update,
)

from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import ReceiptStatus
from core.ports.store import DeadLetter, Settlement
from core.storage import codec
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.relay_updates import mark_relays_outdated
from core.storage.tables import OPEN_DELIVERY, conversation, lane, message, outbox, receipt

_PATIENCE = 300.0
"""A lane that is paused tries one message every half minute. Where nobody did for this long, nobody has one to send."""

log = structlog.get_logger(__name__)


def _of_row(column: Any) -> ScalarSelect[Any]:
    """Of the lane that an outbox row waits for; NULL where it was never refused."""
    return (
        select(column)
        .where(lane.c.channel == outbox.c.channel, lane.c.account == outbox.c.account)
        .correlate(outbox)
        .scalar_subquery()
    )


def is_paused() -> ColumnElement[Any]:
    """Whether the last that was heard of the row's lane is that its credentials are refused."""
    return func.coalesce(_of_row(lane.c.paused), False).label("lane_paused")


def sendable_since() -> ColumnElement[float]:
    """Since when an outbox row could have been sent: as long as its lane was tried in vain, it could not."""
    tried = func.coalesce(_of_row(lane.c.tried_at), 0.0)
    return case((tried > outbox.c.first_due_at, tried), else_=outbox.c.first_due_at)


def note_lanes(connection: Connection, database: Database, settled: Iterable[tuple[Settlement, Any]]) -> None:
    """What these tries tell of their lanes. In the commit that settles them, so that no crash comes between."""
    heard = {(row.channel, row.account): item.authorised for item, row in settled if item.authorised is not None}
    now = database.now()
    for (channel, account), authorised in sorted(heard.items()):
        if authorised:
            connection.execute(
                update(lane)
                .where(lane.c.channel == channel, lane.c.account == account, lane.c.paused)
                .values(paused=False, tried_at=now)
            )
        else:
            refused = database.upsert(lane, ["channel", "account"], ["paused", "tried_at"])
            connection.execute(refused.values(channel=channel, account=account, paused=True, tried_at=now))


class SqlDeadLetters(OnDatabase):
    """Dead letters and lanes on a database."""

    @reads
    def dead_letters(self, connection: Connection, limit: int = 100) -> Sequence[DeadLetter]:
        statement = (
            select(outbox, message.c.text, conversation.c.thread.label("home"))
            .outerjoin(message, message.c.id == outbox.c.message_id)  # a letter without its message is one all the more
            .join(conversation, conversation.c.id == outbox.c.conversation_id)
            .where(outbox.c.status == DeliveryStatus.DEAD)
            .order_by(outbox.c.settled_at, outbox.c.seq)
            .limit(limit)
        )
        return [
            DeadLetter(
                id=row.id,
                conversation=ConversationKey(row.channel, row.account, row.thread or row.home),
                text=row.text or "",
                error=row.last_error or "",
                attempts=row.attempts,
                died_at=codec.when(row.settled_at),
            )
            for row in connection.execute(statement)
        ]

    @writes
    def bury_stale(self, connection: Connection, older_than: float, served: Collection[tuple[str, str]] = ()) -> int:
        """See Outbox.bury_stale. Rows that somebody is claiming just now are left alone."""
        columns, now = outbox.c, self.database.now()
        stale = (
            select(columns.id)
            .where(
                text(f"outbox.{OPEN_DELIVERY}"),
                columns.status == DeliveryStatus.DUE,
                columns.due_at <= now,
                columns.first_due_at <= now - older_than,  # the cheap condition first
                sendable_since() <= now - older_than,
                *(not_(and_(columns.channel == channel, columns.account == account)) for channel, account in served),
            )
            .with_for_update(skip_locked=True)
        )
        said = f"Nobody sent this within {older_than / 3600:.0f} hours. Is its channel account still set up?"
        statement = (
            update(outbox)
            .where(columns.id.in_(stale))
            .values(status=DeliveryStatus.DEAD, settled_at=now, last_error=said)
            .returning(columns.id)
        )
        return len(connection.execute(statement).all())

    def _bury_unreadable(self, connection: Connection, broken: Mapping[str, str]) -> None:
        """What cannot be read (written by a newer version?) is kept as it is, for a person, and holds up nobody else."""
        columns = outbox.c
        for key, reason in sorted(broken.items()):
            log.error("delivery.unreadable", delivery=key, error=reason)
            connection.execute(
                update(outbox)
                .where(columns.id == key)
                .values(
                    uncertain=or_(columns.uncertain, columns.status == DeliveryStatus.SENDING),
                    status=DeliveryStatus.DEAD,
                    settled_at=self.database.now(),
                    last_error=codec.clean(f"It cannot be read: {reason}")[:1000],
                    lease_until=None,
                    token=None,
                )
            )

    @writes
    def revive(self, connection: Connection, delivery_id: str) -> bool:
        statement = (
            update(outbox)
            .where(outbox.c.id == delivery_id, outbox.c.status == DeliveryStatus.DEAD)
            .values(
                status=DeliveryStatus.DUE,
                due_at=self.database.now(),
                first_due_at=self.database.now(),
                attempts=0,
                settled_at=None,
            )
            .returning(outbox.c.message_id)
        )
        revived = connection.scalars(statement).all()
        if revived and _forget_failures(connection, delivery_id, revived):
            connection.execute(update(outbox).where(outbox.c.id == delivery_id).values(parts_done=0))
        mark_relays_outdated(connection, revived, self.database.timestamp())
        return bool(revived)

    @reads
    def lane_paused(self, connection: Connection, channel: str, account: str) -> bool:
        statement = select(lane.c.account).where(
            lane.c.channel == channel,
            lane.c.account == account,
            lane.c.paused,
            lane.c.tried_at > self.database.now() - _PATIENCE,
        )
        return connection.execute(statement).first() is not None


def _forget_failures(connection: Connection, delivery_id: str, messages: Sequence[str]) -> bool:
    """Whether the provider had taken parts and could not deliver them: what it said of them is not said of the next try."""
    said = receipt.c.message_id.in_(messages), receipt.c.delivery_id == delivery_id
    return bool(connection.execute(delete(receipt).where(*said, receipt.c.status == ReceiptStatus.FAILED)).rowcount)
