"""Reads what a turn needs: one query per table for all conversations that were claimed together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    bindparam,
    cast,
    exists,
    literal,
    literal_column,
    select,
)

from core.domain.alterations import as_altered
from core.domain.conversation import Conversation, OwnershipState, Sharing
from core.domain.customer import LINK, Customer, Evidence
from core.domain.messages import BLOCKED, CAME_BY, Audience, Author, Change, ChangeKind, Message
from core.ports.store import Claim, TurnState
from core.storage import codec
from core.storage.among import among
from core.storage.blocks import is_blocked
from core.storage.database import grouped
from core.storage.delivered import is_said, was_not_delivered
from core.storage.links import PERSON
from core.storage.tables import attachment, change, conversation, customer, identity, message, tool_journal

_SPOKEN = (
    select(message, was_not_delivered().label("is_lost"))
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(
        among(message.c.conversation_id, "ids"),
        message.c.seq > conversation.c.done_seq - bindparam("history", type_=Integer),
        is_said(),
    )
    .order_by(message.c.conversation_id, message.c.seq)
)
_FILES = (
    select(attachment, message.c.author, message.c.customer_id, message.c.meta)
    .join(message, message.c.id == attachment.c.message_id)
    .where(among(attachment.c.conversation_id, "ids"))
    .order_by(attachment.c.created_at)
)
_KEEPS_CODE = f'"{LINK}":'
"""In ``meta`` of a message that is read even if it was not delivered: it says which code is open, and how many tries are left."""
_WITH_PEOPLE = (OwnershipState.QUEUED, OwnershipState.STAFF)
_CHANGES = (
    select(message, change.c.kind.label("change_kind"), change.c.seq.label("change_seq"), change.c.detail)
    .join(change, change.c.message_id == message.c.id)
    .join(conversation, conversation.c.id == change.c.conversation_id)
    .where(among(change.c.conversation_id, "ids"), change.c.seq > conversation.c.done_seq)
    .order_by(change.c.conversation_id, change.c.seq)
)
_PEOPLE = (
    select(*PERSON, is_blocked(customer.c.id).label("is_blocked"))
    .join(identity, identity.c.customer_id == customer.c.id)
    .where(among(customer.c.id, "ids"))
)


# What an UPDATE returns has no table's name on SQLite, where it would mean the inner table's column.
_CLAIMED, _DONE = literal_column("conversation.id", Text), literal_column("conversation.done_seq", Integer)


def has_files() -> ColumnElement[bool]:
    """Whether the claimed conversation has any; without them nothing is read of them."""
    return exists().where(attachment.c.conversation_id == _CLAIMED).label("has_files")


def has_journal() -> ColumnElement[bool]:
    """Whether an earlier try of the claimed conversation's next turn called tools (``core.turn_messages.turn_id``)."""
    turn = _CLAIMED + literal(":") + cast(_DONE + 1, Text)
    return exists().where(tool_journal.c.turn_id == turn).label("has_journal")


def load_turns(
    connection: Connection, rows: Sequence[Row[Any]], history: int
) -> tuple[list[TurnState], dict[str, str]]:
    """Pending messages, history, customers and files of the claimed conversations, one query each.

    With them, by id, the reasons why some of the conversations cannot be read.
    """
    ids = {"ids": [row.id for row in rows]}
    said = connection.execute(_SPOKEN, {**ids, "history": history})
    spoken = [line for line in said if not line.is_lost or _KEEPS_CODE in (line.meta or "")]
    files = connection.execute(_FILES, ids).all() if any(row.has_files for row in rows) else []
    messages = grouped(spoken, "conversation_id")
    changes = _load_changes(connection, rows)
    told = [line for said in (*messages.values(), *changes.values()) for line in said]
    writers = {line.customer_id for line in told if line.customer_id}
    ids = {"ids": sorted({row.customer_id for row in rows} | writers)}
    customers: dict[str, Any] = {row.id: row for row in connection.execute(_PEOPLE, ids)}
    states: list[TurnState] = []
    broken: dict[str, str] = {}
    for row in rows:
        own = [file for file in files if file.conversation_id == row.id]
        try:
            states.append(_state(row, customers, messages.get(row.id, ()), own, changes.get(row.id, ())))
        except codec.UNREADABLE as error:
            broken[row.id] = f"{type(error).__name__}: {error}"
    return states, broken


