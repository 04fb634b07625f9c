"""What providers say of messages that they took, and what people think of messages: receipts, reports and reactions.

Thumbs on answers become the ratings that the widget's thumbs are: one per answer, and the newest counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Text, bindparam, case, delete, func, select, update
from sqlalchemy.sql.dml import ReturningInsert

from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, DeliveryReported, ReactionChanged, ReceiptStatus
from core.domain.readers import RECIPIENTS, addresses
from core.domain.thumbs import Rating, rating_of
from core.ports.channel import Accepted
from core.ports.store import Settlement
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, reads
from core.storage.gaps import keep_thumbs
from core.storage.relay_updates import mark_relays_outdated
from core.storage.tables import conversation, feedback, message, outbox, reaction, receipt

log = structlog.get_logger(__name__)

_RANK = {None: 0, ReceiptStatus.DELIVERED: 1, ReceiptStatus.FAILED: 1, ReceiptStatus.READ: 2}
_FAILED_LATER = "The provider took it and reported afterwards that it could not deliver it: "
_FOUND = (
    select(*receipt.c["provider_id", "conversation_id", "message_id"], *conversation.c["state", "thread"])
    .join(conversation, conversation.c.id == receipt.c.conversation_id)
    .where(
        receipt.c.channel == bindparam("of_channel"),
        receipt.c.account == bindparam("of_account"),
        among(receipt.c.provider_id, "ids"),
    )
)
_SENT = update(outbox).where(outbox.c.id == bindparam("key"), outbox.c.status == DeliveryStatus.SENT)
_BURY = _SENT.values(status=DeliveryStatus.DEAD, last_error=bindparam("reason"))
_NOT_TO_ALL = _SENT.values(
    last_error=func.substr(bindparam("reason", type_=Text) + func.coalesce("; " + outbox.c.last_error, ""), 1, 1000)
)
"""One of several recipients did not get it. The others did, so it is never sent again."""

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


class SqlSentMessages(OnDatabase):
    """KnownDeliveries on a database."""

    @reads
    def written_at(self, connection: Connection, delivery_id: str) -> datetime | None:
        statement = select(message.c.created_at).join(outbox, outbox.c.message_id == message.c.id)
        written = connection.scalar(statement.where(outbox.c.id == delivery_id))
        return codec.when_given(written)

    @reads
    def known_as(
        self, connection: Connection, channel: str, account: str, provider_ids: Sequence[str]
    ) -> Mapping[str, str]:
        given = {"of_channel": channel, "of_account": account, "ids": provider_ids}
        return {row.provider_id: row.thread for row in connection.execute(_FOUND, given)}


def find_sent(connection: Connection, events: Iterable[ReactionChanged]) -> dict[str, Accepted]:
    """The hub's own messages that events speak of, by the written form of their target."""
    found: dict[str, Accepted] = {}
    for event in events:
        target = event.target
        given = {"of_channel": target.channel, "of_account": target.account, "ids": [target.provider_event_id]}
        for row in connection.execute(_FOUND, given):
            found[str(target)] = Accepted(row.message_id, row.conversation_id, 0, duplicate=True, state=row.state)
    return found


def reaction_row(event: ReactionChanged, target: Accepted) -> dict[str, Any]:
    """As it is stored."""
    return {
        "message_id": target.message_id,
        "external_id": codec.clean(event.sender.external_id),
        "emoji": codec.clean(event.emoji),
        "conversation_id": target.conversation_id,
        "present": event.present,
        "sent_at": event.sent_at.timestamp(),
    }


def keep_reactions(connection: Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """The newest word on each counts, in whatever order they come."""
    statement = database.insert(reaction)
    for row in rows:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["message_id", "external_id", "emoji"],
                set_={"present": statement.excluded.present, "sent_at": statement.excluded.sent_at},
                where=reaction.c.sent_at <= statement.excluded.sent_at,
            ),
            row,
        )


@lru_cache(maxsize=4)
def _keep_receipt(database: Database) -> ReturningInsert[Any]:
    owned = ["delivery_id", "conversation_id", "message_id"]
    known = (receipt.c.delivery_id, receipt.c.message_id, receipt.c.detail, receipt.c.status)
    return database.upsert(receipt, ["channel", "account", "provider_id"], owned).returning(*known)


def keep_receipts(
    connection: Connection, database: Database, settled: Iterable[tuple[Settlement, Any]], now: float
) -> None:
    """Remember by what names the provider will speak of what it took; a failure that was reported before counts now.

    ``settled``: each settlement with its row of the outbox.
    """
    rows = [
        {
            **dict(zip(("channel", "account"), taken.reported_to or (row.channel, row.account), strict=True)),
            "provider_id": taken.provider_id,
            "delivery_id": row.id,
            "conversation_id": row.conversation_id,
            "message_id": row.message_id,
            "created_at": now,
        }
        for item, row in settled
        for taken in item.receipts
        if taken.tracked and taken.provider_id is not None
    ]
    if not rows:
        return
    kept = connection.execute(_keep_receipt(database), rows)
    for row in kept:
        if row.status == ReceiptStatus.FAILED:
            _bury(connection, row, row.detail)


def keep_report(connection: Connection, database: Database, event: DeliveryReported, now: float) -> Accepted:
    """A report never takes back a better one: what was read was delivered, whatever comes later."""
    statement = database.insert(receipt)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["channel", "account", "provider_id"],
            set_={name: statement.excluded[name] for name in ("status", "detail", "reported_at")},
            where=_rank(receipt.c.status) < _RANK[event.status],
        ),
        {
            "channel": event.key.channel,
            "account": event.key.account,
            "provider_id": event.provider_id,
            "status": event.status,
            "detail": codec.cleaned(event.detail),
            "reported_at": event.sent_at.timestamp(),
            "created_at": now,
        },
    )
    row = connection.execute(
        select(receipt).where(
            receipt.c.channel == event.key.channel,
            receipt.c.account == event.key.account,
            receipt.c.provider_id == event.provider_id,
        )
    ).one()
    if row.status == ReceiptStatus.FAILED and row.delivery_id is not None:
        _bury(connection, row, codec.cleaned(event.detail) or row.detail)
    mark_relays_outdated(connection, [row.message_id] if row.message_id else [], now)
    return Accepted(row.message_id or "", row.conversation_id or "", 0, duplicate=False, state="")


def _rank(status: ColumnElement[Any]) -> ColumnElement[int]:
    ranks = {str(name): rank for name, rank in _RANK.items() if name is not None}
    return case(ranks, value=func.coalesce(status, ""), else_=0)


def _bury(connection: Connection, sent: Row[Any], detail: str | None) -> None:
    """``sent``: the receipt of what the provider could not deliver."""
    meta = connection.scalar(select(message.c.meta).where(message.c.id == sent.message_id))
    several = len(addresses(codec.load(meta), RECIPIENTS)) > 1
    said = "delivery.not_to_all" if several else "delivery.dead"
    log.error(said, delivery=sent.delivery_id, error="the provider reported that it could not deliver")
    connection.execute(
        _NOT_TO_ALL if several else _BURY,
        {"key": sent.delivery_id, "reason": _FAILED_LATER + (detail or "no reason given")},
    )


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
