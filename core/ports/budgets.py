"""Ports for counting and limiting what spenders use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.domain.budget import Budget, Spender
from core.domain.model_use import UseCount, UseKey


class Budgets(Protocol):
    """Counts what spenders use. Methods never block or fail: they use what this process knows."""

    def wait(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        """Seconds until there may be room for ``amount``; 0 when there is room now."""

    def spend(self, budget: Budget, spender: Spender, amount: int = 1) -> None:
        """Count what was used, whether there was room or not."""

    def take(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        """Spend when there is room. Returns what ``wait`` returns; above 0 nothing was spent."""

    def count_use(self, spender: Spender, model: str, task: str, count: UseCount) -> None:
        """Count calls of a model for the day's report. They limit nothing."""


class NoBudgets:
    """Grants everything, for commands and tests without limits."""

    def wait(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        return 0.0

    def spend(self, budget: Budget, spender: Spender, amount: int = 1) -> None:
        """Forget it."""

    take = wait

    def count_use(self, spender: Spender, model: str, task: str, count: UseCount) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """``amount`` used in the window that ends at ``until`` (seconds since 1970)."""

    until: float
    amount: int


class BudgetRecords(Protocol):
    """What was spent, in the database, by key. All raise StoreUnavailable."""

    async def add_spent(self, spent: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Add to what stands there; what all processes have spent of these keys now. A later window replaces an earlier one."""

    async def spent_since(self, now: float, limit: int) -> Mapping[str, Spent]:
        """What was spent in windows that have not ended, the largest amounts first."""

    async def add_model_use(self, used: Mapping[UseKey, UseCount]) -> None:
        """Add to what stands there under these keys."""

    async def forget_spent(self, before: float) -> int:
        """Remove windows that ended before. Returns how many."""
