"""Notes where something may have become of a message that staff have not been told yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, update

from core.domain.messages import Author
from core.ports.delivery_outcomes import OutcomeStatus
from core.ports.outcomes import NewMessage
from core.storage.among import among
from core.storage.database import Database
from core.storage.desk_tables import relay

TAKEN_BACK = "Taken back before it was sent."
"""Why a message was withheld that staff recalled themselves."""

_ANEW = update(relay).where(among(relay.c.target_id, "ids"), relay.c.shown.is_not(None)).values(news_at=bindparam("at"))


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
