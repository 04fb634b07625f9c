"""What is read to decide whether something goes to a customer who has left the page, and what a page has shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, select, text
from sqlalchemy.dialects import postgresql, sqlite

from core.domain.contact_route import Contacted, ContactRoute
from core.domain.messages import MessageKind
from core.ports.follow_ups import Unseen
from core.storage.contact_route_tables import contacted, follow_up
from core.storage.contact_routes import ADDRESS, OWN_CONVERSATION, address_key, contacted_from
from core.storage.database import OnDatabase, reads, writes
from core.storage.tables import OPEN_DELIVERY, message, outbox
from core.storage.unseen import unseen


class SqlFollowUps(OnDatabase):
    """FollowUps on a database; whether a lane is paused, the lanes know (core.storage.lanes)."""

    @reads
    def unseen(self, connection: Connection, conversation_id: str) -> Unseen:
        return unseen(connection, conversation_id)

    async def contacted(self, road: ContactRoute) -> Contacted:
        place = dict(zip(("channel", "account", "address"), address_key(road), strict=True))
        statement = select(contacted).where(*(column == place[column.name] for column in ADDRESS))
        row = await self.database.read(lambda connection: connection.execute(statement).first())
        return Contacted() if row is None else contacted_from(row, self.database.timestamp())

    @reads
    def is_at_home(self, connection: Connection, road: ContactRoute) -> bool:
        given = {
            f"of_{name}": value
            for name, value in zip(("channel", "account", "address"), address_key(road), strict=True)
        }
        return connection.execute(OWN_CONVERSATION, given).first() is not None

    async def going(self, conversation_id: str) -> tuple[str, str] | None:
        statement = (
            select(outbox.c.channel, outbox.c.account)
            .join(message, message.c.id == outbox.c.message_id)
            .where(
                outbox.c.conversation_id == conversation_id,
                text(f"outbox.{OPEN_DELIVERY}"),
                message.c.kind == MessageKind.FOLLOW_UP,
            )
            .limit(1)
        )
        row = await self.database.read(lambda connection: connection.execute(statement).first())
        return None if row is None else (row.channel, row.account)

    @writes
    def note_shown(self, connection: Connection, conversation_id: str, cursor: int) -> None:
        statement = sqlite.insert(follow_up) if self.database.is_sqlite else postgresql.insert(follow_up)
        further = statement.excluded.shown_cursor > follow_up.c.shown_cursor
        noted = statement.on_conflict_do_update(
            index_elements=["conversation_id"],
            set_={"shown_cursor": case((further, statement.excluded.shown_cursor), else_=follow_up.c.shown_cursor)},
        )
        row: Mapping[str, Any] = {"conversation_id": conversation_id, "shown_cursor": cursor, "followed_seq": 0}
        connection.execute(noted, row)
