"""What staff wrote and have thought better of since, while it waits to be sent and their thread is busy with something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select

from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, ChangeKind, StaffAction
from core.storage.among import among
from core.storage.desk_tables import relay
from core.storage.tables import change, conversation, message

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


def pending_edits(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[frozenset[str], frozenset[str]]:
    """Of these rows of the outbox, by their messages: those whose author's change has not been worked on yet, which wait for
    it; and those whose author has deleted them since, which are not sent whoever revived them.

    A change has its place in the thread, behind what may take long there: a file that is fetched, a translation. The time to
    take something back must not run out meanwhile. What has begun to be sent goes on.
    """
    ids = [row.message_id for row in rows if row.author == Author.STAFF and _is_untouched(row)]
    if not ids:
        return frozenset(), frozenset()
    found = connection.execute(_CHANGING, {"ids": ids}).all()
    changing = frozenset(row.target_id for row in found if row.changing)
    return changing, frozenset(row.target_id for row in found if row.deleted_at is not None) - changing


def _is_untouched(row: Row[Any]) -> bool:
    return bool(row.status == DeliveryStatus.DUE and not row.uncertain and not row.parts_done)
