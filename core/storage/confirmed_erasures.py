"""Customers who confirmed that they want to be erased: noted by the turn that they confirmed it in, until it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, select, text

from core.ports.outcomes import CaseRecord, EraseCustomer
from core.storage import codec
from core.storage.database import Database, OnDatabase, reads
from core.storage.tables import OPEN_DELIVERY, channel_memory, outbox

_NOTE = {"channel": "erasure", "account": ""}
_MOST = 20


def keep_erasures(connection: Connection, database: Database, records: Iterable[CaseRecord], now: float) -> None:
    """Note what is to be erased after the commit; the same again changes nothing."""
    for one in records:
        if isinstance(one, EraseCustomer):
            value = codec.dump({"conversation": one.conversation_id, "proven": one.proven})
            row = {**_NOTE, "key": one.customer_id, "value": value, "updated_at": now}
            connection.execute(database.insert_new(channel_memory), row)


def take_erasure(connection: Connection, customer_id: str) -> EraseCustomer | None:
    """Delete the note and return it; None where another process took it."""
    taken = delete(channel_memory).where(_is_note(), channel_memory.c.key == customer_id)
    value = connection.scalar(taken.returning(channel_memory.c.value))
    if value is None:
        return None
    noted = codec.load(value)
    return EraseCustomer(str(noted["conversation"]), customer_id, proven=bool(noted["proven"]))


class SqlConfirmedErasures(OnDatabase):
    """What is to be erased."""

    @reads
    def due_erasures(self, connection: Connection, pause: float, longest: float) -> Sequence[str]:
        """Ids of customers to erase: confirmed ``pause`` seconds ago and the answer sent, or confirmed ``longest`` ago."""
        now = self.database.timestamp()
        columns = channel_memory.c
        noted = select(columns.key, columns.value, columns.updated_at).where(
            _is_note(), columns.updated_at <= now - pause
        )
        rows = connection.execute(noted.order_by(columns.key).limit(_MOST)).all()
        return [row.key for row in rows if row.updated_at <= now - longest or not _still_sends(connection, row.value)]


def _is_note() -> ColumnElement[bool]:
    return and_(*(channel_memory.c[name] == value for name, value in _NOTE.items()))


def _still_sends(connection: Connection, value: str) -> bool:
    here = outbox.c.conversation_id == codec.load(value)["conversation"]
    return connection.execute(select(outbox.c.id).where(here, text(OPEN_DELIVERY)).limit(1)).first() is not None
