"""What customers think of how their cases were resolved."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from core.domain.case import Case
from core.ports.store import CaseRecord, KeepComment, KeepRating
from core.storage import codec
from core.storage.database import Database
from core.storage.desk_tables import rating


def keep_ratings(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """Write what turns understood; the same again changes nothing."""
    for record in records:
        if isinstance(record, KeepRating):
            row = {"case_id": record.case_id, "conversation_id": Case.home(record.case_id), "score": record.score}
            connection.execute(database.upsert(rating, ["case_id"], ["score"]), row | {"created_at": now})
        elif isinstance(record, KeepComment):
            text = codec.clean(record.text)
            connection.execute(update(rating).where(rating.c.case_id == record.case_id).values(comment=text))
