"""What becomes of messages that staff wrote: news that they have not been told yet, and their own changes that must be worked
on before a message is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, or_, select, update

from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, ChangeKind, StaffAction
from core.ports.delivery_outcomes import OutcomeStatus
from core.ports.outcomes import NewMessage
from core.storage.among import among
from core.storage.database import Database
from core.storage.desk_tables import relay
from core.storage.tables import change, conversation, message

TAKEN_BACK = "Taken back before it was sent."
"""Why a message was withheld that staff recalled themselves."""

_ANEW = update(relay).where(among(relay.c.target_id, "ids"), relay.c.shown.is_not(None)).values(news_at=bindparam("at"))

HOLD = 0.3
"""Seconds until a message is looked at again whose change has not been worked on. The thread's next turn does that."""
_TAKES_BACK = message.alias("takes_back")
_IS_CHANGED = exists().where(
    change.c.conversation_id == message.c.conversation_id,
    change.c.message_id == message.c.id,
    change.c.seq > conversation.c.done_seq,
    change.c.kind.in_([ChangeKind.EDITED, ChangeKind.DELETED]),
)
_IS_TAKEN_BACK = exists().where(
    _TAKES_BACK.c.conversation_id == message.c.conversation_id,
    _TAKES_BACK.c.seq > conversation.c.done_seq,
    _TAKES_BACK.c.action == StaffAction.TAKE_BACK,
    _TAKES_BACK.c.text == message.c.id,
)
_CHANGING = (
    select(relay.c.target_id, or_(_IS_CHANGED, _IS_TAKEN_BACK).label("changing"), message.c.deleted_at)
    .join(message, message.c.id == relay.c.source_id)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(among(relay.c.target_id, "ids"), relay.c.source_id != relay.c.target_id)
)


def relay_rows(new: NewMessage, message_id: str, now: float) -> list[dict[str, Any]]:
    """The row of a message that passes another on, or whose delivery outcome staff want to know: they are told of theirs alone.

    One that passes on nothing of anybody's stands for itself.
    """
    ours = new.followed or (new.relays is not None and new.author is Author.STAFF)
    if new.relays is None and not ours:
        return []
    row = {"source_id": new.relays or message_id, "target_id": message_id}
    return [row | {"shown": OutcomeStatus.WAITING if ours else None, "news_at": now if ours else None}]


def mark_relays_outdated(connection: Connection, message_ids: Sequence[str], now: float) -> None:
    """What was told of these messages may not be true any more. In the commit that makes it so."""
    if message_ids:
        connection.execute(_ANEW, {"ids": sorted(set(message_ids)), "at": now})


def mark_withheld_relays(connection: Connection, database: Database, rows: Iterable[Any]) -> None:
    """``rows``: of the outbox. Whoever took the conversation over may have been shown what the agent has not said after all.

    In the commit that withholds it, so that nobody goes on believing that the customer has that answer.
    """
    now = database.timestamp()
    news = [
        {"source_id": row.message_id, "target_id": row.message_id, "shown": OutcomeStatus.WAITING, "news_at": now}
        for row in rows
        if row.author == Author.AGENT
    ]
    if news:
        connection.execute(database.insert_new(relay), news)


def pending_edits(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[frozenset[str], frozenset[str]]:
    """Of these rows of the outbox, by their messages: those whose author's change has not been worked on yet, which wait for
    it; and those whose author has deleted them since, which are not sent whoever revived them.

    A change has its place in the thread, behind what may take long there: a file that is fetched, a translation. The time to
    take something back must not run out meanwhile. What has begun to be sent goes on.
    """
    staff = [row for row in rows if row.author == Author.STAFF and row.status == DeliveryStatus.DUE]
    ids = [row.message_id for row in staff if not row.uncertain and not row.parts_done]
    if not ids:
        return frozenset(), frozenset()
    found = connection.execute(_CHANGING, {"ids": ids}).all()
    changing = frozenset(row.target_id for row in found if row.changing)
    return changing, frozenset(row.target_id for row in found if row.deleted_at is not None) - changing
