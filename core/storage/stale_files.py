"""Files that were uploaded and never sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, func, select

from core.domain.attachments import Attachment
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database
from core.storage.tables import attachment

_UNSENT = select(attachment.c.id).where(among(attachment.c.id, "ids"), attachment.c.message_id.is_(None))


class SqlStaleFiles:
    """StaleFiles on a database."""

    def __init__(self, database: Database) -> None:
        self._stale_db = database

    async def stale_attachments(self, older_than: float, limit: int) -> Sequence[tuple[str, Attachment]]:
        """See StaleFiles.stale_attachments."""
        statement = (
            select(attachment)
            .where(attachment.c.message_id.is_(None), attachment.c.created_at < self._stale_db.timestamp() - older_than)
            .order_by(attachment.c.created_at)
            .limit(limit)
        )

        def work(connection: Connection) -> Sequence[tuple[str, Attachment]]:
            return [(row.conversation_id, codec.attachment_from(row)) for row in connection.execute(statement)]

        return await self._stale_db.read(work)

    async def unsent_bytes(self) -> int:
        """The sizes of all files that no message refers to, together. Read by their index."""
        statement = select(func.coalesce(func.sum(attachment.c.size), 0)).where(attachment.c.message_id.is_(None))

        def work(connection: Connection) -> int:
            return int(connection.scalar(statement) or 0)

        return await self._stale_db.read(work)

    async def unsent_among(self, ids: Sequence[str]) -> Collection[str]:
        """Those of the files with these ids that no message refers to."""
        found = await self._stale_db.read(lambda connection: connection.scalars(_UNSENT, {"ids": ids}).all())
        return frozenset(found)

    async def forget_attachment(self, attachment_id: str) -> bool:
        """See StaleFiles.forget_attachment."""
        statement = delete(attachment).where(attachment.c.id == attachment_id, attachment.c.message_id.is_(None))

        def work(connection: Connection) -> bool:
            return connection.execute(statement).rowcount > 0

        return await self._stale_db.write(work)
