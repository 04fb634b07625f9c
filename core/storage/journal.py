"""The journal of tool calls, and what stands before each write of an answer that is shown while it is written: all under
the fence of the turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, bindparam, select, text

from core.domain.errors import LostClaim, Superseded
from core.domain.messages import Note
from core.ports.journal import JournalEntry
from core.ports.store import Claim
from core.ports.surroundings import Allowed, WantedCalls
from core.storage import codec
from core.storage.budgets import reserve
from core.storage.channel_memory import keep_note
from core.storage.database import OnDatabase, reads, writes
from core.storage.tables import OPEN_DELIVERY, conversation, outbox, tool_journal

_HELD = select(conversation.c.epoch, conversation.c.lease_until, conversation.c.last_seq).where(
    conversation.c.id == bindparam("conversation")
)
_ENTRIES = (
    select(*(tool_journal.c[one.name] for one in fields(JournalEntry)))
    .where(tool_journal.c.turn_id == bindparam("turn"))
    .order_by(tool_journal.c.step, tool_journal.c.created_at, tool_journal.c.call_id)
)

_ON_ITS_WAY = (
    select(outbox.c.id)
    .join(conversation, conversation.c.id == outbox.c.conversation_id)
    .where(
        conversation.c.id == bindparam("conversation"),
        outbox.c.channel == conversation.c.channel,
        text(f"outbox.{OPEN_DELIVERY}"),
    )
    .limit(1)
)


class SqlJournal(OnDatabase):
    """Journal and Showing on a database."""

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

    @writes
    def begin_showing(
        self, connection: Connection, claim: Claim, note: Note | None = None, calls: WantedCalls | None = None
    ) -> Allowed:
        check_held(connection, claim)
        if connection.execute(_ON_ITS_WAY, {"conversation": claim.conversation_id}).first() is not None:
            return Allowed(busy=True)
        granted, wait = 0, 0.0
        if calls is not None:
            granted, wait = reserve(connection, self.database, calls.key, calls.pace, calls.most)
            if not granted:
                return Allowed(wait=wait)
        return Allowed(granted, wait, note is not None and keep_note(connection, self.database, note))

    @writes
    def go_on_showing(self, connection: Connection, claim: Claim, note: Note | None = None) -> Allowed:
        check_held(connection, claim)
        return Allowed(noted=note is not None and keep_note(connection, self.database, note))


def check_held(connection: Connection, claim: Claim, *, lock: bool = False) -> None:
    """Raises LostClaim, and Superseded where the customer wrote past what the claim answers to."""
    statement = _HELD.with_for_update() if lock else _HELD
    held = connection.execute(statement, {"conversation": claim.conversation_id}).first()
    if held is None or held.epoch != claim.epoch or held.lease_until is None:
        raise LostClaim("Another worker or a person has the conversation now.")
    if claim.answers_to is not None and held.last_seq > claim.answers_to:
        raise Superseded("The customer wrote, edited or deleted something before anything was shown.")
