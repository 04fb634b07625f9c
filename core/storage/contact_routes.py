"""Other routes to customers: what no page has shown, where it goes instead, and where an answer to it belongs.

An answer is given to its conversation while it is accepted, by what the commit of the follow-up has written. So it is known as
the same event however often it comes, and stands in the same order as what is written on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, select, text, tuple_, update

from core.domain.capabilities import AnswersBy
from core.domain.contact_route import Contacted, ContactRoute
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, Author, Message, MessageKind, MessageReceived
from core.ports.follow_ups import Unseen
from core.ports.outcomes import CrossConversationWrite, FollowUp
from core.ports.store import Acceptable
from core.storage import codec
from core.storage.among import among
from core.storage.attachments import load_files
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.desk_tables import contact_route, contacted, follow_up, relay
from core.storage.tables import (
    OPEN_DELIVERY,
    conversation,
    customer,
    identity,
    message,
    outbox,
    widget_event,
)

_ADDRESS = (contacted.c.channel, contacted.c.account, contacted.c.address)
_ANSWERED = (
    select(contact_route, conversation.c.channel.label("home_channel"), conversation.c.account.label("home_account"))
    .add_columns(conversation.c.thread.label("home_thread"))
    .join(conversation, conversation.c.id == contact_route.c.conversation_id)
    .join(customer, customer.c.id == conversation.c.customer_id)
    .where(
        contact_route.c.channel == bindparam("of_channel"),
        contact_route.c.account == bindparam("of_account"),
        contact_route.c.address == bindparam("of_address"),
        contact_route.c.contact.in_([customer.c.email, customer.c.phone]),  # one that was changed since leads nowhere
        conversation.c.ended_at.is_(None),
    )
    .order_by(contact_route.c.sent_at.desc())
)
OWN_CONVERSATION = (
    select(conversation.c.id)
    .join(identity, identity.c.customer_id == conversation.c.customer_id)
    .where(
        identity.c.channel == bindparam("of_channel"),
        identity.c.account == bindparam("of_account"),
        identity.c.external_id == bindparam("of_address"),
        conversation.c.channel == identity.c.channel,
        conversation.c.account == identity.c.account,
        conversation.c.external_id == identity.c.external_id,
        conversation.c.ended_at.is_(None),
    )
    .limit(1)
)
ANSWERS_WITHIN = 3 * 86_400.0
"""Seconds in which a text message from a number answers what went there, where nothing else is set."""
LAPSE = 30 * 86_400.0
"""Seconds after which it counts no more that an address did not answer."""
_TAKEN = (
    update(contacted).where(*(column == bindparam(f"of_{column.name}") for column in _ADDRESS)).values(unanswered=0)
)
_LEFT = (
    update(contact_route).where(among(contact_route.c.conversation_id, "ids"), contact_route.c.open).values(open=False)
)
_REOPEN = (
    update(contact_route)
    .where(contact_route.c.conversation_id == bindparam("home"), contact_route.c.address == bindparam("of_address"))
    .values(open=True)
)
_SENT = (
    update(contact_route)
    .where(
        contact_route.c.conversation_id == bindparam("home"),
        contact_route.c.channel == bindparam("of_channel"),
        contact_route.c.account == bindparam("of_account"),
        contact_route.c.thread == bindparam("of_thread"),
    )
    .values(sent_at=bindparam("now"))
)
_LOCK = select(follow_up).where(among(follow_up.c.conversation_id, "ids")).with_for_update()

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


def route_answers(
    connection: Connection, items: Sequence[Acceptable], since: float
) -> tuple[list[Acceptable], dict[str, ContactRoute]]:
    """The events, with answers to follow-ups given to the conversations that they answer; with it their routes, by event key.

    ``since``: when at the earliest something went to a number that answers it now.
    """
    found: list[Acceptable] = []
    routes: dict[str, ContactRoute] = {}
    for item in items:
        route = _answered(connection, item, since) if item.follow_up is not None else None
        if route is None:
            found.append(item)
            continue
        home, taken = route
        assert isinstance(item.event, MessageReceived)
        routes[str(item.event.key)] = taken
        found.append(replace(item, event=replace(item.event, conversation=home), in_log=True))
    return found, routes


def _answered(connection: Connection, item: Acceptable, since: float) -> tuple[ConversationKey, ContactRoute] | None:
    """By the thread that we wrote on, or where there is none by the number, for as long as nothing was written on the page.

    Only from the address that we wrote to: whoever else comes to know of the thread begins one of their own. A number that has
    a conversation of its own keeps it: somebody else may have typed it on the page, and must not read what its owner writes.
    """
    event = item.event
    if not isinstance(event, MessageReceived) or event.audience is not Audience.CUSTOMER:
        return None
    by_thread = item.follow_up is AnswersBy.THREAD
    if by_thread and not event.begun_by_us:
        return None
    place, address = event.conversation, event.sender.external_id
    if not codec.storable(address):
        return None
    given = {"of_channel": place.channel, "of_account": place.account, "of_address": address}
    for row in connection.execute(_ANSWERED, given).all():
        if row.thread == place.thread if by_thread else row.open and row.sent_at >= since:
            if not by_thread and connection.execute(OWN_CONVERSATION, given).first() is not None:
                return None
            home = ConversationKey(row.home_channel, row.home_account, row.home_thread)
            return home, ContactRoute(ConversationKey(row.channel, row.account, row.thread), row.address, row.contact)
    return None


def note_answers(connection: Connection, taken: Iterable[tuple[str, ContactRoute]], left: Sequence[str]) -> None:
    """``taken``: conversations in which the customer has answered by a route. ``left``: those in which they are back now."""
    if left:
        connection.execute(_LEFT, {"ids": sorted(left)})
    for home, route in sorted(taken, key=lambda one: one[0]):
        if home not in left:
            connection.execute(_REOPEN, {"home": home, "of_address": route.address})
        connection.execute(_TAKEN, given_address(route))


def note_sent(connection: Connection, routes: Iterable[tuple[str, ContactRoute]], now: float) -> None:
    """What is said goes there at once: an answer from the number may come for as long again."""
    rows = [
        {**given_address(route), "home": home, "of_thread": route.key.thread, "now": now}
        for home, route in sorted(routes, key=lambda one: one[0])
    ]
    if rows:
        connection.execute(_SENT, rows)


class FollowUpSnapshot:
    """What follow-ups were decided on, as it is now, held until the commit."""

    def __init__(
        self, connection: Connection, database: Database, cross_writes: Sequence[CrossConversationWrite]
    ) -> None:
        wanted = [one for one in cross_writes if one.follow_up is not None]
        homes = sorted({one.conversation.conversation_id for one in wanted})
        rows = connection.execute(_LOCK, {"ids": homes}).all() if homes else []
        self._shown = {row.conversation_id: int(row.shown_cursor) for row in rows}
        routes = [one.follow_up.route for one in wanted if one.follow_up is not None and one.follow_up.route]
        self._contacted = {_address_key(route): _hold(connection, database, route) for route in routes}

    def is_outdated(self, row: Any, follow: FollowUp) -> bool:
        """Whether the customer was back, somebody has said something, or the address has got something since."""
        if row.last_seq != follow.last_seq or self._shown.get(row.id, 0) != follow.shown_cursor:
            return True
        return follow.route is not None and self._contacted.get(_address_key(follow.route)) != follow.contacted


def keep_follow_ups(
    connection: Connection, database: Database, followed: Sequence[tuple[str, FollowUp]], now: float
) -> None:
    """``followed``: by conversation, under its lock."""
    for home, follow in followed:
        if follow.followed_seq is None:
            continue
        row = {"conversation_id": home, "shown_cursor": follow.shown_cursor, "followed_seq": follow.followed_seq}
        connection.execute(database.upsert(follow_up, ["conversation_id"], ["followed_seq"]), row)
        if follow.route is not None:
            _begin(connection, database, home, follow.route, now)


def _begin(connection: Connection, database: Database, home: str, route: ContactRoute, now: float) -> None:
    place = {"channel": route.key.channel, "account": route.key.account, "thread": route.key.thread}
    key = {"conversation_id": home, **place}
    begun = {"address": route.address, "contact": route.contact, "open": True, "sent_at": now}
    connection.execute(database.upsert(contact_route, list(key), list(begun)), {**key, **begun})
    connection.execute(
        update(contacted)
        .where(is_at(route))
        .values(sent_at=now, unanswered=case((contacted.c.sent_at <= now - LAPSE, 0), else_=contacted.c.unanswered) + 1)
    )
    kept = codec.route_to(route, taken=False)
    connection.execute(update(conversation).where(conversation.c.id == home).values(road=kept))


def _address_key(route: ContactRoute) -> tuple[str, str, str]:
    return route.key.channel, route.key.account, route.address


def given_address(route: ContactRoute) -> dict[str, str]:
    """A route's address as the statements of this file are given it."""
    return dict(zip(("of_channel", "of_account", "of_address"), _address_key(route), strict=True))


