"""The journal of tool calls, written under the fence before and after each call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, bindparam, select

from core.domain.errors import LostClaim, Superseded
from core.ports.journal import JournalEntry
from core.ports.store import Claim
from core.storage import codec
from core.storage.database import OnDatabase, reads, writes
from core.storage.tables import conversation, tool_journal

_HELD = select(conversation.c.epoch, conversation.c.lease_until, conversation.c.last_seq).where(
    conversation.c.id == bindparam("conversation")
)
_ENTRIES = (
    select(*(tool_journal.c[one.name] for one in fields(JournalEntry)))
    .where(tool_journal.c.turn_id == bindparam("turn"))
    .order_by(tool_journal.c.step, tool_journal.c.created_at, tool_journal.c.call_id)
)


class SqlJournal(OnDatabase):
    """The journal on a database."""

    @reads
    def entries(self, connection: Connection, turn_id: str) -> Sequence[JournalEntry]:
        return [JournalEntry(*row) for row in connection.execute(_ENTRIES, {"turn": turn_id})]

    @reads
    def still_held(self, connection: Connection, claim: Claim) -> None:
        check_held(connection, claim)

    @writes
    def record(self, connection: Connection, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        values = {
            "turn_id": turn_id,
            "call_id": codec.clean(entry.call_id),
            "conversation_id": claim.conversation_id,
            "step": entry.step,
            "name": codec.clean(entry.name),
            "arguments": codec.clean(entry.arguments),
            "status": entry.status,
            "result": codec.cleaned(entry.result),
            "created_at": self.database.timestamp(),
        }
        statement = self.database.upsert(tool_journal, ["turn_id", "call_id"], ["status", "result"])
        check_held(connection, claim, lock=True)
        connection.execute(statement, values)


def check_held(connection: Connection, claim: Claim, *, lock: bool = False) -> None:
    """Raises LostClaim, and Superseded where the customer wrote past what the claim answers to."""
    statement = _HELD.with_for_update() if lock else _HELD
    held = connection.execute(statement, {"conversation": claim.conversation_id}).first()
    if held is None or held.epoch != claim.epoch or held.lease_until is None:
        raise LostClaim("Another worker or a person has the conversation now.")
    if claim.answers_to is not None and held.last_seq > claim.answers_to:
        raise Superseded("The customer wrote more before anything was shown.")
