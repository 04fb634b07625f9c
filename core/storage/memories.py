"""What is remembered of customers, on a database: facts on the customer's row, a summary on the conversation's.

Facts stay with the customer who said them. Who is linked is told of them as long as the link holds, and nothing is copied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, func, or_, select, text, true, tuple_, update

from core.domain.alterations import CORRECTS, WITHDRAWS, as_altered, changed_message
from core.domain.budget import group_of_address
from core.domain.memory import CustomerMemory, Fact, Key
from core.domain.messages import BLOCKED, CAME_BY, COLLEAGUE, SHARED, Audience, Message
from core.ports.memories import Learned, Newest, Said, Unremembered
from core.ports.retention import Page, Place
from core.ports.tickets import Holder
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.delivered import is_said, is_still_to_come, was_not_delivered
from core.storage.links import MASKED, person_of, proves_here
from core.storage.tables import TO_REMEMBER, conversation, customer, identity, message

MANY_MESSAGES = 40
"""Behind a summary, from which on nobody waits for the conversation to rest; and the most that is read at once."""
_READ_AGAIN = MANY_MESSAGES - 1
"""The newest messages, from which a summary is written anew: by one call of the model."""
_NOT_THEIRS = (COLLEAGUE, SHARED, BLOCKED, CAME_BY)
_OWN = conversation.c.audience != Audience.STAFF, conversation.c.shared.is_(None)
_TOLD = message.c.deleted_at.is_(None), message.c.customer_id.is_(None), is_said()
_CAME = ~was_not_delivered() & ~is_still_to_come()
_CHANGES = or_(message.c.meta.contains('"alters":{'), message.c.meta.contains('"corrects":"'))
_BEHIND = message.c.conversation_id == bindparam("key"), message.c.seq > bindparam("behind", type_=Integer)
_MESSAGES = (
    select(message, true().label("came"))
    .where(*_BEHIND, message.c.seq <= bindparam("upto", type_=Integer), *_TOLD, _CAME)
    .order_by(message.c.seq)
    .limit(MANY_MESSAGES)
)
_LATER_CHANGES = select(message, _CAME.label("came")).where(*_BEHIND, _CHANGES)
_IDENTITIES = select(identity).where(among(identity.c.customer_id, "ids"))
_KEPT = select(customer.c.id, customer.c.memory).where(among(customer.c.id, "ids")).order_by(customer.c.id)
_AUTHOR = func.coalesce(message.c.customer_id, conversation.c.customer_id)
_CHANGED = (
    select(message.c.id, message.c.seq, _AUTHOR.label("author"), conversation.c.id.label("home"))
    .add_columns(conversation.c.remembered_seq, conversation.c.done_seq)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(among(message.c.id, "ids"), conversation.c.audience != Audience.STAFF)
)


def change_memories(
    connection: Connection,
    ids: Collection[str],
    change: Callable[[CustomerMemory], CustomerMemory],
    keeps: Callable[[str], bool] = lambda _: True,
) -> int:
    """How many facts went. The customers' rows are locked in one order; what stays as it is is not written.

    ``keeps``: whether a fact that cannot be read, as JSON, stays; where none can be, nothing is changed.
    """
    gone = 0
    for row in connection.execute(_KEPT.with_for_update(), {"ids": sorted(ids)}).all():
        try:
            before, unread = codec.open_memory(row.memory)
        except codec.UNREADABLE:
            before, unread = CustomerMemory(), {}
            if keeps(row.memory):
                continue
        after = change(before)
        left = {**unread, "facts": [one for one in unread.get("facts", ()) if keeps(json.dumps(one))]}
        gone += len(before.facts) - len(after.facts)
        if after != before or left != unread:
            theirs = update(customer).where(customer.c.id == row.id)
            connection.execute(theirs.values(memory=codec.dump_memory(after, left)))
    return gone


def take_back(connection: Connection, message_ids: Collection[str]) -> None:
    """What was deleted or changed is not remembered as it had been said; a summary that told it is written anew."""
    rows = connection.execute(_CHANGED, {"ids": sorted(message_ids)}).all() if message_ids else []
    told = {row.home: row for row in rows if row.seq <= row.remembered_seq}
    for home, row in sorted(told.items()):
        again = min(row.remembered_seq, max(0, row.done_seq - _READ_AGAIN))
        theirs = update(conversation).where(conversation.c.id == home)
        connection.execute(theirs.values(summary=None, remembered_seq=again))
    if rows:
        ids, authors = {row.id for row in rows}, {row.author for row in rows}

        def keeps(unread: str) -> bool:
            return not any(one in unread for one in ids)

        change_memories(connection, authors, lambda memory: memory.without_messages(ids), keeps)


class SqlMemories(OnDatabase):
    """Implements Memories."""

    @reads
    def unremembered(
        self, connection: Connection, rest: float, *, after: Newest | None, limit: int
    ) -> Sequence[Unremembered]:
        columns = conversation.c
        place = tuple_(columns.ready_at, columns.id)
        rests = (columns.ready_at < self.database.timestamp() - rest) & (columns.done_seq >= columns.last_seq)
        wanted = (
            select(conversation)
            .where(text(TO_REMEMBER), or_(rests, columns.done_seq - columns.remembered_seq >= MANY_MESSAGES))
            .order_by(columns.ready_at, columns.id)
            .limit(limit)
        )
        rows = connection.execute(wanted if after is None else wanted.where(place > tuple_(*after))).all()
        ids = {"ids": [row.customer_id for row in rows]}
        kept = dict(map(tuple, connection.execute(_KEPT, ids))) if rows else {}
        groups = _groups(connection.execute(_IDENTITIES, ids)) if rows else {}
        parts = (_part(connection, row, codec.memory_from(kept.get(row.customer_id))) for row in rows)
        return [replace(one, group=groups.get(one.customer_id, "")) for one in parts]

    @writes
    def keep_learned(self, connection: Connection, part: Unremembered, found: Learned) -> bool:
        """See Memories.keep_learned. The locks of conversation and customer are taken in the order of the message's path."""
        home = conversation.c.id == part.conversation_id
        row = connection.execute(select(conversation).where(home).with_for_update()).first()
        person = connection.execute(_KEPT.with_for_update(), {"ids": [part.customer_id]}).first()
        if row is None or person is None:  # erased meanwhile
            return False
        kept = codec.memory_from(person.memory)
        now = _part(connection, row, kept, part.upto)
        read = [(one.id, one.text) for one in part.messages]
        if [(one.id, one.text) for one in now.messages] != read or row.shared is not None:
            return False
        before = part.memory
        if (now.remembered_seq, now.summary, kept.forgotten_until, kept.forgotten) != (
            part.remembered_seq,
            part.summary,
            before.forgotten_until,
            before.forgotten,
        ):
            return False
        summary = part.summary if found.summary is None else codec.clean(found.summary)
        connection.execute(update(conversation).where(home).values(summary=summary, remembered_seq=part.upto))
        last = max((one.created_at for one in part.messages), default=None)

        def learned(memory: CustomerMemory) -> CustomerMemory:
            used = memory if last is None else memory.used(found.used, last)
            return used.with_facts(found.facts)

        change_memories(connection, [part.customer_id], learned)
        return True

    @reads
    def facts_of(self, connection: Connection, holder: Holder) -> Sequence[Fact]:
        people = _people(connection, holder)
        proven = holder.verified or len(people) > 1
        every = codec.known_facts(row.memory for row in connection.execute(_KEPT, {"ids": people}))
        return [one for one in every if proven or one.conversation_id == holder.conversation_id]

    @writes
    def keep_fact(self, connection: Connection, holder: Holder, fact: Fact) -> None:
        stays = select(message.c.id).where(message.c.id == fact.message_id, message.c.deleted_at.is_(None))

        def with_fact(memory: CustomerMemory) -> CustomerMemory:
            """With the customer's row locked: whoever deletes the message meanwhile waits for it, and takes the fact back."""
            return memory.with_facts([fact], asked=True) if connection.scalar(stays) is not None else memory

        if holder.private:
            change_memories(connection, [holder.customer_id], with_fact)

    @writes
    def forget_facts(self, connection: Connection, holder: Holder, keys: Collection[Key] | None, at: datetime) -> int:
        people = _people(connection, holder)
        if people and not connection.scalar(select(proves_here(holder))):
            people = [holder.customer_id]
        theirs = update(conversation).where(among(conversation.c.customer_id, "ids"))
        told = conversation.c.summary.is_not(None)
        connection.execute(theirs.where(told).values(summary=None), {"ids": people})
        return change_memories(connection, people, lambda memory: memory.without(keys, at), lambda _: keys is not None)

    @reads
    def history_of(self, connection: Connection, holder: Holder, limit: int) -> Sequence[Said]:
        people = _people(connection, holder)
        here = conversation.c.id == holder.conversation_id
        mine = [] if holder.verified or len(people) > 1 else [here]
        wanted = (
            select(message, _CAME.label("came"))
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(among(conversation.c.customer_id, "ids"), *mine, *_OWN, *_TOLD)
            .where(or_(_CHANGES, _CAME & message.c.text.not_in(("", MASKED))))
            .order_by(message.c.created_at.desc(), message.c.seq.desc())
            .limit(limit)
        )
        rows = connection.execute(wanted, {"ids": people}).all()
        said = sorted(_as_told(reversed(rows)), key=lambda one: (one.created_at, one.seq), reverse=True)
        return [Said(one.created_at, one.author, one.text, one.conversation_id, one.id) for one in said]


