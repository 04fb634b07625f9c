"""The real store, which tells a plan where it is. Its own methods do all the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event

from core.domain.capabilities import Pace
from core.ports.channel import Accepted
from core.ports.clock import Clock
from core.ports.journal import JournalEntry
from core.ports.lanes import ClaimedDeliveries, FinishedTurns, LaneOffer
from core.ports.store import Acceptable, Claim, Settlement, TurnOutcome, TurnState
from core.storage.database import Database
from core.storage.store import SqlStore
from tests.faults.points import Faults

Result = TypeVar("Result")

_operation: ContextVar[str] = ContextVar("operation", default="")
_NO_LIMIT = 4_294_967_294
_LANES = ("claim_deliveries", "append", "settle")
_IDLE = frozenset({"claim", "claim_deliveries"})
"""These run every half second and mostly find nothing; only a find counts."""


class FaultyStore(SqlStore):
    """Stops before, inside and after the transactions that a plan may name.

    ``limit``: while that file is there, SQLite's ``max_page_count`` keeps the database at its present size, so that any
    growth fails as it does on a full disk (SQLITE_FULL).
    """

    def __init__(self, url: str, clock: Clock, faults: Faults, limit: Path, **options: Any) -> None:
        super().__init__(url, clock, **options)
        self._faults = faults
        self._limit = limit
        _announce_inside(self.database, faults)

    async def open(self) -> None:
        await super().open()
        threads = self.database._threads
        if threads is not None:
            event.listen(threads._writing, "checkout", self._set_limit)

    def _set_limit(self, connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={1 if self._limit.exists() else _NO_LIMIT}").fetchall()

    async def accept(self, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        return await self._around("accept", lambda: super(FaultyStore, self).accept(items))

    async def claim(self, limit: int, lease: float, *, history: int) -> Sequence[TurnState]:
        return await self._around("claim", lambda: super(FaultyStore, self).claim(limit, lease, history=history))

    async def finish(self, outcomes: Sequence[TurnOutcome], lanes: Sequence[LaneOffer] = ()) -> FinishedTurns:
        """Where the plan is for what a lane does, the commit takes and sends nothing, so that there is something to do."""
        offered = () if any(map(self._faults.are_in, _LANES)) else lanes
        return await self._around("finish", lambda: super(FaultyStore, self).finish(outcomes, offered))

    async def claim_deliveries(
        self, channel: str, account: str, limit: int, lease: float, pace: Pace | None = None
    ) -> ClaimedDeliveries:
        return await self._around(
            "claim_deliveries", lambda: super(FaultyStore, self).claim_deliveries(channel, account, limit, lease, pace)
        )

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        return await self._around("settle", lambda: super(FaultyStore, self).settle(settlements))

    async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        """A tool's record is an operation of its own, such as ``refund_order-started``."""
        await self._around(
            f"{entry.name}-{entry.status}", lambda: super(FaultyStore, self).record(claim, turn_id, entry)
        )

    async def _append_batch(self, items: Sequence[Any]) -> Sequence[Sequence[int] | Exception]:
        return await self._around("append", lambda: super(FaultyStore, self)._append_batch(items))

    async def _around(self, operation: str, work: Callable[[], Awaitable[Result]]) -> Result:
        self._faults.reach(f"{operation}.before")
        token = _operation.set(operation)
        try:
            result = await work()
        finally:
            _operation.reset(token)
        if result or operation not in _IDLE:
            self._faults.reach(f"{operation}.after")
        return result


def _announce_inside(database: Database, faults: Faults) -> None:
    """Reach ``<operation>.written`` inside the transaction, when its rows are written and not committed."""
    write = database.write

    async def announcing(work: Callable[[Connection], Result]) -> Result:
        operation = _operation.get()

        def announced(connection: Connection) -> Result:
            result = work(connection)
            if operation and (result or operation not in _IDLE):
                faults.reach(f"{operation}.written")
            return result

        return await write(announced)

    database.write = announcing  # type: ignore[method-assign]
