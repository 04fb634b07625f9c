"""Claiming conversations, and committing what a turn decided, under the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Executable,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    or_,
    select,
    update,
)

from core.domain.conversation import OwnershipEvent
from core.ports.lanes import FinishedTurns, LaneOffer
from core.ports.store import MANY_ATTEMPTS, Claim, CrossConversationWrite, Finished, TurnOutcome, TurnState
from core.storage import codec
from core.storage.among import among
from core.storage.cases import agent_speaks, lock_waiting
from core.storage.contact_routes import FollowUpSnapshot
from core.storage.conversation_inserts import make_feeds
from core.storage.database import Database, OnDatabase, writes
from core.storage.tables import conversation
from core.storage.taken_deliveries import TakenDeliveries
from core.storage.turn_states import has_files, has_journal, load_turns
from core.storage.turn_writes import Writes, must_wait
from core.storage.unreadable import set_aside

_LONGEST_PAUSE = 30


class SqlTurns(OnDatabase):
    """Turns on a database."""

    remembers = True
    """Whether turns are told what is remembered of their customers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._claim = _claim(database)
        self._extend = (
            update(conversation)
            .where(among(conversation.c.id, "ids"), conversation.c.lease_until.is_not(None))
            .values(lease_until=database.now() + bindparam("lease", type_=Double))
            .returning(conversation.c.id)
        )

    @writes
    def claim(self, connection: Connection, limit: int, lease: float, *, history: int) -> Sequence[TurnState]:
        rows = connection.execute(self._claim, {"most": limit, "lease": lease}).all()
        if not rows:
            return []
        states, broken = load_turns(connection, sorted(rows, key=lambda row: float(row.ready_at)), history)
        set_aside(connection, self.database.now(), rows, broken)
        return states if self.remembers else [_without_memory(one) for one in states]

    @writes
    def extend(self, connection: Connection, claims: Sequence[Claim], lease: float) -> frozenset[str]:
        wanted = {claim.conversation_id: claim.epoch for claim in claims}
        rows = lock_conversations(connection, list(wanted)).values()
        held = [row.id for row in rows if row.epoch == wanted[row.id]]
        return frozenset(connection.scalars(self._extend, {"ids": held, "lease": lease})) if held else frozenset()

    @writes
    def finish(
        self, connection: Connection, outcomes: Sequence[TurnOutcome], lanes: Sequence[LaneOffer] = ()
    ) -> FinishedTurns:
        cross_writes = [cross_write for outcome in outcomes for cross_write in outcome.cross_writes]
        current = lock_homes(connection, self.database, cross_writes, [one.claim.conversation_id for one in outcomes])
        waiting = must_wait(cross_writes)
        claimed = [cross_write.conversation.conversation_id for cross_write in cross_writes if _claims(cross_write)]
        writes = Writes(
            self.database.timestamp(),
            waiting=lock_waiting(connection, waiting),
            agent_sending=agent_speaks(connection, self.database, claimed),
            send=TakenDeliveries(lanes),
        )
        results = [_finish_one(writes, current, outcome) for outcome in outcomes]
        writes.commit(connection, self.database)
        send = writes.send
        left = len(writes.outbox) > len(send.granted) + len(send.logged) or bool(waiting or writes.taken_over)
        return FinishedTurns(results, send.granted, logged=send.logged, waiting=left)

    @writes
    def postpone(self, connection: Connection, claim: Claim, *, delay: float, error: str, counts: bool = True) -> bool:
        columns = conversation.c
        statement = (
            update(conversation)
            .where(columns.id == claim.conversation_id, columns.epoch == claim.epoch, columns.lease_until.is_not(None))
            .values(
                lease_until=None,
                ready_at=self.database.now() + delay,
                attempts=columns.attempts + int(counts),
                last_error=codec.clean(error)[:1000],
            )
            .returning(columns.id)
        )
        return connection.execute(statement).first() is not None

    @writes
    def release(self, connection: Connection, claims: Sequence[Claim]) -> None:
        held = conversation.c.id == bindparam("key"), conversation.c.epoch == bindparam("held_epoch")
        rows = [{"key": one.conversation_id, "held_epoch": one.epoch} for one in claims]
        ordered = sorted(rows, key=itemgetter("key"))
        if ordered:
            connection.execute(update(conversation).where(*held).values(lease_until=None), ordered)