def is_at(route: ContactRoute) -> ColumnElement[bool]:
    """Whether a row of ``contacted`` is of a route's address."""
    return tuple_(*_ADDRESS) == tuple_(*_address_key(route))


def _hold(connection: Connection, database: Database, route: ContactRoute) -> Contacted:
    place = {column.name: value for column, value in zip(_ADDRESS, _address_key(route), strict=True)}
    connection.execute(database.insert_new(contacted), {**place, "sent_at": 0.0, "unanswered": 0})
    row = connection.execute(select(contacted).where(is_at(route)).with_for_update()).one()
    return contacted_from(row, database.timestamp())


def contacted_from(row: Any, now: float) -> Contacted:
    return Contacted(float(row.sent_at), 0 if row.sent_at <= now - LAPSE else int(row.unanswered))


class SqlFollowUps(OnDatabase):
    """FollowUps on a database; whether a lane is paused, the lanes know (core.storage.dead_letters)."""

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

    @reads
    def contacted(self, connection: Connection, route: ContactRoute) -> Contacted:
        row = connection.execute(select(contacted).where(is_at(route))).first()
        return Contacted() if row is None else contacted_from(row, self.database.timestamp())

    @reads
    def is_at_home(self, connection: Connection, route: ContactRoute) -> bool:
        return connection.execute(OWN_CONVERSATION, given_address(route)).first() is not None

    @reads
    def going(self, connection: Connection, conversation_id: str) -> tuple[str, str] | None:
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
        row = connection.execute(statement).first()
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
