"""Forgets what is old: finds it by walking along the primary key, which needs no index of its own and takes no lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, and_, cast, delete, or_, select, tuple_, update

from core.domain.conversation import OwnershipState
from core.domain.delivery import DeliveryStatus
from core.domain.learning import LearningState
from core.ports.retention import Expiring, Page, Place
from core.storage.database import OnDatabase
from core.storage.delivered import came_alone
from core.storage.desk_tables import contact_route, contacted, follow_up, gap, gap_cluster, learned_answer
from core.storage.memories import forget_stale
from core.storage.tables import conversation, inbound_event, model_use, outbox, tool_journal, widget_event


@dataclass(frozen=True, slots=True)
class _Rule:
    """When a row of ``table`` is past its time, and which column is emptied then; without one, the row goes."""

    table: Table
    expired: Callable[[float], ColumnElement[bool]]
    emptied: str | None = None

    @property
    def key(self) -> Sequence[Any]:
        return tuple(self.table.primary_key.columns)


def _turn_ended(table: Table) -> ColumnElement[bool]:
    """Turns are named by the place after which they answer; one that was not finished yet is its conversation's next."""
    columns = conversation.c
    unfinished = columns.id + ":" + cast(columns.done_seq + 1, String)
    return ~(
        select(columns.id)
        .where(columns.id == table.c.conversation_id, table.c.turn_id == unfinished)
        .correlate(table)
        .exists()
    )


def _frame(before: float) -> ColumnElement[bool]:
    """A frame with a message is what the customer was told, one with a ``dedupe`` must not be written again: they stay."""
    columns = widget_event.c
    return and_(
        or_(columns.provisional, columns.kind == "discard"),
        columns.message_id.is_(None),
        columns.dedupe.is_(None),
        columns.created_at < before,
        _turn_ended(widget_event),
    )


def _delivery(before: float) -> ColumnElement[bool]:
    """Only what arrived: that a message was withheld, or is dead, is told by its row, and keeps it out of histories.

    What arrived on the page is kept for as long as it did not arrive by the route: it is what keeps the message in them.
    """
    return and_(outbox.c.status == DeliveryStatus.SENT, outbox.c.settled_at < before, ~came_alone())


def _lesson(before: float) -> ColumnElement[bool]:
    """What nobody has decided about yet waits for somebody, however long."""
    columns = learned_answer.c
    over = columns.state.in_((LearningState.DISCARDED, LearningState.WITHDRAWN))
    return and_(over, columns.decided_at < before)


def _gap_cluster(before: float) -> ColumnElement[bool]:
    """One that somebody has closed lately still says how, though its questions are gone."""
    columns = gap_cluster.c
    asked = select(gap.c.message_id).where(gap.c.cluster_id == columns.id).correlate(gap_cluster).exists()
    recent = and_(columns.closed_at.is_not(None), columns.closed_at >= before)
    return and_(columns.created_at < before, ~recent, ~asked)


def _route(before: float) -> ColumnElement[bool]:
    """By which nothing went for so long; what people have is answered by it still."""
    with_people = select(conversation.c.id).where(
        conversation.c.id == contact_route.c.conversation_id,
        conversation.c.state.in_((OwnershipState.QUEUED, OwnershipState.STAFF)),
        conversation.c.ended_at.is_(None),
    )
    return and_(contact_route.c.sent_at < before, ~with_people.correlate(contact_route).exists())


def _follow_up(before: float) -> ColumnElement[bool]:
    """Of a conversation that goes on it says what was seen and sent, without which all of it would be sent again."""
    over = select(conversation.c.id).where(
        conversation.c.id == follow_up.c.conversation_id, conversation.c.ended_at < before
    )
    return over.correlate(follow_up).exists()


_RULES: Mapping[Expiring, _Rule] = {
    Expiring.RAW_EVENTS: _Rule(
        inbound_event,
        lambda before: inbound_event.c.raw.is_not(None) & (inbound_event.c.received_at < before),
        emptied="raw",
    ),
    Expiring.FRAMES: _Rule(widget_event, _frame),
    Expiring.TOOL_CALLS: _Rule(
        tool_journal, lambda before: (tool_journal.c.created_at < before) & _turn_ended(tool_journal)
    ),
    Expiring.DELIVERIES: _Rule(outbox, _delivery),
    Expiring.LESSONS: _Rule(learned_answer, _lesson),
    Expiring.ROADS: _Rule(contact_route, _route),
    # Never while it counts that an address did not answer: whoever has it would be written to again.
    Expiring.CONTACTED: _Rule(contacted, lambda before: contacted.c.sent_at < before),
    Expiring.FOLLOW_UPS: _Rule(follow_up, _follow_up),
    Expiring.GAPS: _Rule(gap, lambda before: gap.c.created_at < before),
    Expiring.GAP_CLUSTERS: _Rule(gap_cluster, _gap_cluster),
    Expiring.MODEL_USE: _Rule(model_use, lambda before: model_use.c.day < before),
    Expiring.SUMMARIES: _Rule(
        conversation,
        lambda before: conversation.c.summary.is_not(None) & (conversation.c.ready_at < before),
        emptied="summary",
    ),
}


class SqlRetention(OnDatabase):
    """Retention on a database."""

    async def remove_expired(self, what: Expiring, older_than: float, *, after: Place | None, limit: int) -> Page:
        """Look at the next ``limit`` rows behind ``after`` and remove what ended more than ``older_than`` seconds ago.

        Looking takes no lock, and each page is a transaction of its own: killed in between, the next run does the rest.
        Raises StoreUnavailable.
        """
        if what is Expiring.FACTS:  # of one row some may go and some stay
            return await forget_stale(self.database, older_than, after, limit)
        rule = _RULES[what]
        expired = rule.expired(self.database.timestamp() - older_than)
        rows = await self.database.read(lambda connection: _look(connection, rule, expired, after, limit))
        keys = [tuple(row)[:-1] for row in rows if row.expired]
        removed = 0
        if keys:
            removed = await self.database.write(
                lambda connection: _remove(connection, rule, expired, keys[0], keys[-1])
            )
        return Page(removed, tuple(rows[-1])[:-1] if len(rows) == limit else None)


def _look(
    connection: Connection, rule: _Rule, expired: ColumnElement[bool], after: Place | None, limit: int
) -> Sequence[Any]:
    statement = select(*rule.key, expired.label("expired")).order_by(*rule.key).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(*rule.key) > tuple_(*after))
    return connection.execute(statement).all()


def _remove(connection: Connection, rule: _Rule, expired: ColumnElement[bool], first: Place, last: Place) -> int:
    """What is past its time from ``first`` to ``last``: since it was looked at, another process may have been here.

    A range, because SQLite looks through the entire table for a list of keys that have two columns.
    """
    key = tuple_(*rule.key)
    which = key >= tuple_(*first), key <= tuple_(*last), expired
    if rule.emptied is None:
        return connection.execute(delete(rule.table).where(*which)).rowcount
    return connection.execute(update(rule.table).where(*which).values({rule.emptied: None})).rowcount
