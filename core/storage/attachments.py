"""Files of messages, and files that were uploaded and never sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from core.domain.attachments import Attachment
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, grouped, reads, writes
from core.storage.tables import attachment

_OF_MESSAGES = select(attachment).where(among(attachment.c.message_id, "ids"))
_UNSENT = select(attachment.c.id).where(among(attachment.c.id, "ids"), attachment.c.message_id.is_(None))


def load_files(connection: Connection, message_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The rows of these messages' files, by message. They are read with it: one that cannot be is that message's fault."""
    return grouped(connection.execute(_OF_MESSAGES, {"ids": message_ids}), "message_id") if message_ids else {}


class SqlStaleFiles(OnDatabase):
    """StaleFiles on a database."""

    @reads
    def stale_attachments(
        self, connection: Connection, older_than: float, limit: int
    ) -> Sequence[tuple[str, Attachment]]:
        statement = (
            select(attachment)
            .where(attachment.c.message_id.is_(None), attachment.c.created_at < self.database.timestamp() - older_than)
            .order_by(attachment.c.created_at)
            .limit(limit)
        )
        return [(row.conversation_id, codec.attachment_from(row)) for row in connection.execute(statement)]

    @reads
    def unsent_bytes(self, connection: Connection) -> int:
        """The sizes of all files that no message refers to, together. Read by their index."""
        statement = select(func.coalesce(func.sum(attachment.c.size), 0)).where(attachment.c.message_id.is_(None))
        return int(connection.scalar(statement) or 0)

    async def unsent_among(self, ids: Sequence[str]) -> Collection[str]:
        """Those of the files with these ids that no message refers to."""
        found = await self.database.read(lambda connection: connection.scalars(_UNSENT, {"ids": ids}).all())
        return frozenset(found)

    @writes
    def forget_attachment(self, connection: Connection, attachment_id: str) -> bool:
        statement = delete(attachment).where(attachment.c.id == attachment_id, attachment.c.message_id.is_(None))
        return connection.execute(statement).rowcount > 0
