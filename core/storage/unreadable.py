"""Conversations whose rows cannot be read, perhaps because a newer version wrote them: kept aside, counted, tried again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from core.storage import codec
from core.storage.tables import conversation

log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 3_600.0
_MARK = "unreadable"
_TIMES = re.compile(rf"{_MARK} \((\d{{1,9}})\): ")

HOW_MANY: Select[int] = (
    select(func.count())
    .select_from(conversation)
    .where(conversation.c.done_seq < conversation.c.last_seq, conversation.c.last_error.like(f"{_MARK} (%"))
)
"""Customers who wait for an answer that no worker of this version can give. A finished turn takes the mark away."""


def set_aside(
    connection: Connection, now: ColumnElement[float] | float, rows: Sequence[Row[Any]], broken: Mapping[str, str]
) -> None:
    """Give back the claims of ``broken`` (reasons by id). Each time one cannot be read it waits twice as long, up to an hour.

    How often that was stands in the reason and not among the attempts: those count what a turn did wrong.
    """
    for row in sorted((row for row in rows if row.id in broken), key=lambda row: str(row.id)):
        times = _times(row.last_error) + 1
        log.error("conversation.unreadable", conversation=row.id, times=times, error=broken[row.id])
        reason = f"{_MARK} ({times}): {broken[row.id]}"
        connection.execute(
            update(conversation)
            .where(conversation.c.id == row.id)
            .values(lease_until=None, ready_at=now + pause(times), last_error=codec.clean(reason)[:1000])
        )


def pause(times: int) -> float:
    """Seconds until the next try."""
    return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(times - 1, 10)))


def _times(reason: str | None) -> int:
    found = _TIMES.match(reason or "")
    return int(found[1]) if found else 0
