"""Identities that a code has proven to be the same person's.

A link is an edge between two customers, and nothing that belongs to either is rewritten: whoever reads tickets, cases or
messages follows the links of today. Undoing one gives each side its own, also what came meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from core.domain.customer import Evidence, Identity, IdentityLink, KnownIdentity
from core.domain.messages import Author
from core.ports.outcomes import CaseRecord, LinkIdentity, UnlinkIdentity
from core.ports.tickets import Holder
from core.storage import codec
from core.storage.blocks import same_address
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.delivered import is_said
from core.storage.ids import new_id
from core.storage.tables import conversation, customer, identity, identity_link, message

log = structlog.get_logger(__name__)

MASKED = "••••••"
"""In place of a code that a customer has typed."""
_QUOTED = 300
_ACTIVE = identity_link.c.unlinked_at.is_(None)
_other = customer.alias("linked_customer")
_asker, _proven = identity.alias("asker"), identity.alias("proven")
_LINKS = (
    select(identity_link, _asker.c.channel, _asker.c.external_id)
    .add_columns(_proven.c.channel.label("other_channel"), _proven.c.external_id.label("other_address"))
    .join(_asker, _asker.c.customer_id == identity_link.c.customer_id)
    .join(_proven, _proven.c.customer_id == identity_link.c.other_id)
)
_LINKED_NAME = (
    select(_other.c.display_name)
    .join(identity_link, identity_link.c.other_id == _other.c.id)
    .where(identity_link.c.customer_id == customer.c.id, _ACTIVE, _other.c.display_name.is_not(None))
    .order_by(identity_link.c.linked_at)
    .limit(1)
    .correlate(customer)
    .scalar_subquery()
)
_people = select(cast(literal_column("customer.id"), String(64)).label("id")).cte("person", True, nesting=True)
_people = _people.union(
    select(identity_link.c.other_id).join(_people, identity_link.c.customer_id == _people.c.id).where(_ACTIVE)
)
_LINKED_MEMORY = (
    select(func.aggregate_strings(_other.c.memory, "\n"))
    .where(_other.c.id.in_(select(_people.c.id)), _other.c.id != customer.c.id)
    .correlate(customer)
    .scalar_subquery()
)


def is_linked(customer_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a code has linked that customer with another one."""
    return select(identity_link.c.other_id).where(identity_link.c.customer_id == customer_id, _ACTIVE).exists()


PERSON = (
    *customer.c,
    _LINKED_NAME.label("linked_name"),
    is_linked(customer.c.id).label("is_linked"),
    _LINKED_MEMORY.label("linked_memory"),
    identity.c.external_id,
    identity.c.verified,
)
"""Columns of a customer who writes, joined with their identity. ``linked_name``: of a linked identity that has one.
``linked_memory``: a line for each of those that a customer is linked with, also by way of one another."""


def person_of(customer_id: ColumnElement[str] | str) -> Select[Any]:
    """The ids of a customer and of all that are linked with them, also by way of one another."""
    known = literal(customer_id) if isinstance(customer_id, str) else customer_id
    people = select(cast(known, String(64)).label("id")).cte("person", recursive=True)
    linked = select(identity_link.c.other_id).join(people, identity_link.c.customer_id == people.c.id).where(_ACTIVE)
    return select(people.union(linked).c.id)


def proves_here(holder: Holder) -> ColumnElement[bool]:
    """Whether they may change what linked identities have: a proven sender, or the session in which the code was typed, may.

    Neither can be forged. The sender of a text message can.
    """
    links = identity_link.c
    typed_here = (links.customer_id == holder.customer_id) & (links.conversation_id == holder.conversation_id)
    return literal(holder.verified) | select(links.other_id).where(typed_here, _ACTIVE).exists()


def keep_links(connection: Connection, database: Database, records: Iterable[CaseRecord], now: float) -> None:
    """What customers have proven, and what they or staff have undone; the same again changes nothing."""
    for one in records:
        if isinstance(one, LinkIdentity):
            _link(connection, database, one, now)
        elif isinstance(one, UnlinkIdentity):
            unlink(connection, one, now)


def _link(connection: Connection, database: Database, record: LinkIdentity, now: float) -> None:
    masked = update(message).where(message.c.id == record.code_message_id).values(text=MASKED)
    connection.execute(masked)
    theirs = _customer_of(connection, database, record.identity, now)
    known = select(identity_link.c.other_id).where(
        identity_link.c.customer_id == record.customer_id, identity_link.c.other_id == theirs, _ACTIVE
    )
    if theirs == record.customer_id or connection.execute(known).first() is not None:
        return
    made = {"linked_at": now, "conversation_id": record.conversation_id, "unlinked_at": None, "unlinked_by": None}
    sides = (record.customer_id, theirs), (theirs, record.customer_id)
    rows = [{"customer_id": one, "other_id": other, **made} for one, other in sides]
    key = [column.name for column in identity_link.primary_key]
    connection.execute(database.upsert(identity_link, key, ["unlinked_at", "unlinked_by"]), rows)
    log.info("identity.linked", conversation=record.conversation_id, customer=record.customer_id, other=theirs)


