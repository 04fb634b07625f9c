"""The journal of tool calls, written under the fence before and after each call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from core.domain.errors import LostClaim, Superseded
from core.ports.journal import JournalEntry
from core.ports.store import Claim
from core.storage import codec
from core.storage.database import Database
from core.storage.tables import conversation, tool_journal

_HELD = select(conversation.c.epoch, conversation.c.lease_until, conversation.c.last_seq)


class SqlJournal:
    """The journal on a database."""

    def __init__(self, database: Database) -> None:
        self._journal_db = database

    async def entries(self, turn_id: str) -> Sequence[JournalEntry]:
        """See Journal.entries."""
        columns = tool_journal.c

        def work(connection: Connection) -> Sequence[JournalEntry]:
            rows = connection.execute(
                select(tool_journal)
                .where(columns.turn_id == turn_id)
                .order_by(columns.step, columns.created_at, columns.call_id)
            )
            return [
                JournalEntry(
                    call_id=row.call_id,
                    step=row.step,
                    name=row.name,
                    arguments=row.arguments,
                    status=row.status,
                    result=row.result,
                )
                for row in rows
            ]

        return await self._journal_db.read(work)

    async def still_held(self, claim: Claim) -> None:
        """See Journal.still_held."""
        held = _HELD.where(conversation.c.id == claim.conversation_id)

        def work(connection: Connection) -> None:
            _check(connection.execute(held).first(), claim)

        await self._journal_db.read(work)

    async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        """See Journal.record."""
        values = {
            "turn_id": turn_id,
            "call_id": codec.clean(entry.call_id),
            "conversation_id": claim.conversation_id,
            "step": entry.step,
            "name": codec.clean(entry.name),
            "arguments": codec.clean(entry.arguments),
            "status": entry.status,
            "result": codec.cleaned(entry.result),
            "created_at": self._journal_db.timestamp(),
        }
        statement = self._journal_db.upsert(tool_journal, ["turn_id", "call_id"], ["status", "result"])

        def work(connection: Connection) -> None:
            held = _HELD.where(conversation.c.id == claim.conversation_id).with_for_update()
            _check(connection.execute(held).first(), claim)
            connection.execute(statement.values(**values))

        await self._journal_db.write(work)


def _check(held: Row[*tuple[Any, ...]] | None, claim: Claim) -> None:
    if held is None or held.epoch != claim.epoch or held.lease_until is None:
        raise LostClaim("Another worker or a person has the conversation now.")
    if claim.answers_to is not None and held.last_seq > claim.answers_to:
        raise Superseded("The customer wrote more before anything was shown.")
