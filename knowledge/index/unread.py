"""Documents that could not be read, so that the next run does not spend its time on the same bytes again."""

from __future__ import annotations

from sqlalchemy import Connection, and_, delete, insert, not_, select

from core.domain.jobs import SKEW
from knowledge.index.database import ManifestDatabase
from knowledge.index.tables import unread

RETRIED_AFTER = 3 * 86_400.0
"""Seconds. What failed may have failed for want of time or memory, on a day with more to do."""


class Unread:
    """Blocking; for one model's index. ``stamp`` is the state of the file in which it was tried (see IndexedDocument)."""

    def __init__(self, database: ManifestDatabase, fingerprint: str) -> None:
        self._database = database
        self._fingerprint = fingerprint

    def reasons(self, now: float) -> dict[tuple[str, str], str]:
        """Why, by document and stamp, of what was tried lately. The rest is forgotten, and what a clock ahead has written."""
        ours = unread.c.fingerprint == self._fingerprint
        query = select(unread.c.document_id, unread.c.stamp, unread.c.reason, unread.c.tried_at).where(ours)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        first, last = now - RETRIED_AFTER, now + SKEW
        lately = {(row.document_id, row.stamp): row.reason for row in rows if first < row.tried_at <= last}
        if len(lately) < len(rows):
            old = not_(and_(unread.c.tried_at > first, unread.c.tried_at <= last))
            self._database.write(lambda connection: connection.execute(delete(unread).where(ours, old)))
        return lately

    def note(self, document_id: str, stamp: str, reason: str, now: float) -> None:
        """It was tried now, in vain."""
        ours = (unread.c.fingerprint == self._fingerprint, unread.c.document_id == document_id)
        values = {"fingerprint": self._fingerprint, "document_id": document_id, "stamp": stamp, "reason": reason}

        def work(connection: Connection) -> None:
            connection.execute(delete(unread).where(*ours))
            connection.execute(insert(unread).values(**values, tried_at=now))

        self._database.write(work)
