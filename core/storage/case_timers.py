"""Setting and clearing timers inside the commit that causes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, literal
from sqlalchemy.types import Double

from core.domain.case import Case
from core.domain.timers import TimerKind
from core.ports.outcomes import CaseRecord, ClearTimers, CloseCase, SetTimer
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database
from core.storage.desk_tables import desk_timer
from core.storage.ids import new_id
from core.storage.written_since import WRITTEN_SINCE

_CHANGED = ["conversation_id", "stage", "token", "detail", "set_at", "due_at", "attempts"]
_OF_CASE = delete(desk_timer).where(desk_timer.c.case_id == bindparam("of_case"))
_CLEAR_ALL = _OF_CASE.where(desk_timer.c.kind != TimerKind.FOLLOW_UP)
_CLEAR = _OF_CASE.where(among(desk_timer.c.kind, "kinds"))


def keep_timers(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """In the order of the records; case by case, so that two commits take their rows in the same order."""
    found = [one for one in records if isinstance(one, SetTimer | ClearTimers | CloseCase)]
    for record in sorted(found, key=lambda one: one.case_id):
        if isinstance(record, SetTimer):
            _set(connection, database, record, now)
        elif isinstance(record, ClearTimers):
            _clear(connection, database, record, now)
        else:
            connection.execute(_CLEAR_ALL, {"of_case": record.case_id})


def _clear(connection: Connection, database: Database, record: ClearTimers, now: float) -> None:
    """Under the lock of the customer's conversation: whoever writes later sets a timer by the turn that shows it."""
    connection.execute(_CLEAR, {"of_case": record.case_id, "kinds": [str(kind) for kind in record.kinds]})
    if record.read_until is None or record.instead is None:
        return
    wanted = {"home": Case.home(record.case_id), "since": record.read_until.timestamp()}
    since = connection.scalar(WRITTEN_SINCE, wanted)
    if since is not None:
        _set(connection, database, replace(record.instead, detail=str(since)), now)


def _set(connection: Connection, database: Database, record: SetTimer, now: float) -> None:
    """By the database's clock: the process that sets it need not be the one that sees it come due."""
    key = ["case_id", "kind"]
    insert = database.insert_new(desk_timer) if record.keep else database.upsert(desk_timer, key, _CHANGED)
    row = {
        "case_id": record.case_id,
        "kind": str(record.kind),
        "conversation_id": Case.home(record.case_id),
        "stage": record.stage,
        "token": new_id(),
        "detail": codec.cleaned(record.detail),
        "set_at": now,
        "due_at": database.now() + literal(record.after, Double),
        "attempts": 0,
    }
    connection.execute(insert.values(row))
