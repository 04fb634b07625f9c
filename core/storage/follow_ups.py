"""What is read to decide whether something goes to a customer who has left the page, and what a page has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, text

from core.domain.contact_route import Contacted, ContactRoute
from core.domain.messages import Author, Message, MessageKind
from core.ports.follow_ups import Unseen
from core.storage import codec
from core.storage.attachments import load_files
from core.storage.contact_routes import OWN_CONVERSATION, contacted_from, given_address, is_at
from core.storage.database import OnDatabase, reads, writes
from core.storage.desk_tables import contacted, follow_up, relay
from core.storage.tables import OPEN_DELIVERY, conversation, message, outbox, widget_event

_PEOPLE = (Author.STAFF, Author.SYSTEM)
_WRITTEN = message.alias("written")
_UNSEEN = (
    select(message, widget_event.c.created_at.label("shown_at"), _WRITTEN.c.deleted_at.label("withdrawn_at"))
    .join(widget_event, widget_event.c.message_id == message.c.id)
    .outerjoin(relay, relay.c.target_id == message.c.id)
    .outerjoin(_WRITTEN, (_WRITTEN.c.id == relay.c.source_id))
    .where(
        widget_event.c.conversation_id == bindparam("home"),
        widget_event.c.cursor > bindparam("shown"),
        message.c.seq > bindparam("followed"),
        message.c.author.in_(_PEOPLE),
        message.c.deleted_at.is_(None),
    )
    .order_by(message.c.seq)
)
_COMING = (
    select(outbox.c.id)
    .join(conversation, conversation.c.id == outbox.c.conversation_id)
    .where(
        outbox.c.conversation_id == bindparam("home"),
        text(f"outbox.{OPEN_DELIVERY}"),
        outbox.c.author == Author.STAFF,
        outbox.c.channel == conversation.c.channel,
        outbox.c.thread.is_(None),
    )
    .limit(1)
)


class SqlFollowUps(OnDatabase):
    """FollowUps on a database; whether a lane is paused, the lanes know (core.storage.lanes)."""

    @reads
    def unseen(self, connection: Connection, home: str) -> Unseen:
        row = connection.execute(select(conversation.c.last_seq).where(conversation.c.id == home)).first()
        known = connection.execute(select(follow_up).where(follow_up.c.conversation_id == home)).first()
        shown, followed = (known.shown_cursor, known.followed_seq) if known is not None else (0, 0)
        if row is None:
            return Unseen(0, shown)
        coming = connection.execute(_COMING, {"home": home}).first() is not None
        said = connection.execute(_UNSEEN, {"home": home, "shown": shown, "followed": followed}).all()
        files = load_files(connection, [one.id for one in said])
        found = tuple((_message(one, files.get(one.id, ())), codec.when(one.shown_at)) for one in said)
        return Unseen(
            row.last_seq, shown, tuple(one for one in found if one[0].kind is not MessageKind.FOLLOW_UP), coming
        )

    async def contacted(self, route: ContactRoute) -> Contacted:
        statement = select(contacted).where(is_at(route))
        row = await self.database.read(lambda connection: connection.execute(statement).first())
        return Contacted() if row is None else contacted_from(row, self.database.timestamp())

    @reads
    def is_at_home(self, connection: Connection, route: ContactRoute) -> bool:
        return connection.execute(OWN_CONVERSATION, given_address(route)).first() is not None

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
        statement = self.database.insert(follow_up)
        further = statement.excluded.shown_cursor > follow_up.c.shown_cursor
        noted = statement.on_conflict_do_update(
            index_elements=["conversation_id"],
            set_={"shown_cursor": case((further, statement.excluded.shown_cursor), else_=follow_up.c.shown_cursor)},
        )
        row: Mapping[str, Any] = {"conversation_id": conversation_id, "shown_cursor": cursor, "followed_seq": 0}
        connection.execute(noted, row)


def _message(row: Any, files: Any) -> Message:
    """As deleted, where its author has deleted what it passes on: the page can only be told so, the mail need not say it."""
    said = codec.message_from(row, files)
    return said if row.withdrawn_at is None else replace(said, deleted_at=codec.when(row.withdrawn_at))
