"""What is read to decide whether something goes to a customer who has left the page, and what a page has shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, select, text
from sqlalchemy.dialects import postgresql, sqlite

from core.domain.messages import MessageKind
from core.domain.road import Contacted, Road
from core.ports.follow_ups import Unseen
from core.storage.database import Database
from core.storage.road_tables import contacted, follow_up
from core.storage.roads import ADDRESS, AT_HOME, contacted_from, place_of
from core.storage.tables import OPEN_DELIVERY, message, outbox
from core.storage.unseen import unseen


class SqlFollowUps:
    """FollowUps on a database; whether a lane is paused, the lanes know (core.storage.lanes)."""

    def __init__(self, database: Database) -> None:
        self._follow_ups_db = database

    async def unseen(self, conversation_id: str) -> Unseen:
        """See FollowUps.unseen."""
        return await self._follow_ups_db.read(lambda connection: unseen(connection, conversation_id))

    async def contacted(self, road: Road) -> Contacted:
        """See FollowUps.contacted."""
        place = dict(zip(("channel", "account", "address"), place_of(road), strict=True))
        statement = select(contacted).where(*(column == place[column.name] for column in ADDRESS))
        row = await self._follow_ups_db.read(lambda connection: connection.execute(statement).first())
        return Contacted() if row is None else contacted_from(row, self._follow_ups_db.timestamp())

    async def is_at_home(self, road: Road) -> bool:
        """See FollowUps.is_at_home."""
        given = {
            f"of_{name}": value for name, value in zip(("channel", "account", "address"), place_of(road), strict=True)
        }
        return await self._follow_ups_db.read(lambda connection: connection.execute(AT_HOME, given).first() is not None)

    async def going(self, conversation_id: str) -> tuple[str, str] | None:
        """See FollowUps.going."""
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
        row = await self._follow_ups_db.read(lambda connection: connection.execute(statement).first())
        return None if row is None else (row.channel, row.account)

    async def note_shown(self, conversation_id: str, cursor: int) -> None:
        """See FollowUps.note_shown."""
        statement = sqlite.insert(follow_up) if self._follow_ups_db.is_sqlite else postgresql.insert(follow_up)
        further = statement.excluded.shown_cursor > follow_up.c.shown_cursor
        noted = statement.on_conflict_do_update(
            index_elements=["conversation_id"],
            set_={"shown_cursor": case((further, statement.excluded.shown_cursor), else_=follow_up.c.shown_cursor)},
        )
        row: Mapping[str, Any] = {"conversation_id": conversation_id, "shown_cursor": cursor, "followed_seq": 0}

        def work(connection: Connection) -> None:
            connection.execute(noted, row)

        await self._follow_ups_db.write(work)
