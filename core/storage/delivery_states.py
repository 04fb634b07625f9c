"""Reads what claimed outbox rows are to say: one query per table for all of them, and each row judged by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import LOCALE, Author, MessageKind, OutboundMessage
from core.ports.store import Delivery
from core.storage import codec
from core.storage.among import among
from core.storage.attachments import load_files
from core.storage.codec import UNREADABLE
from core.storage.tables import conversation, message

_SAID = (
    select(message, conversation.c.thread, conversation.c.locale)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(among(message.c.id, "ids"))
)


def load_deliveries(
    connection: Connection, rows: Sequence[Row[Any]], token: str, owners: Mapping[str, Row[Any]]
) -> tuple[list[Delivery], dict[str, str]]:
    """What the rows are to say; with it, by id, the reasons why some of them cannot be read."""
    ids = {"ids": [row.message_id for row in rows]}
    said = {row.id: row for row in connection.execute(_SAID, ids)}
    files = load_files(connection, ids["ids"])
    deliveries: list[Delivery] = []
    broken: dict[str, str] = {}
    for row in rows:
        own = files.get(row.message_id, ())
        try:
            deliveries.append(_delivery(row, said[row.message_id], own, token, owner_changed(row, owners)))
        except UNREADABLE as error:
            broken[row.id] = f"{type(error).__name__}: {error}"
    return deliveries, broken


def in_doubt(row: Row[Any]) -> bool:
    """Whether an earlier try may have sent it."""
    return bool(row.uncertain or row.status == DeliveryStatus.SENDING)


def owner_changed(row: Row[Any], owners: Mapping[str, Row[Any]]) -> bool:
    """Whether somebody else speaks now than when the agent said this."""
    return bool(row.author == Author.AGENT and owners[row.conversation_id].ownership_epoch != row.ownership_epoch)


def _delivery(row: Row[Any], said: Row[Any], files: Sequence[Row[Any]], token: str, changed: bool) -> Delivery:
    spoken = codec.message_from(said, files)
    return Delivery(
        id=row.id,
        conversation_id=row.conversation_id,
        message=OutboundMessage(
            message_id=spoken.id,
            conversation=ConversationKey(row.channel, row.account, row.thread or said.thread),
            author=spoken.author,
            text=spoken.text,
            kind=spoken.kind or MessageKind.ANSWER,
            author_name=spoken.author_name,
            citations=spoken.citations,
            attachments=spoken.attachments,
            locale=spoken.meta.get(LOCALE) or said.locale,
            turn_id=said.turn_id,
            meta=spoken.meta,
            address=row.address,
        ),
        attempt=row.attempts + int(row.status != DeliveryStatus.SENDING),
        token=token,
        parts_done=row.parts_done,
        uncertain=in_doubt(row),
        died_again=bool(row.possible_duplicate and row.status == DeliveryStatus.SENDING),
        sendable_since=codec.when(row.sendable_since),
        owner_changed=changed,
        lane_paused=bool(row.lane_paused),
    )
