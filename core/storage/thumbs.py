"""Thumbs on answers become the ratings that the widget's thumbs are: one per answer, and the newest counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, delete, select

from core.domain.messages import Author
from core.domain.thumbs import Rating, rating_of
from core.storage.among import among
from core.storage.database import Database
from core.storage.gap_writes import keep_thumbs
from core.storage.tables import feedback, message, reaction

_ANSWERS = select(message.c.id, message.c.conversation_id).where(
    among(message.c.id, "ids"), message.c.author.in_([Author.AGENT, Author.STAFF])
)
_PRESENT = (
    select(reaction.c.message_id, reaction.c.emoji)
    .where(among(reaction.c.message_id, "ids"), reaction.c.present)
    .order_by(reaction.c.sent_at)
)
_KEPT = select(feedback.c.message_id, feedback.c.rating).where(among(feedback.c.message_id, "ids"))
_TAKE_BACK = delete(feedback).where(feedback.c.message_id == bindparam("gone"))


def rate_by_thumbs(
    connection: Connection, database: Database, messages: Collection[str], now: float
) -> Mapping[str, Rating]:
    """Bring the ratings of these messages in line with the thumbs on them now. Those that are new or others than before.

    Worked out from all that is on the message, so that events in the wrong order, or taken back twice, end in the same.
    """
    if not messages:
        return {}
    ids = {"ids": sorted(messages)}
    thumbs: dict[str, Rating] = {}
    for row in connection.execute(_PRESENT, ids):
        if (found := rating_of(row.emoji)) is not None:
            thumbs[row.message_id] = found
    kept = {row.message_id: row.rating for row in connection.execute(_KEPT, ids)}
    answers = {row.id: row.conversation_id for row in connection.execute(_ANSWERS, ids)}
    changed = {one: rating for one, rating in thumbs.items() if one in answers and kept.get(one) != rating}
    if changed:
        rows = [
            {"message_id": one, "conversation_id": answers[one], "rating": rating, "created_at": now}
            for one, rating in changed.items()
        ]
        connection.execute(database.upsert(feedback, ["message_id"], ["rating", "created_at"]), rows)
    gone = kept.keys() - thumbs.keys()
    if gone:
        connection.execute(_TAKE_BACK, [{"gone": one} for one in gone])
    keep_thumbs(connection, database, now, {**changed, **dict.fromkeys(gone)})
    return changed