def _without_memory(state: TurnState) -> TurnState:
    customer, home = replace(state.customer, facts=()), replace(state.conversation, summary=None)
    return replace(state, customer=customer, conversation=home)


def _claim(database: Database) -> Executable:
    columns, now = conversation.c, database.now()
    lost = columns.lease_until.is_not(None)
    tries = columns.attempts + case((lost, 1), else_=0)
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
            attempts=tries,
            # Set now: a worker that dies sets nothing. The end of the turn clears it (turn_writes).
            ready_at=case((and_(lost, tries >= MANY_ATTEMPTS), now + _pause(tries)), else_=columns.ready_at),
        )
        .returning(*columns, has_files(), has_journal())
    )


def _pause(losses: ColumnElement[int]) -> ColumnElement[int]:
    """Seconds until a conversation over which so many workers died in a row is claimed again.

    Each loss doubles it, up to half a minute and no more: the workers may have died of something else, and a person waits.
    """
    doubled = [(losses == number, 2**number) for number in range(MANY_ATTEMPTS, _LONGEST_PAUSE.bit_length())]
    return case(*doubled, else_=_LONGEST_PAUSE)


_LOCK = select(conversation).where(among(conversation.c.id, "ids")).order_by(conversation.c.id).with_for_update()


def lock_conversations(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    return {row.id: row for row in connection.execute(_LOCK, {"ids": sorted(set(ids))})}


def lock_homes(
    connection: Connection, database: Database, cross_writes: Sequence[CrossConversationWrite], ids: Sequence[str] = ()
) -> dict[str, Row[Any]]:
    """Lock the conversations ``ids`` and those of ``cross_writes``, of which feeds are made where they are not there yet."""
    make_feeds(connection, database, [one.conversation for one in cross_writes if one.ownership_epoch is None])
    return lock_conversations(connection, [*ids, *(one.conversation.conversation_id for one in cross_writes)])


def _claims(cross_write: CrossConversationWrite) -> bool:
    """Whether a person takes the conversation with it."""
    return cross_write.transition is not None and cross_write.transition.event is OwnershipEvent.CLAIM


def _finish_one(writes: Writes, current: Mapping[str, Row[Any]], outcome: TurnOutcome) -> Finished:
    """Add one outcome to the batch. A row that the batch has written to stands in ``current`` as it was before."""
    row = current.get(outcome.claim.conversation_id)
    # The fence has moved, or the claim was given back: finished, postponed and released rows have no lease.
    if row is None or row.epoch != outcome.claim.epoch or row.lease_until is None or row.id in writes.ended:
        return Finished(held=False)
    writes.ended.add(row.id)  # a claim ends with what it finishes: the same one again holds nothing
    grown = outcome.outdated_beyond is not None and row.last_seq > outcome.outdated_beyond
    if grown or row.id in writes.touched or any(is_outdated(writes, current, one) for one in outcome.cross_writes):
        writes.given_back.append(row.id)
        return Finished(held=True, pending=True, outdated=True)
    writes.outcome(row, outcome)
    writes.cross_writes(current, outcome.cross_writes)
    return Finished(held=True, pending=bool(outcome.owes_files_of) or row.last_seq > outcome.handled_seq)


def is_outdated(
    writes: Writes,
    current: Mapping[str, Row[Any]],
    cross_write: CrossConversationWrite,
    known: FollowUpSnapshot | None = None,
) -> bool:
    """``known``: what a follow-up was decided on."""
    row = current.get(cross_write.conversation.conversation_id)
    if row is None or row.id in writes.touched or (_claims(cross_write) and row.id in writes.agent_sending):
        return True
    if known is not None and cross_write.follow_up and known.is_outdated(row, cross_write.follow_up):
        return True
    moved = cross_write.ownership_epoch not in (None, row.ownership_epoch)
    grown = cross_write.last_seq not in (None, row.last_seq)
    return moved or grown or any(one not in writes.waiting for one in must_wait([cross_write]))
