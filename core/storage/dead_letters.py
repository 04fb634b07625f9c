"""Messages that could not be delivered: found, buried, and sent again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, text, update

from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.ports.store import DeadLetter
from core.storage import codec
from core.storage.database import Database
from core.storage.tables import OPEN_DELIVERY, conversation, message, outbox


class SqlDeadLetters:
    """Dead letters on a database."""

    def __init__(self, database: Database) -> None:
        self._dead_db = database

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

        return await self._dead_db.read(work)

    async def bury_stale(self, older_than: float) -> int:
        """See Outbox.bury_stale. Rows that somebody is claiming just now are left alone."""
        columns, now = outbox.c, self._dead_db.now()
        stale = (
            select(columns.id)
            .where(
                text(f"outbox.{OPEN_DELIVERY}"),
                columns.status == DeliveryStatus.DUE,
                columns.due_at <= now,
                columns.first_due_at <= now - older_than,
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

        def work(connection: Connection) -> int:
            return len(connection.execute(statement).all())

        return await self._dead_db.write(work)

    async def revive(self, delivery_id: str) -> bool:
        """See Outbox.revive."""
        statement = (
            update(outbox)
            .where(outbox.c.id == delivery_id, outbox.c.status == DeliveryStatus.DEAD)
            .values(
                status=DeliveryStatus.DUE,
                due_at=self._dead_db.now(),
                first_due_at=self._dead_db.now(),
                attempts=0,
                settled_at=None,
            )
            .returning(outbox.c.id)
        )

        def work(connection: Connection) -> bool:
            return (connection.execute(statement)).first() is not None

        return await self._dead_db.write(work)
