"""Deliveries as lanes get them: those that a claim has read, and those that the commit of their turn takes under its locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import Connection, Double, Insert, Row, Update, bindparam, case, exists, insert, select, update

from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import LOCALE, Audience, Author, MessageKind, OutboundMessage
from core.ports.event_log import LogFrame
from core.ports.lanes import LaneOffer, LoggedDelivery
from core.ports.outcomes import NewMessage
from core.ports.store import Delivery
from core.storage import codec
from core.storage.among import among
from core.storage.attachments import load_files
from core.storage.budgets import reserve
from core.storage.database import Database
from core.storage.delivered import has_open_before
from core.storage.event_log import Said, add_frames
from core.storage.ids import new_id
from core.storage.tables import conversation, lane, message, outbox

_SAID = (
    select(message, conversation.c.thread, conversation.c.locale)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(among(message.c.id, "ids"))
)

log = structlog.get_logger(__name__)
_PUT_BACK = (
    update(outbox)
    .where(among(outbox.c.id, "ids"))
    .values(status=DeliveryStatus.DUE, attempts=0, lease_until=None, token=None)
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
        except codec.UNREADABLE as error:
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


@lru_cache(maxsize=4)
def _add_delivery(database: Database) -> Insert:
    """When it is due says the clock that decides it: the database's, where there are several processes."""
    delay = bindparam("delay", type_=Double)
    return insert(outbox).values(due_at=case((delay > 0, database.now() + delay), else_=0.0))


@lru_cache(maxsize=4)
def _take(database: Database) -> Update:
    """For a lane that sends it."""
    columns = outbox.c
    lease_until = database.now() + bindparam("lease", type_=Double)
    taken = {"status": DeliveryStatus.SENDING, "attempts": 1, "lease_until": lease_until}
    return _sendable(database).values(token=bindparam("new_token"), **taken).returning(columns.id)


@lru_cache(maxsize=4)
def _sent(database: Database) -> Update:
    """By this commit."""
    sent = {"status": DeliveryStatus.SENT, "attempts": 1, "parts_done": 1, "settled_at": database.now()}
    return _sendable(database).values(sent).returning(outbox.c.id)


def _sendable(database: Database) -> Update:
    """Unless an earlier one of the conversation is open, the conversation pauses, or the lane's credentials are refused."""
    now, columns = database.now(), outbox.c
    pauses = exists().where(conversation.c.id == columns.conversation_id, conversation.c.send_after > now)
    refused = exists().where(lane.c.channel == columns.channel, lane.c.account == columns.account, lane.c.paused)
    return update(outbox).where(among(columns.id, "ids"), ~has_open_before(), ~pauses, ~refused)


class TakenDeliveries:
    """Of one commit. ``granted``: those that were taken; ``pauses``: seconds, by conversation, that begin with them.

    ``logged``: those that it sends itself; ``frames``: how many, by conversation, are appended to the event log for them.
    """

    def __init__(self, lanes: Sequence[LaneOffer] = ()) -> None:
        self.granted: list[Delivery] = []
        self.logged: list[LoggedDelivery] = []
        self.frames: dict[str, int] = {}
        self.pauses: dict[str, float] = {}
        self._lanes = {(one.channel, one.account): one for one in lanes}
        self._wanted: dict[str, Delivery] = {}
        self._said: dict[str, Said] = {}
        self._conversations: set[str] = set()
        self._token = new_id()

    def consider(
        self,
        delivery: Mapping[str, Any],
        row: Row[Any],
        new: NewMessage,
        meta: Mapping[str, Any],
        said: Mapping[str, Any],
    ) -> None:
        """Take it if it is the first that a turn says to its customer, with nothing that staff may change before it is sent.

        ``delivery``: its row of the outbox; ``row``: its conversation; ``said``: the row of the message.
        """
        first, self._conversations = row.id not in self._conversations, self._conversations | {row.id}
        plain = new.author is not Author.STAFF and not new.attachments and not new.delay and row.ended_at is None
        if not first or not plain or row.audience != Audience.CUSTOMER or (row.channel, row.account) not in self._lanes:
            return
        self._wanted[delivery["id"]] = Delivery(
            id=delivery["id"],
            conversation_id=row.id,
            message=OutboundMessage(
                message_id=delivery["message_id"],
                conversation=ConversationKey(row.channel, row.account, row.thread),
                author=new.author,
                text=codec.clean(new.text),
                kind=new.kind,
                author_name=codec.cleaned(new.author_name),
                citations=new.citations,
                locale=new.meta.get(LOCALE) or row.locale,
                turn_id=new.turn_id,
                meta=meta,
            ),
            attempt=1,
            token=self._token,
            sendable_since=codec.when(delivery["first_due_at"]),
            pause_begun=True,
        )
        if frames := self._frames(self._wanted[delivery["id"]]):
            self._said[delivery["id"]] = Said(row.event_cursor, frames, said)

    def _frames(self, delivery: Delivery) -> Sequence[LogFrame]:
        """Of the event log, which its channel would append to send it. What cannot be told here is told by its lane."""
        offer = self._lane(delivery)
        try:
            return offer.frames(delivery.message, delivery.id) if offer.frames is not None else ()
        except Exception:
            log.exception("delivery.not_rendered", delivery=delivery.id, channel=offer.channel)
            return ()

    def insert(self, connection: Connection, database: Database, rows: Sequence[dict[str, Any]]) -> None:
        """Write all deliveries of the commit, and take those that can be sent at once."""
        if not rows:
            return
        connection.execute(_add_delivery(database), rows)
        for (channel, account), offer in sorted(self._lanes.items()):
            self.granted += self._take_for(offer, f"{channel}:{account}", connection, database)
        self._log(connection, database)
        for delivery in self.granted:
            pace = self._lane(delivery).pace
            self.pauses[delivery.conversation_id] = pace.per_conversation if pace else 0.0

    def _take_for(
        self, offer: LaneOffer, pace_key: str, connection: Connection, database: Database
    ) -> Sequence[Delivery]:
        """As many as the lane has room for. Its pace is asked for those alone that may be sent; the rest are due again."""
        wanted = [key for key, one in self._wanted.items() if self._lane(one) is offer and key not in self._said]
        keys = wanted[: offer.room]
        if not keys:
            return ()
        given = {"ids": keys, "lease": offer.lease, "new_token": self._token}
        found = set(connection.scalars(_take(database), given))
        taken = [key for key in keys if key in found]
        if taken and offer.pace is not None:
            granted, _ = reserve(connection, database, pace_key, offer.pace, len(taken))
            if surplus := taken[granted:]:
                connection.execute(_PUT_BACK, {"ids": surplus})
            taken = taken[:granted]
        return [self._wanted[key] for key in taken]

    def _log(self, connection: Connection, database: Database) -> None:
        if not self._said:
            return
        sent = set(connection.scalars(_sent(database), {"ids": list(self._said)}))
        written = {key: said for key, said in self._said.items() if key in sent}
        add_frames(connection, [row for said in written.values() for row in said.rows])
        for key, said in written.items():
            self.frames[self._wanted[key].conversation_id] = len(said.frames)
            self.logged.append(LoggedDelivery(self._wanted[key], said.logged))

    def _lane(self, delivery: Delivery) -> LaneOffer:
        home = delivery.message.conversation
        return self._lanes[home.channel, home.account]
