"""Notes where something may have become of a message that staff have not been told yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, update

from core.domain.messages import Author
from core.ports.fates import FateStatus
from core.storage.among import among
from core.storage.tables import relay

TAKEN_BACK = "Taken back before it was sent."
"""Why a message was withheld that staff recalled themselves."""

_ANEW = update(relay).where(among(relay.c.target_id, "ids"), relay.c.shown.is_not(None)).values(news_at=bindparam("at"))


def followed(author: Author, now: float) -> dict[str, Any]:
    """The columns of a message that is passed on: staff are told what becomes of theirs, nobody of the others."""
    ours = author is Author.STAFF
    return {"shown": FateStatus.WAITING if ours else None, "news_at": now if ours else None}


def there_is_news(connection: Connection, message_ids: Sequence[str], now: float) -> None:
    """What was told of these messages may not be true any more. In the commit that makes it so."""
    if message_ids:
        connection.execute(_ANEW, {"ids": sorted(set(message_ids)), "at": now})
