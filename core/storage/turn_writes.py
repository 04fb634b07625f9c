"""What turns and transitions write: counters, owners, messages and deliveries of the conversations that they hold.

What is decided about another conversation in several writes is written as one: its row and its next place are taken once. A
message that waits to be sent goes behind what overtakes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Double, Integer, Row, Update, bindparam, case, insert, select, update

from core.domain.alterations import changed_message
from core.domain.case import DESK
from core.domain.contact_route import ContactRoute
from core.domain.conversation import OwnershipEvent, Sharing, next_state
from core.domain.customer import ContactDetails
from core.domain.delivery import DeliveryStatus
from core.domain.messages import PRIVATELY, SENT_BY, SHARED, ChangeKind
from core.ports.outcomes import (
    CaseRecord,
    CrossConversationWrite,
    FollowUp,
    NewMessage,
    Recall,
    Transition,
    TurnOutcome,
)
from core.storage import codec
from core.storage.cases import keep_cases, recall
from core.storage.contact_routes import keep_follow_ups, note_sent
from core.storage.database import Database
from core.storage.delivered import BESIDE, OF_MESSAGES, second_delivery_key
from core.storage.desk_tables import relay
from core.storage.event_log import withdraw_all
from core.storage.gaps import gap_row, keep_gaps
from core.storage.ids import new_id
from core.storage.memories import take_back
from core.storage.relay_updates import relay_rows
from core.storage.tables import attachment, change, conversation, customer, message, outbox, ownership_change
from core.storage.taken_deliveries import TakenDeliveries

Overtaken = tuple[str, str, int]
"""A message, its conversation, and its new place in it."""

_ADD_MESSAGE, _ADD_OWNERSHIP_CHANGE, _ADD_CHANGE = insert(message), insert(ownership_change), insert(change)
_COUNTERS = ("last_seq", "done_seq")
_CHANGED = ("epoch", "ownership_epoch", "state", "owner", "escalation_reason", "reopen_until", *_COUNTERS)
_GIVE_BACK = update(conversation).where(conversation.c.id == bindparam("key")).values(lease_until=None)


def must_wait(cross_writes: Sequence[CrossConversationWrite]) -> list[str]:
    """The messages that must not have been sent yet: they are recalled, or go behind something that is said."""
    recalled = [one.message_id for cross_write in cross_writes for one in cross_write.recalls]
    return recalled + [one for cross_write in cross_writes for new in cross_write.messages for one in new.overtakes]


def in_places(messages: Sequence[NewMessage]) -> list[NewMessage | str]:
    """What is said, in order, with the ids of what comes behind it; who is named by several comes behind the last of them."""
    last = {one: place for place, new in enumerate(messages) for one in new.overtakes}
    found: list[NewMessage | str] = []
    for place, new in enumerate(messages):
        found += [new, *(one for one in dict.fromkeys(new.overtakes) if last[one] == place)]
    return found


def move(connection: Connection, moved: Sequence[Overtaken], now: float) -> None:
    """Of messages that wait, and whose rows are held: nobody outside knows their places yet, nor the keys made of them."""
    for message_id, conversation_id, seq in moved:
        waits = OF_MESSAGES, outbox.c.status == DeliveryStatus.DUE
        rows = connection.execute(select(outbox.c.id, outbox.c.dedupe).where(*waits), {"ids": [message_id]}).all()
        key = f"{conversation_id}:{seq}"
        for row in rows:
            dedupe = second_delivery_key(key) if row.dedupe.endswith(BESIDE) else key
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(seq=seq, dedupe=dedupe))
        connection.execute(update(message).where(message.c.id == message_id).values(seq=seq, created_at=now))


def merge_by_conversation(cross_writes: Sequence[CrossConversationWrite]) -> list[CrossConversationWrite]:
    """In the order in which their conversations are named first, each with everything that is said in it, in order.

    Whether they hold is asked of each of them before: they may have been decided on different states of the conversation.
    """
    found: dict[str, CrossConversationWrite] = {}
    for cross_write in cross_writes:
        home = cross_write.conversation.conversation_id
        found[home] = _merged(found[home], cross_write) if home in found else cross_write
    return list(found.values())


def _merged(first: CrossConversationWrite, second: CrossConversationWrite) -> CrossConversationWrite:
    return replace(
        first,
        messages=(*first.messages, *second.messages),
        transition=first.transition or second.transition,
        recalls=(*first.recalls, *second.recalls),
        follow_up=first.follow_up or second.follow_up,
    )


def _given(columns: Sequence[str]) -> dict[str, Any]:
    """Values that are given by the columns' names, with ``new_`` before them."""
    return {name: bindparam(f"new_{name}") for name in columns}