async def forget_stale(database: Database, older_than: float, after: Place | None, limit: int) -> Page:
    """Look at the next customers; facts go that were neither said nor used for so many seconds."""
    before = codec.when(database.timestamp() - older_than)
    known = select(customer.c.id).where(customer.c.memory.is_not(None), customer.c.id > str((after or ("",))[0]))
    page = known.order_by(customer.c.id).limit(limit)
    ids = await database.read(lambda connection: list(connection.scalars(page)))

    def work(connection: Connection) -> int:
        return change_memories(connection, ids, lambda memory: memory.only(lambda one: one.used_at >= before))

    return Page(await database.write(work) if ids else 0, (ids[-1],) if len(ids) == limit else None)


def _part(connection: Connection, row: Row[Any], memory: CustomerMemory, upto: int | None = None) -> Unremembered:
    """``upto``: where it ended when it was read before."""
    asked = {"key": row.id, "behind": row.remembered_seq, "upto": row.done_seq if upto is None else upto}
    rows = connection.execute(_MESSAGES, asked).all()
    ends = rows[-1].seq if len(rows) == MANY_MESSAGES else asked["upto"]
    until, here = memory.forgotten_until, {one.id for one in rows}
    every = {one.id: one for one in (*rows, *connection.execute(_LATER_CHANGES, asked))}
    told = _as_told(sorted(every.values(), key=lambda one: one.seq))
    known = [one for one in told if one.id in here and (until is None or one.created_at > until)]
    place = (row.ready_at, row.id)
    return Unremembered(row.id, row.customer_id, row.remembered_seq, ends, row.summary, memory, known, place)


