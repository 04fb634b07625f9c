"""Ends sessions of processes that stand still in the middle of a transaction, so that nobody waits for their row locks.

A process that is killed loses its connections and with them its locks. One that is frozen, or whose machine is gone, keeps
them. PostgreSQL's ``idle_in_transaction_session_timeout`` sees only sessions between two statements; a driver that prepares
a statement leaves them inside one, where before PostgreSQL 17 (``transaction_timeout``) no time-out reaches them. So every
living process looks after the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.end_tasks import end_tasks

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

APPLICATION = "switchboard"

_END_STALLED = text(
    """
    SELECT pid, pg_terminate_backend(pid) AS ended
    FROM pg_stat_activity
    WHERE application_name = :application AND datname = current_database() AND usename = current_user
      AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
      AND wait_event IN ('ClientRead', 'ClientWrite')
      AND state_change < clock_timestamp() - make_interval(secs => :stall)
    """
)

log = structlog.get_logger(__name__)


class StalledSessions:
    """``stall``: seconds that a transaction may wait for its process; looked at four times in that while.

    ``engine`` is this object's own: the connections of others may all be waiting for the very locks that are to be freed.
    """

    def __init__(self, engine: AsyncEngine, stall: float) -> None:
        self._engine = engine
        self._stall = stall
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        await end_tasks(self._task)
        self._task = None
        await self._engine.dispose()

    async def end_stalled(self) -> int:
        """How many were ended."""
        async with self._engine.connect() as connection:
            found = await connection.execute(_END_STALLED, {"application": APPLICATION, "stall": self._stall})
            ended = [row.pid for row in found if row.ended]
        if ended:
            log.warning("database.stalled_sessions_ended", sessions=ended)
        return len(ended)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._stall / 4)
            try:
                await self.end_stalled()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.debug("database.stalled_sessions_unknown", error=str(error))