_COUNT_ONLY = update(conversation).where(conversation.c.id == bindparam("key")).values(_given(_COUNTERS))


@lru_cache(maxsize=4)
def _held(database: Database) -> Update:
    """``pause``: seconds before the conversation's next message may be sent, where one is taken to be sent now.
    ``frames``: how many the commit appends to its event log.

    The next turn begins when what this one says may be sent: until then the customer's next messages are read together.

    The claim of a conversation that failed before may have set a pause; what came meanwhile does not wait for its end.
    """
    columns, pause = conversation.c, bindparam("pause", type_=Double)
    send_after = case((pause > 0, database.now() + pause), else_=columns.send_after)
    logged = columns.event_cursor + bindparam("frames", type_=Integer)
    next_turn = case(
        (columns.send_after > database.now(), columns.send_after), (columns.attempts > 0, 0.0), else_=columns.ready_at
    )
    return (
        update(conversation)
        .where(columns.id == bindparam("key"))
        .values(ready_at=next_turn, send_after=send_after, event_cursor=logged, **_given(_CHANGED))
        .values(lease_until=None, attempts=0, last_error=None)
    )


@dataclass
class Writes:
    """Rows of one commit.

    ``ended``: claims that it ends. ``touched``: conversations whose rows it changes, each of which it changes once.
    ``taken_over``: those whose owner another conversation's turn changes. ``waiting``: messages that can be recalled.
    ``agent_sending``: where a message of the agent's is on its way, so that nobody can claim it yet. ``on_routes``: by which
    conversations' customers are written to at once. ``customers``: by conversation, whom its turn answers.
    ``send``: what is sent at once. ``altered``: ids of messages that these change or take back.
    """

    now: float
    held: list[dict[str, Any]] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    copies: list[dict[str, Any]] = field(default_factory=list)
    ownership_changes: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[tuple[str, ContactDetails]] = field(default_factory=list)
    relays: list[dict[str, Any]] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    reordered: list[Overtaken] = field(default_factory=list)
    follow_ups: list[tuple[str, FollowUp]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    on_routes: set[tuple[str, ContactRoute]] = field(default_factory=set)
    altered: list[str] = field(default_factory=list)
    waiting: frozenset[str] = frozenset()
    agent_sending: frozenset[str] = frozenset()
    given_back: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    taken_over: set[str] = field(default_factory=set)
    customers: dict[str, str | None] = field(default_factory=dict)
    send: TakenDeliveries = field(default_factory=TakenDeliveries)

    def outcome(self, row: Row[Any], outcome: TurnOutcome) -> None:
        """What a turn decided about the conversation that it holds."""
        owed = outcome.owes_files_of
        self.customers[row.id] = outcome.customer_id
        self.change(row, outcome.messages, outcome.transition, done_seq=outcome.handled_seq, owed=owed)
        self.cases.extend(outcome.cases)
        self.gaps.extend(gap_row(row.id, row.channel, found, self.now) for found in outcome.gaps)
        if outcome.contact:
            self.contacts.append((outcome.customer_id or row.customer_id, outcome.contact))

    def cross_writes(self, rows: Mapping[str, Row[Any]], cross_writes: Sequence[CrossConversationWrite]) -> None:
        """What is said and changed in other conversations than the one whose turn decided it, by their rows."""
        for cross_write in merge_by_conversation(cross_writes):
            self._cross_write(rows[cross_write.conversation.conversation_id], cross_write)

    def _cross_write(self, row: Row[Any], cross_write: CrossConversationWrite) -> None:
        self.recalls.extend(cross_write.recalls)
        if cross_write.follow_up is not None:
            self.follow_ups.append((row.id, cross_write.follow_up))
        if cross_write.transition is not None:
            self.taken_over.add(row.id)
            self.change(row, cross_write.messages, cross_write.transition, done_seq=None)
            return
        self.touched.add(row.id)
        last_seq = row.last_seq + len(in_places(cross_write.messages))
        done_seq = last_seq if row.done_seq >= row.last_seq else row.done_seq
        self.counted.append({"key": row.id, "new_last_seq": last_seq, "new_done_seq": done_seq})
        self._add_messages(row, cross_write.messages, row.ownership_epoch, row.state)

    def change(
        self,
        row: Row[Any],
        messages: Sequence[NewMessage],
        transition: Transition | None,
        *,
        done_seq: int | None,
        owed: Sequence[str] = (),
    ) -> None:
        """What one locked conversation becomes: its counters, owner, messages and outbox rows.

        Behind what is said stands what is still to be done: the files of the messages ``owed``.
        """
        self.touched.add(row.id)
        state, owner, ownership_epoch, epoch = row.state, row.owner, row.ownership_epoch, row.epoch
        reason, reopen_until = row.escalation_reason, row.reopen_until
        if transition is not None:
            state = next_state(codec.conversation_from(row).state, transition.event)
            owner, ownership_epoch, epoch = codec.cleaned(transition.owner), ownership_epoch + 1, epoch + 1
            reason = codec.clean(transition.escalation.reason) if transition.escalation else reason
            if transition.event is not OwnershipEvent.REOPEN_FOR_BOT:  # its last case may still go on
                reopen_until = self.now + transition.reopen_within if transition.reopen_within else None
            self._audit(row, state, ownership_epoch, transition)
        handled = row.done_seq if done_seq is None else max(done_seq, row.done_seq)
        last_seq = row.last_seq + len(in_places(messages))
        self._add_owed_files(row, owed, last_seq)
        self.held.append(
            {
                "key": row.id,
                "new_epoch": epoch,
                "new_ownership_epoch": ownership_epoch,
                "new_state": state,
                "new_owner": owner,
                "new_escalation_reason": reason,
                "new_reopen_until": reopen_until,
                "new_last_seq": last_seq + len(owed),
                "new_done_seq": last_seq if handled >= row.last_seq else handled,
            }
        )
        self._add_messages(row, messages, ownership_epoch, str(state))

    def _add_owed_files(self, row: Row[Any], owed: Sequence[str], last_seq: int) -> None:
        about = {"conversation_id": row.id, "kind": ChangeKind.FILES, "created_at": self.now}
        places = enumerate(owed, start=last_seq + 1)
        self.changes.extend({**about, "message_id": message_id, "seq": seq} for seq, message_id in places)

    def commit(self, connection: Connection, database: Database) -> None:
        """Write all of it."""
        self.send.insert(connection, database, self.outbox)
        for held in self.held:
            held["pause"] = self.send.pauses.get(held["key"], 0.0)
            held["frames"] = self.send.frames.get(held["key"], 0)
        for statement, rows in (
            (_held(database), self.held),
            (_COUNT_ONLY, self.counted),
            (_GIVE_BACK, [{"key": one} for one in self.given_back]),
            (_ADD_MESSAGE, self.messages),
            (_ADD_OWNERSHIP_CHANGE, self.ownership_changes),
            (_ADD_CHANGE, self.changes),
            (database.insert_new(relay), self.relays),
            (insert(attachment), self.copies),
        ):
            if rows:
                connection.execute(statement, rows)
        for file_id, message_id in self.files:
            unsent = attachment.c.id == file_id, attachment.c.message_id.is_(None)
            connection.execute(update(attachment).where(*unsent).values(message_id=message_id))
        for customer_id, contact in self.contacts:
            given = (("email", codec.cleaned(contact.email)), ("phone", codec.cleaned(contact.phone)))
            values = {key: value for key, value in given if value}
            if values:
                connection.execute(update(customer).where(customer.c.id == customer_id).values(values))
        keep_gaps(connection, database, self.gaps)
        keep_cases(connection, database, self.cases, self.now)
        move(connection, self.reordered, self.now)
        recall(connection, self.recalls, self.now)
        keep_follow_ups(connection, database, self.follow_ups, self.now)
        note_sent(connection, self.on_routes, self.now)
        take_back(connection, self.altered)
        for home in sorted(self.taken_over):
            withdraw_all(connection, home, self.now)

    def _audit(self, row: Row[Any], state: str, ownership_epoch: int, transition: Transition) -> None:
        self.ownership_changes.append(
            {
                "conversation_id": row.id,
                "ownership_epoch": ownership_epoch,
                "event": transition.event,
                "from_state": row.state,
                "to_state": state,
                "owner": codec.cleaned(transition.owner),
                "reason": codec.clean(transition.escalation.reason) if transition.escalation else None,
                "actor": codec.cleaned(transition.actor),
                "created_at": self.now,
            }
        )

    def _add_messages(self, row: Row[Any], messages: Sequence[NewMessage], ownership_epoch: int, state: str) -> None:
        for seq, new in enumerate(in_places(messages), start=row.last_seq + 1):
            if isinstance(new, str):
                self.reordered.append((new, row.id, seq))
            else:
                self._add_message(row, new, seq, ownership_epoch, state)

    def _add_message(self, row: Row[Any], new: NewMessage, seq: int, ownership_epoch: int, state: str) -> None:
        message_id, route = new_id(), codec.route_from(row.road)
        if changed := changed_message(new.meta):
            self.altered.append(changed)
        answers = new.customer_id or self.customers.get(row.id)
        meta = {**new.meta, "status": state, **({SENT_BY: route.key.channel} if route else {})}
        if codec.sharing(row.shared) is Sharing.ALWAYS and PRIVATELY not in meta:
            meta[SHARED] = True
        self.messages.append(
            {
                "id": message_id,
                "conversation_id": row.id,
                "seq": seq,
                "author": new.author,
                "author_name": codec.cleaned(new.author_name),
                "kind": new.kind,
                "text": codec.clean(new.text),
                "citations": codec.dump_citations(new.citations),
                "meta": codec.dump(meta),
                "turn_id": new.turn_id,
                "sent_at": self.now,
                "created_at": self.now,
                "customer_id": None if answers == row.customer_id else answers,
            }
        )
        if (
            new.relays is None and new.route is None and row.channel != DESK
        ):  # what staff are shown stays the customer's
            self.files.extend((file.id, message_id) for file in new.attachments)
        else:
            self.copies += [
                codec.attachment_row(file, new_id(), row.id, message_id, self.now) for file in new.attachments
            ]
        self.relays.extend(relay_rows(new, message_id, self.now))
        self._deliver(row, new, route, message_id, seq, ownership_epoch)
        if (
            row.id in self.customers and route is None and new.route is None
        ):  # said by the conversation's own turn, at home
            self.send.consider(self.outbox[-1], row, new, meta, self.messages[-1])

    def _deliver(
        self,
        row: Row[Any],
        new: NewMessage,
        route: ContactRoute | None,
        message_id: str,
        seq: int,
        ownership_epoch: int,
    ) -> None:
        """Where the customer is (``route``), and in their own place. What became of the first is what became of the message."""
        delivery = {
            "conversation_id": row.id,
            "message_id": message_id,
            "seq": seq,
            "author": new.author,
            "ownership_epoch": ownership_epoch,
            "status": DeliveryStatus.DUE,
            "delay": new.delay,
            "first_due_at": self.now,
            "attempts": 0,
            "parts_done": 0,
            "uncertain": False,
            "possible_duplicate": False,
        }
        key = f"{row.id}:{seq}"
        own = {"channel": row.channel, "account": row.account, "thread": None, "address": None}
        route = new.route or route
        if route is None:
            self.outbox.append({"id": new_id(), "dedupe": key, **own, **delivery})
            return
        there = {"channel": route.key.channel, "account": route.key.account, "thread": route.key.thread}
        self.outbox.append({"id": new_id(), "dedupe": key, **there, "address": route.address, **delivery})
        if new.route is None:
            self.on_routes.add((row.id, route))
            self.outbox.append({"id": new_id(), "dedupe": second_delivery_key(key), **own, **delivery})
