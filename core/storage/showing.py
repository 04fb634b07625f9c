"""What stands before each write of an answer that is being written, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text

from core.domain.messages import Note
from core.ports.showing import Allowed, WantedCalls
from core.ports.store import Claim
from core.storage.channel_memory import keep_note
from core.storage.database import OnDatabase, writes
from core.storage.journal import check_held
from core.storage.paces import reserve
from core.storage.tables import OPEN_DELIVERY, conversation, outbox

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


class SqlShowing(OnDatabase):
    """Implements core.ports.showing.Showing."""

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
