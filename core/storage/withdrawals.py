"""Takes back what customers saw of answers that will not come: their provisional text goes, a ``discard`` tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from core.ports.event_log import LogFrame
from core.storage.event_log import frame_row, move_cursors, read_cursors
from core.storage.tables import message, widget_event


def withdraw_all(connection: Connection, conversation_id: str, now: float) -> None:
    """Whatever is provisional in a conversation, under its row lock, which the caller holds."""
    _withdraw(connection, widget_event.c.conversation_id == conversation_id, now)


def withdraw_messages(connection: Connection, message_ids: Sequence[str], now: float) -> frozenset[str]:
    """What was shown of these messages' turns, under the row locks of their conversations, which the caller holds.

    Returns the conversations in which there was anything.
    """
    if not message_ids:
        return frozenset()
    turns = select(message.c.turn_id).where(message.c.id.in_(message_ids), message.c.turn_id.is_not(None))
    homes = select(message.c.conversation_id).where(message.c.id.in_(message_ids))
    columns = widget_event.c
    return _withdraw(connection, columns.conversation_id.in_(homes) & columns.turn_id.in_(turns), now)


def _withdraw(connection: Connection, which: ColumnElement[bool], now: float) -> frozenset[str]:
    columns = widget_event.c
    shown = columns.provisional & (columns.kind != "discard") & columns.turn_id.is_not(None) & which
    turns = connection.execute(
        select(columns.conversation_id, columns.turn_id)
        .where(shown)
        .distinct()
        .order_by(columns.conversation_id, columns.turn_id)
    ).all()
    if not turns:
        return frozenset()
    connection.execute(delete(widget_event).where(shown))
    cursors = read_cursors(connection, sorted({turn.conversation_id for turn in turns}))
    rows = []
    for key, turn_id in turns:
        cursors[key] += 1
        rows.append(frame_row(key, cursors[key], LogFrame("discard", turn_id=turn_id), now))
    connection.execute(insert(widget_event), rows)
    move_cursors(connection, cursors)
    return frozenset(cursors)
