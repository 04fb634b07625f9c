"""Counts what is spent of each budget: at once in memory, a second later in the database for all processes.

No message waits for it. Each process adds what it has spent about once a second, in one statement, and the same statement
answers what all processes have spent of these keys. So a process learns what others spent of a key within a second of spending
from it itself, and until then grants from what it knew: with N processes, N times a limit is the most that a window can see.
With one process a limit is exact. A process that is killed forgets what it spent in its last second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from core.domain.budget import Budget, Spender, group_total, strangers_total
from core.domain.errors import StoreUnavailable
from core.domain.model_use import UseCount, UseKey
from core.end_tasks import end_tasks
from core.ports.budgets import BudgetRecords, Spent
from core.ports.clock import Clock
from core.ports.metrics import Counter, Metrics, NoMetrics

_PREFIX = "budget"
_MOST_READ = 10_000
"""Keys that are read at the start, the largest amounts first; others are read when they are next spent from."""
_KEEP = 3_600.0
_LARGEST = 1_000_000_000
_DAY = 86_400
_MOST_USES = 10_000
"""Unwritten counts of use. Beyond them, while the database is away, use is counted without customer and conversation."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Window:
    """Amounts spent in one window. ``written``: known to the database; ``unwritten``: not yet.

    ``announced``: the limit of which operators were told that it is reached.
    """

    until: float
    kept: bool
    written: int = 0
    unwritten: int = 0
    announced: int = 0

    @property
    def spent(self) -> int:
        return self.written + self.unwritten


class BudgetLedger:
    """Implements core.ports.budgets.Budgets. Without ``records`` nothing is kept.

    Call ``start`` before the first request; it returns when the amounts that were spent before are known.
    """

    def __init__(
        self,
        clock: Clock,
        records: BudgetRecords | None = None,
        metrics: Metrics | None = None,
        *,
        every: float = 1.0,
    ) -> None:
        self._clock = clock
        self._records = records
        self._metrics = metrics or NoMetrics()
        self._every = every
        self._windows: dict[str, _Window] = {}
        self._uses: dict[UseKey, UseCount] = {}
        self._purged_at = 0.0
        self._purge_above = 1024
        self._loop: asyncio.Task[None] | None = None
        self._read = records is None
        self._failing = False

    async def start(self) -> None:
        """Read what was spent and start writing. While the database is away, nothing counts as spent."""
        if self._records is not None:
            await self.write()
            self._loop = asyncio.create_task(self._keep_writing(), name="budgets")

    async def stop(self) -> None:
        """Stop writing, after a last write."""
        loop, self._loop = self._loop, None
        if loop is not None:
            await end_tasks(loop)
            await self.write()

    def wait(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        now = self._clock.now().timestamp()
        for key, limit in _limits(budget, spender):
            window = self._windows.get(key)
            spent = window.spent if window is not None and window.until > now else 0
            if 0 < limit < spent + amount:
                if window is not None and budget.announced and window.announced < limit:
                    window.announced = limit
                    self._announce(budget, key)
                return budget.window_end(now) - now
        return 0.0

    def spend(self, budget: Budget, spender: Spender, amount: int = 1) -> None:
        now = self._clock.now().timestamp()
        for key, limit in _limits(budget, spender):
            if limit <= 0:
                continue
            window = self._windows.get(key)
            if window is None or window.until <= now:
                window = self._windows[key] = _Window(budget.window_end(now), budget.kept)
            window.unwritten = min(_LARGEST, window.unwritten + amount)
        if len(self._windows) > self._purge_above:
            self._purge(now)

    def take(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        wait = self.wait(budget, spender, amount)
        if wait <= 0:
            self.spend(budget, spender, amount)
        return wait

    def _announce(self, budget: Budget, key: str) -> None:
        whose = key.removeprefix(f"{_PREFIX}:{budget.name}").lstrip(":") or "all"
        log.warning("budget.used_up", budget=budget.name, whose=whose)
        self._metrics.count(Counter.BUDGETS_USED_UP, budget=budget.name, whose="one" if whose != "all" else "all")

    def count_use(self, spender: Spender, model: str, task: str, count: UseCount) -> None:
        if self._records is None:
            return
        day = self._clock.now().timestamp() // _DAY * _DAY
        key = UseKey(day, spender.customer_id, spender.conversation_id, model, task)
        if len(self._uses) >= _MOST_USES and key not in self._uses:
            key = UseKey(day, "", "", model, task)
        self._uses[key] = self._uses.get(key, UseCount()) + count

    async def write(self) -> None:
        """Add unwritten amounts to the database and read the totals. While it is away, they are kept for the next call."""
        records = self._records
        if records is None:
            return
        try:
            await self._exchange(records)
            await self._write_uses(records)
        except StoreUnavailable as error:
            if not self._failing:
                log.warning("budgets.not_written", error=error.detail)
            self._failing = True
        else:
            self._failing = False

    async def _exchange(self, records: BudgetRecords) -> None:
        now = self._clock.now().timestamp()
        if not self._read:
            self._learn(await records.spent_since(now, _MOST_READ))
            self._read = True
        owed = {key: one for key, one in self._windows.items() if one.kept and one.unwritten}
        if not owed:
            return
        sent = {key: Spent(one.until, one.unwritten) for key, one in owed.items()}
        totals = await records.add_spent(sent)
        for key, window in owed.items():
            window.unwritten -= sent[key].amount
            window.written += sent[key].amount
        self._learn(totals)
        if now - self._purged_at > _KEEP:
            await records.forget_spent(now - _KEEP)
            self._purged_at = now

    async def _write_uses(self, records: BudgetRecords) -> None:
        used = dict(self._uses)
        if used:
            await records.add_model_use(used)
        for key, count in used.items():
            left = self._uses.pop(key) - count
            if left.calls:
                self._uses[key] = left

    def _learn(self, totals: Mapping[str, Spent]) -> None:
        for key, spent in totals.items():
            window = self._windows.get(key)
            if window is None or window.until < spent.until:
                self._windows[key] = _Window(spent.until, kept=True, written=spent.amount)
            elif window.until == spent.until:
                window.written = spent.amount

    def _purge(self, now: float) -> None:
        self._windows = {
            key: one for key, one in self._windows.items() if one.until > now or (one.kept and one.unwritten)
        }
        self._purge_above = max(1024, 2 * len(self._windows))

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.write()
            except Exception:
                log.exception("budgets.failed")


def _limits(budget: Budget, spender: Spender) -> Iterator[tuple[str, int]]:
    """The keys under which a spender is counted, each with its limit."""
    if spender.key:
        yield f"{_PREFIX}:{budget.name}:{spender.key}", budget.share
    if spender.group and not spender.known:
        yield f"{_PREFIX}:{budget.name}:{spender.group}", group_total(budget)
    total = budget.total if spender.known else strangers_total(budget.total)
    yield f"{_PREFIX}:{budget.name}", total
