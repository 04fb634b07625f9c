"""Rows for conversations and customers that write for the first time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, func, select, update

from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, MessageReceived
from core.storage import codec
from core.storage.among import among
from core.storage.blocks import is_blocked
from core.storage.database import Database
from core.storage.ids import new_id
from core.storage.tables import conversation, customer, identity

_KNOWN = (
    select(identity, is_blocked(identity.c.customer_id).label("blocked"))
    .where(
        identity.c.channel == bindparam("of_channel"),
        identity.c.account == bindparam("of_account"),
        among(identity.c.external_id, "ids"),
    )
    .with_for_update(read=True, of=identity)
)
"""Held until the commit: an identity that is being erased meanwhile is waited for, and is not found then."""


_BEGUN_BY = ("thread", "customer_id", "external_id")
_BEGIN_ANEW = (
    update(conversation)
    .where(conversation.c.id == bindparam("new_id"), conversation.c.customer_id == "")
    .values({name: bindparam(f"new_{name}") for name in _BEGUN_BY})
)


@lru_cache(maxsize=4)
def _enrich(database: Database) -> Insert:
    """Insert a customer; of one who is known, only learn what is new."""
    statement = database.insert(customer)
    learned = ("display_name", "email", "locale")
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: func.coalesce(statement.excluded[name], customer.c[name]) for name in learned},
    )


Person = tuple[str, str, str, bool]
"""Channel, account, id there, and whether it was proved: a forged sender must never meet the real one's record."""


class MessageAuthor(NamedTuple):
    """The customer who wrote a message, and whether staff have blocked them."""

    customer_id: str
    blocked: bool


def make_feeds(connection: Connection, database: Database, keys: Sequence[ConversationKey]) -> None:
    """Conversations in which staff are told of cases, where they are not there yet. Nobody writes in them."""
    now = database.timestamp()
    rows = [
        conversation_row(key, customer_id="", external_id="", now=now) | {"locale": None, "audience": Audience.STAFF}
        for key in sorted(set(keys))
    ]
    if rows:
        connection.execute(database.insert_new(conversation), rows)


def create_conversations(
    connection: Connection, database: Database, events: Sequence[MessageReceived], *, anew: bool = False
) -> None:
    """One conversation for each event, with its customer; what is there already (somebody was faster) stays.

    ``anew``: some of them are there without a customer, because theirs was erased.
    """
    now = database.timestamp()
    customers = identify(connection, database, events)
    rows = []
    for event in events:
        row = conversation_row(
            event.conversation,
            customers[person(event.sender)].customer_id,
            external_id=event.sender.external_id,
            now=now,
        )
        row |= {"locale": codec.locale(event.locale or event.sender.locale), "audience": event.audience}
        rows.append(row)
    connection.execute(database.insert_new(conversation), rows)
    if anew:
        connection.execute(_BEGIN_ANEW, [{f"new_{name}": row[name] for name in ("id", *_BEGUN_BY)} for row in rows])


def conversation_row(key: ConversationKey, customer_id: str, external_id: str, now: float) -> dict[str, Any]:
    """A conversation in which nothing has been said."""
    return {
        "id": key.conversation_id,
        "channel": key.channel,
        "account": key.account,
        "thread": key.thread,
        "customer_id": customer_id,
        "external_id": external_id,
        "state": OwnershipState.BOT,
        "epoch": 0,
        "ownership_epoch": 0,
        "last_seq": 0,
        "done_seq": 0,
        "event_cursor": 0,
        "ready_at": now,
        "attempts": 0,
        "created_at": now,
    }


def person(sender: Identity) -> Person:
    """The key of a sender's customer."""
    return (sender.channel, sender.account, sender.external_id, sender.verified)


def identify(
    connection: Connection, database: Database, events: Sequence[MessageReceived]
) -> dict[Person, MessageAuthor]:
    """Find or create the customers who wrote these messages, and update their profiles from their channels."""
    now = database.timestamp()
    people = sorted({person(event.sender) for event in events})
    names = ("channel", "account", "external_id", "verified")
    customers: dict[Person, MessageAuthor] = {}
    while missing := [one for one in people if one not in customers]:  # once more where somebody was erased in between
        connection.execute(
            database.insert_new(identity),
            [{**dict(zip(names, one, strict=True)), "customer_id": new_id(), "created_at": now} for one in missing],
        )
        customers |= find_known(connection, missing)
    known: dict[str, dict[str, Any]] = {}
    for event in events:
        sender = event.sender
        row = known.setdefault(
            customers[person(sender)].customer_id,
            {"display_name": None, "email": None, "locale": None, "created_at": now},
        )
        row["display_name"] = codec.cleaned(sender.display_name) or row["display_name"]
        row["email"] = (codec.cleaned(sender.email) if sender.verified else None) or row["email"]
        row["locale"] = codec.locale(event.locale or sender.locale) or row["locale"]
    connection.execute(_enrich(database), [{"id": key, **known[key]} for key in sorted(known)])
    return customers


def find_known(connection: Connection, people: Collection[Person]) -> dict[Person, MessageAuthor]:
    """The customers of these identities, of which the hub may not know all."""
    customers: dict[Person, MessageAuthor] = {}
    for channel, account in sorted({one[:2] for one in people}):
        ids = sorted({one[2] for one in people if one[:2] == (channel, account)})
        found = connection.execute(_KNOWN, {"of_channel": channel, "of_account": account, "ids": ids})
        for one in found:
            writer = MessageAuthor(one.customer_id, bool(one.blocked))
            customers[(channel, account, one.external_id, bool(one.verified))] = writer
    return customers
