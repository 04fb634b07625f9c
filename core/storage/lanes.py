"""Which lanes cannot send because their credentials are refused. What waits for one of them does not grow old meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, case, func, select, update

from core.ports.store import Settlement
from core.storage.database import Database, OnDatabase, reads
from core.storage.tables import lane, outbox

_PATIENCE = 300.0
"""A lane that is paused tries one message every half minute. Where nobody did for this long, nobody has one to send."""


def _of_row(column: Any) -> ScalarSelect[Any]:
    """Of the lane that an outbox row waits for; NULL where it was never refused."""
    return (
        select(column)
        .where(lane.c.channel == outbox.c.channel, lane.c.account == outbox.c.account)
        .correlate(outbox)
        .scalar_subquery()
    )


def is_paused() -> ColumnElement[Any]:
    """Whether the last that was heard of the row's lane is that its credentials are refused."""
    return func.coalesce(_of_row(lane.c.paused), False).label("lane_paused")


def sendable_since() -> ColumnElement[float]:
    """Since when an outbox row could have been sent: as long as its lane was tried in vain, it could not."""
    tried = func.coalesce(_of_row(lane.c.tried_at), 0.0)
    return case((tried > outbox.c.first_due_at, tried), else_=outbox.c.first_due_at)


def note_lanes(connection: Connection, database: Database, settled: Iterable[tuple[Settlement, Any]]) -> None:
    """What these tries tell of their lanes. In the commit that settles them, so that no crash comes between."""
    heard = {(row.channel, row.account): item.authorised for item, row in settled if item.authorised is not None}
    now = database.now()
    for (channel, account), authorised in sorted(heard.items()):
        if authorised:
            connection.execute(
                update(lane)
                .where(lane.c.channel == channel, lane.c.account == account, lane.c.paused)
                .values(paused=False, tried_at=now)
            )
        else:
            refused = database.upsert(lane, ["channel", "account"], ["paused", "tried_at"])
            connection.execute(refused.values(channel=channel, account=account, paused=True, tried_at=now))


class SqlLanes(OnDatabase):
    """Lanes on a database."""

    @reads
    def lane_paused(self, connection: Connection, channel: str, account: str) -> bool:
        statement = select(lane.c.account).where(
            lane.c.channel == channel,
            lane.c.account == account,
            lane.c.paused,
            lane.c.tried_at > self.database.now() - _PATIENCE,
        )
        return connection.execute(statement).first() is not None
