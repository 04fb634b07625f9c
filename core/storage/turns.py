"""Claiming conversations, and committing what a turn decided, under the fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Double, Executable, Integer, Row, bindparam, case, insert, or_, select, update

from core.domain.conversation import Conversation, next_state
from core.domain.customer import ContactDetails
from core.domain.delivery import DeliveryStatus
from core.domain.errors import InvalidInput
from core.ports.store import Claim, Finished, NewMessage, Transition, TurnOutcome, TurnState
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database
from core.storage.ids import new_id
from core.storage.tables import attachment, conversation, customer, message, outbox, ownership_change
from core.storage.turn_states import load_turns
from core.storage.unreadable import set_aside
from core.storage.withdrawals import withdraw_all


@dataclass
class _Writes:
    """Rows of one commit."""

    now: float
    conversations: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[tuple[str, ContactDetails]] = field(default_factory=list)


class SqlTurns:
    """Turns on a database."""

    def __init__(self, database: Database) -> None:
        self._turns_db = database
        self._claim = _claim(database)
        self._extend = (
            update(conversation)
            .where(among(conversation.c.id, "ids"), conversation.c.lease_until.is_not(None))
            .values(lease_until=database.now() + bindparam("lease", type_=Double))
            .returning(conversation.c.id)
        )

    async def claim(self, limit: int, lease: float, *, history: int) -> Sequence[TurnState]:
        """See Turns.claim."""

        def work(connection: Connection) -> Sequence[TurnState]:
            rows = connection.execute(self._claim, {"most": limit, "lease": lease}).all()
            if not rows:
                return []
            states, broken = load_turns(connection, sorted(rows, key=lambda row: float(row.ready_at)), history)
            set_aside(connection, self._turns_db.now(), rows, broken)
            return states

        return await self._turns_db.write(work)

    async def extend(self, claims: Sequence[Claim], lease: float) -> frozenset[str]:
        """See Turns.extend."""
        if not claims:
            return frozenset()
        wanted = {claim.conversation_id: claim.epoch for claim in claims}

        def work(connection: Connection) -> frozenset[str]:
            held = [row.id for row in _lock(connection, list(wanted)).values() if row.epoch == wanted[row.id]]
            if not held:
                return frozenset()
            return frozenset(connection.scalars(self._extend, {"ids": held, "lease": lease}))

        return await self._turns_db.write(work)

    async def finish(self, outcomes: Sequence[TurnOutcome]) -> Sequence[Finished]:
        """See Turns.finish."""
        return await self._turns_db.write(lambda connection: self._finish(connection, outcomes))

    def _finish(self, connection: Connection, outcomes: Sequence[TurnOutcome]) -> Sequence[Finished]:
        current = _lock(connection, [outcome.claim.conversation_id for outcome in outcomes])
        writes = _Writes(self._turns_db.timestamp())
        results: list[Finished] = []
        for outcome in outcomes:
            row = current.get(outcome.claim.conversation_id)
            if row is None or not _holds(row, outcome.claim):
                results.append(Finished(held=False))
                continue
            del current[row.id]  # a claim ends with what it finishes: the same one again holds nothing
            _finish_one(writes, row, outcome)
            results.append(Finished(held=True, pending=row.last_seq > outcome.handled_seq))
        self._commit(connection, writes)
        return results

    def _commit(self, connection: Connection, writes: _Writes) -> None:
        if writes.conversations:
            connection.execute(_UPDATE_CONVERSATION, writes.conversations)
        for statement, rows in (
            (_ADD_MESSAGE, writes.messages),
            (_ADD_DELIVERY, writes.outbox),
            (_ADD_CHANGE, writes.changes),
        ):
            if rows:
                connection.execute(statement, rows)
        for file_id, message_id in writes.files:
            unsent = attachment.c.id == file_id, attachment.c.message_id.is_(None)
            connection.execute(update(attachment).where(*unsent).values(message_id=message_id))
        for customer_id, contact in writes.contacts:
            given = (("email", codec.cleaned(contact.email)), ("phone", codec.cleaned(contact.phone)))
            values = {key: value for key, value in given if value}
            if values:
                connection.execute(update(customer).where(customer.c.id == customer_id).values(values))

    async def postpone(self, claim: Claim, *, delay: float, error: str, counts: bool = True) -> bool:
        """See Turns.postpone."""
        columns = conversation.c
        statement = (
            update(conversation)
            .where(columns.id == claim.conversation_id, columns.epoch == claim.epoch, columns.lease_until.is_not(None))
            .values(
                lease_until=None,
                ready_at=self._turns_db.now() + delay,
                attempts=columns.attempts + int(counts),
                last_error=codec.clean(error)[:1000],
            )
            .returning(columns.id)
        )

        def work(connection: Connection) -> bool:
            return (connection.execute(statement)).first() is not None

        return await self._turns_db.write(work)

    async def release(self, claims: Sequence[Claim]) -> None:
        """See Turns.release."""
        columns = conversation.c
        statement = (
            update(conversation)
            .where(columns.id == bindparam("key"), columns.epoch == bindparam("held_epoch"))
            .values(lease_until=None)
        )
        if claims:
            ordered = sorted(claims, key=lambda claim: claim.conversation_id)

            def work(connection: Connection) -> None:
                connection.execute(
                    statement, [{"key": claim.conversation_id, "held_epoch": claim.epoch} for claim in ordered]
                )

            await self._turns_db.write(work)

    async def transition(
        self, conversation_id: str, transition: Transition, messages: Sequence[NewMessage] = ()
    ) -> Conversation:
        """See Turns.transition."""

        def work(connection: Connection) -> Conversation:
            row = (_lock(connection, [conversation_id])).get(conversation_id)
            if row is None:
                raise InvalidInput(f"There is no conversation {conversation_id}.")
            writes = _Writes(self._turns_db.timestamp())
            _change(writes, row, messages, transition, done_seq=None)
            self._commit(connection, writes)
            withdraw_all(connection, conversation_id, writes.now)
            fresh = connection.execute(select(conversation).where(conversation.c.id == conversation_id))
            return codec.conversation_from(fresh.one())

        return await self._turns_db.write(work)


def _claim(database: Database) -> Executable:
    columns, now = conversation.c, database.now()
    due = (
        select(columns.id)
        .where(
            columns.done_seq < columns.last_seq,
            columns.ready_at <= now,
            or_(columns.lease_until.is_(None), columns.lease_until <= now),
        )
        .order_by(columns.ready_at)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(conversation)
        .where(columns.id.in_(select(due.c.id)))
        .values(
            epoch=columns.epoch + 1,
            lease_until=now + bindparam("lease", type_=Double),
            # A lease that ran out is a worker that died over this conversation, perhaps because of it.
            attempts=columns.attempts + case((columns.lease_until.is_not(None), 1), else_=0),
        )
        .returning(*columns)
    )


_ADD_MESSAGE, _ADD_DELIVERY, _ADD_CHANGE = insert(message), insert(outbox), insert(ownership_change)
_LOCK = select(conversation).where(among(conversation.c.id, "ids")).order_by(conversation.c.id).with_for_update()
_UPDATE_CONVERSATION = (
    update(conversation)
    .where(conversation.c.id == bindparam("key"))
    .values(
        epoch=bindparam("new_epoch"),
        ownership_epoch=bindparam("new_ownership_epoch"),
        state=bindparam("new_state"),
        owner=bindparam("new_owner"),
        escalation_reason=bindparam("new_reason"),
        last_seq=bindparam("new_last_seq"),
        done_seq=bindparam("new_done_seq"),
        lease_until=None,
        attempts=0,
        last_error=None,
    )
)


def _holds(row: Row[Any], claim: Claim) -> bool:
    """The fence has not moved, and the claim was not given back: finished, postponed and released rows have no lease."""
    return bool(row.epoch == claim.epoch and row.lease_until is not None)


def _lock(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    return {row.id: row for row in connection.execute(_LOCK, {"ids": sorted(set(ids))})}


def _finish_one(writes: _Writes, row: Row[Any], outcome: TurnOutcome) -> None:
    _change(writes, row, outcome.messages, outcome.transition, done_seq=outcome.handled_seq)
    if outcome.contact:
        writes.contacts.append((row.customer_id, outcome.contact))


def _change(
    writes: _Writes,
    row: Row[Any],
    messages: Sequence[NewMessage],
    transition: Transition | None,
    *,
    done_seq: int | None,
) -> None:
    """Add to ``writes`` what one locked conversation becomes: its counters, owner, messages and outbox rows."""
    state, owner, ownership_epoch, epoch = row.state, row.owner, row.ownership_epoch, row.epoch
    reason = row.escalation_reason
    if transition is not None:
        state = next_state(codec.conversation_from(row).state, transition.event)
        owner, ownership_epoch, epoch = codec.cleaned(transition.owner), ownership_epoch + 1, epoch + 1
        reason = codec.clean(transition.escalation.reason) if transition.escalation else reason
        writes.changes.append(_audit(writes, row, state, ownership_epoch, transition))
    handled = row.done_seq if done_seq is None else max(done_seq, row.done_seq)
    last_seq = row.last_seq + len(messages)
    writes.conversations.append(
        {
            "key": row.id,
            "new_epoch": epoch,
            "new_ownership_epoch": ownership_epoch,
            "new_state": state,
            "new_owner": owner,
            "new_reason": reason,
            "new_last_seq": last_seq,
            "new_done_seq": last_seq if handled >= row.last_seq else handled,
        }
    )
    for offset, new in enumerate(messages, start=1):
        _say(writes, row, new, row.last_seq + offset, ownership_epoch, str(state))


def _audit(writes: _Writes, row: Row[Any], state: str, ownership_epoch: int, transition: Transition) -> dict[str, Any]:
    return {
        "conversation_id": row.id,
        "ownership_epoch": ownership_epoch,
        "event": transition.event,
        "from_state": row.state,
        "to_state": state,
        "owner": codec.cleaned(transition.owner),
        "reason": codec.clean(transition.escalation.reason) if transition.escalation else None,
        "created_at": writes.now,
    }


def _say(writes: _Writes, row: Row[Any], new: NewMessage, seq: int, ownership_epoch: int, state: str) -> None:
    message_id = new_id()
    writes.messages.append(
        {
            "id": message_id,
            "conversation_id": row.id,
            "seq": seq,
            "author": new.author,
            "author_name": codec.cleaned(new.author_name),
            "kind": new.kind,
            "text": codec.clean(new.text),
            "citations": codec.dump_citations(new.citations),
            "meta": codec.dump({**new.meta, "status": state}),
            "turn_id": new.turn_id,
            "sent_at": writes.now,
            "created_at": writes.now,
        }
    )
    writes.files.extend((file.id, message_id) for file in new.attachments)
    writes.outbox.append(
        {
            "id": new_id(),
            "conversation_id": row.id,
            "message_id": message_id,
            "seq": seq,
            "channel": row.channel,
            "account": row.account,
            "author": new.author,
            "ownership_epoch": ownership_epoch,
            "dedupe": f"{row.id}:{seq}",
            "status": DeliveryStatus.DUE,
            "due_at": 0.0,
            "first_due_at": writes.now,
            "attempts": 0,
            "parts_done": 0,
            "uncertain": False,
            "possible_duplicate": False,
        }
    )