def _groups(identities: Iterable[Row[Any]]) -> dict[str, str]:
    """By customer, of those who have an address at a domain."""
    found = {
        one.customer_id: group_of_address(one.channel, one.external_id, verified=one.verified) for one in identities
    }
    return {customer_id: group for customer_id, group in found.items() if group}


def _as_told(rows: Iterable[Row[Any]]) -> list[Message]:
    """What the customer and the hub or staff said between themselves, as it reads now, without codes that were typed.

    A message whose change has not come, or never will, is left out: staff want it to be read as it was no more. So is what
    cannot be read, being of a newer version or damaged. Of corrections the last is read. ``rows`` are in order, and
    say whether they ``came``.
    """
    said: list[Message] = []
    changing: set[str] = set()
    corrections: dict[str, str] = {}
    for row in rows:
        try:
            one = codec.message_from(row)
            target = changed_message(one.meta)
        except codec.UNREADABLE:
            continue
        if target and not row.came:
            changing.add(target)
            continue
        if CORRECTS in one.meta:
            changing |= {target, corrections.get(target, "")}
            corrections[target] = one.id
        if not one.meta.get(WITHDRAWS):  # which may name what it withdraws
            said.append(one)
    left = [one for one in as_altered(said) if one.deleted_at is None and one.id not in changing]
    return [one for one in left if one.text not in ("", MASKED) and not any(name in one.meta for name in _NOT_THEIRS)]


def _people(connection: Connection, holder: Holder) -> list[str]:
    """Whose facts are meant: nobody's where others read along."""
    if not holder.private:
        return []
    wanted: Select[Any] = person_of(holder.customer_id)
    return list(connection.scalars(wanted))
