"""Timers that come due: claimed by one process at a time, finished under the locks of the conversations they speak in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Double, Executable, Integer, Row, bindparam, case, delete, select, tuple_, update

from core.domain.case import Case
from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import Finished, SetTimer
from core.ports.timers import DueTimer, TimerDecision
from core.storage import codec
from core.storage.cases import keep_timers, lock_waiting
from core.storage.contact_routes import FollowUpSnapshot
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.desk_tables import desk_timer
from core.storage.ids import new_id
from core.storage.turn_writes import Writes, must_wait
from core.storage.turns import is_outdated, lock_homes

_MOST_LEASES = 60
_KNOWN = desk_timer.c.kind.in_([str(kind) for kind in TimerKind])
"""Kinds of a later version are left to processes that know them."""
_HELD = (
    desk_timer.c.case_id == bindparam("of_case"),
    desk_timer.c.kind == bindparam("of_kind"),
    desk_timer.c.token == bindparam("held_token"),
)
_LOCK = select(desk_timer.c.case_id).where(*_HELD).with_for_update()
_END = delete(desk_timer).where(*_HELD)


class SqlTimers(OnDatabase):
    """Timers on a database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._timers_due = _due(database)
        self._timers_at_once = update(desk_timer).where(*_HELD).values(due_at=database.now(), attempts=0)

    @writes
    def due_timers(self, connection: Connection, limit: int, lease: float) -> Sequence[DueTimer]:
        given = {"most": limit, "lease": lease, "by": new_id()}
        rows = connection.execute(self._timers_due, given).all()
        return [DueTimer(_timer(row), row.token) for row in sorted(rows, key=lambda row: float(row.set_at))]

    @writes
    def set_timer(self, connection: Connection, record: SetTimer) -> None:
        now = self.database.timestamp()
        keep_timers(connection, self.database, [record], now)

    @reads
    def timers(self, connection: Connection, case_id: str) -> Sequence[Timer]:
        statement = select(desk_timer).where(desk_timer.c.case_id == case_id, _KNOWN).order_by(desk_timer.c.kind)
        return [_timer(row) for row in connection.execute(statement)]

    @writes
    def finish_timer(self, connection: Connection, due: DueTimer, decision: TimerDecision) -> Finished:
        """Conversations first, then the timer's row: as every commit that sets or clears timers."""
        timer, cross_writes = due.timer, decision.cross_writes
        current = lock_homes(connection, self.database, cross_writes, [Case.home(timer.case_id)])
        held = {"of_case": timer.case_id, "of_kind": str(timer.kind), "held_token": due.token}
        if connection.execute(_LOCK, held).first() is None:
            return Finished(held=False)
        writes = Writes(self.database.timestamp(), waiting=lock_waiting(connection, must_wait(cross_writes)))
        known = FollowUpSnapshot(connection, self.database, cross_writes)
        if any(is_outdated(writes, current, one, known) for one in cross_writes):
            connection.execute(self._timers_at_once, held)
            return Finished(held=True, pending=True, outdated=True)
        connection.execute(_END, held)
        writes.cross_writes(current, cross_writes)
        writes.cases.extend(decision.cases)
        writes.commit(connection, self.database)
        return Finished(held=True)


def _due(database: Database) -> Executable:
    """A new token shuts out a process that died or stood still over it; later each time, so that no timer is a mill."""
    columns, now = desk_timer.c, database.now()
    ready = (
        select(columns.case_id, columns.kind)
        .where(columns.due_at <= now, _KNOWN)
        .order_by(columns.due_at)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("ready")
    )
    tries = case((columns.attempts < _MOST_LEASES, columns.attempts + 1), else_=_MOST_LEASES)
    return (
        update(desk_timer)
        .where(tuple_(columns.case_id, columns.kind).in_(select(ready.c.case_id, ready.c.kind)))
        .values(
            token=bindparam("by"),
            attempts=columns.attempts + 1,
            due_at=now + bindparam("lease", type_=Double) * tries,
        )
        .returning(*columns)
    )


def _timer(row: Row[Any]) -> Timer:
    set_at, due_at = codec.when(row.set_at), codec.when(row.due_at)
    return codec.from_row(Timer, row, kind=TimerKind(row.kind), set_at=set_at, due_at=due_at)