def _load_changes(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    """Only where people are shown copies of messages: a turn of the agent reads the messages as they are."""
    shown = [row.id for row in rows if row.audience == Audience.STAFF or row.state in _WITH_PEOPLE]
    return grouped(connection.execute(_CHANGES, {"ids": shown}), "conversation_id") if shown else {}


def _change(row: Row[Any], files: Sequence[Row[Any]]) -> Change:
    return Change(ChangeKind(row.change_kind), row.change_seq, codec.message_from(row, files), codec.load(row.detail))


def _state(
    row: Row[Any],
    people: Mapping[str, Row[Any]],
    spoken: Sequence[Row[Any]],
    files: Sequence[Row[Any]],
    changes: Sequence[Row[Any]],
) -> TurnState:
    inbound = Author.STAFF if row.audience == Audience.STAFF else Author.CUSTOMER
    by_message = grouped(files, "message_id")
    said = as_altered([_as_heard(line, by_message.get(line.id, ())) for line in spoken])
    blocked = {person for person, found in people.items() if found.is_blocked}
    waiting: Sequence[Message] = [
        item
        for item in said
        if item.seq > row.done_seq
        and item.author == inbound
        and item.deleted_at is None
        and not _is_blocked(item, row.customer_id, blocked)
    ]
    pending, until = _first_author_in(waiting) if inbound is Author.CUSTOMER else (waiting, float("inf"))
    writers = {row.customer_id, *(line.customer_id for line in (*spoken, *changes) if line.customer_id)}
    author = pending[0].customer_id if pending else None
    private = codec.sharing(row.shared) is Sharing.NEVER
    writer = codec.customer_from(people[author or row.customer_id], private=private)
    home = codec.conversation_from(row)
    if any(CAME_BY in item.meta for item in pending):  # whoever reads that mailbox or telephone (ADR 9)
        writer, private = replace(writer, verified=False, evidence=Evidence.CLAIMED), False
    if private:
        writer = replace(writer, facts=codec.facts_from(people[writer.id], row.id))
    if not private or writer.id != home.customer_id:
        home = replace(home, summary=None)
    state = TurnState(
        claim=Claim(row.id, row.epoch),
        conversation=_with_locale_of(home, writer),
        customer=writer,
        pending=tuple(pending),
        history=tuple(
            item for item in said if (item.seq <= row.done_seq or item.author != inbound) and BLOCKED not in item.meta
        ),
        changes=tuple(
            changed
            for one in changes
            if one.change_seq < until
            and not _is_blocked((changed := _change(one, by_message.get(one.id, ()))).message, row.customer_id, blocked)
        ),
        addresses={writer: people[writer].external_id for writer in writers if writer in people},
        has_journal=row.has_journal,
    )
    return replace(state, files=tuple(codec.attachment_from(file) for file in files if _may_be_used(file, state)))


def _as_heard(row: Row[Any], files: Sequence[Row[Any]]) -> Message:
    """A message that was not delivered counts as deleted, so that the agent does not remember having said it."""
    found = codec.message_from(row, files)
    return replace(found, deleted_at=found.created_at) if row.is_lost else found


def _is_blocked(message: Message, customer_id: str, blocked: Collection[str]) -> bool:
    """Whether its customer was blocked when they wrote it, or is now."""
    by_customer = message.author is Author.CUSTOMER
    return BLOCKED in message.meta or (by_customer and (message.customer_id or customer_id) in blocked)


def _first_author_in(waiting: Sequence[Message]) -> tuple[Sequence[Message], float]:
    """The first author's messages up to those of the next author, and the place of the latter's first one, or infinity."""
    for place, item in enumerate(waiting):
        if item.customer_id != waiting[0].customer_id:
            return waiting[:place], item.seq
    return waiting, float("inf")


def _with_locale_of(found: Conversation, writer: Customer) -> Conversation:
    """The conversation with the locale of the customer who is answered; its own is that of the customer who began it."""
    return found if writer.id == found.customer_id else replace(found, locale=writer.locale or found.locale)


def _may_be_used(file: Row[Any], state: TurnState) -> bool:
    if state.conversation.audience is Audience.STAFF:
        return True
    return state.reader.may_read(state.conversation, Author(file.author), file.customer_id, codec.load(file.meta))