def _customer_of(connection: Connection, database: Database, who: Identity, now: float) -> str:
    """Who has this identity; a customer is made for one that never wrote."""
    new = new_id()
    row = {"customer_id": new, "created_at": now, "verified": who.verified}
    row |= {"channel": who.channel, "account": who.account, "external_id": who.external_id}
    connection.execute(database.insert_new(identity), row)
    found = connection.scalar(select(identity.c.customer_id).where(is_identity(who)))
    if found == new:
        connection.execute(database.insert_new(customer), {"id": new, "created_at": now})
    return str(found)


def is_identity(who: Identity) -> ColumnElement[bool]:
    """Whether a row of ``identity`` is this one."""
    columns = identity.c
    place = (columns.channel == who.channel) & (columns.account == who.account)
    return place & (columns.external_id == codec.clean(who.external_id)) & (columns.verified == who.verified)


def unlink(connection: Connection, record: UnlinkIdentity, now: float) -> int:
    """How many identities lost their links."""
    theirs = select(identity).where(identity.c.customer_id.in_(person_of(record.customer_id)))
    named = {row.customer_id for row in connection.execute(theirs) if _is_named(record, row)}
    others = named - {record.customer_id}
    meant = others if others and not record.address else named
    if record.customer_id in meant:
        meant |= set(connection.scalars(same_address(record.customer_id)))
    links = or_(identity_link.c.customer_id.in_(meant), identity_link.c.other_id.in_(meant))
    undone = {"unlinked_at": now, "unlinked_by": codec.clean(record.actor)}
    people = {other for one in meant for other in connection.scalars(person_of(one))}
    ended = connection.execute(update(identity_link).where(links, _ACTIVE).values(undone)).rowcount
    if ended:  # what is summed up, or is read later, tells of the other side
        told = update(conversation).where(conversation.c.customer_id.in_(sorted(people)))
        connection.execute(told.values(summary=None, remembered_seq=conversation.c.last_seq))
        log.info("identity.unlinked", customers=meant, links=ended // 2, by=record.actor)
    return len(meant) if ended else 0


def _is_named(record: UnlinkIdentity, who: Row[Any]) -> bool:
    """Whether it is about this identity. A number may be written without its country's code."""
    if not record.channels:
        return bool(who.customer_id == record.customer_id)
    if who.channel not in record.channels or not record.address:
        return who.channel in record.channels
    if "@" in record.address:
        return bool(who.external_id.casefold() == record.address.casefold())
    written, known = (re.sub(r"\D", "", text.replace("(0)", "")) for text in (record.address, who.external_id))
    return bool(written.strip("0")) and known.endswith(written.lstrip("0"))


class SqlLinks(OnDatabase):
    """What tools read of linked identities, and what operators see and undo."""

    @reads
    def identities(self, connection: Connection, holder: Holder) -> Sequence[KnownIdentity]:
        theirs = identity.c.customer_id == holder.customer_id
        if holder.private:
            theirs = identity.c.customer_id.in_(person_of(holder.customer_id))
        first = (identity.c.customer_id != holder.customer_id).label("is_other")
        wanted = select(identity, is_linked(identity.c.customer_id).label("is_linked")).where(theirs)
        rows = connection.execute(wanted.order_by(first, identity.c.created_at, identity.c.customer_id))
        return [
            KnownIdentity(
                row.channel,
                row.external_id,
                Evidence.of(verified=bool(row.verified), linked=holder.private and bool(row.is_linked)),
            )
            for row in rows
        ]

    @reads
    def said_elsewhere(self, connection: Connection, holder: Holder, limit: int) -> Sequence[str]:
        if not holder.private:
            return []
        author = func.coalesce(message.c.customer_id, conversation.c.customer_id)
        wanted = (
            select(message.c.text)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(
                conversation.c.customer_id.in_(person_of(holder.customer_id)),
                conversation.c.customer_id != holder.customer_id,
                author == conversation.c.customer_id,
                message.c.author == Author.CUSTOMER,
                message.c.deleted_at.is_(None),
                message.c.text.not_in(("", MASKED)),
                is_said(),
            )
            .order_by(message.c.created_at.desc(), message.c.seq.desc())
            .limit(limit)
        )
        return [text[:_QUOTED] for text in connection.scalars(wanted)]

    @reads
    def links(self, connection: Connection, address: str) -> Sequence[IdentityLink]:
        """All that an address ever had, on whichever channel, the newest first."""
        wanted = _LINKS.where(_asker.c.external_id == codec.clean(address)).order_by(identity_link.c.linked_at.desc())
        return [
            IdentityLink(
                codec.when(row.linked_at),
                (f"{row.channel}:{row.external_id}", f"{row.other_channel}:{row.other_address}"),
                row.conversation_id,
                codec.when_given(row.unlinked_at),
                row.unlinked_by,
            )
            for row in connection.execute(wanted)
        ]

    @writes
    def unlink(self, connection: Connection, address: str, actor: str) -> bool:
        """Undo all links of an address; whether there were any."""
        theirs = select(identity.c.customer_id).where(identity.c.external_id == codec.clean(address))
        now = self.database.timestamp()
        undone = [unlink(connection, UnlinkIdentity(one, actor), now) for one in connection.scalars(theirs).all()]
        return any(undone)
