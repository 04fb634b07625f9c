"""What calls of models may use and cost in a day: looked at before a call, counted after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor

from core.domain.budget import Budget, Spender
from core.domain.errors import TokensUsedUp
from core.domain.model_use import ModelPrices, UseCount
from core.ports.budgets import Budgets
from core.ports.metrics import Counter, Metrics, NoMetrics

COST_UNITS = 10_000
"""Of the budget of cost in one unit of the currency. Budgets are counted in whole numbers."""
_MOST_TOKENS = 1_000_000_000
"""Of one call. Endpoints that report more are wrong."""


@dataclass(slots=True, eq=False)
class ModelSpending:
    """Limits and counts the calls of every model. ``cost``: a budget in COST_UNITS; None limits tokens alone.

    Fractions of a unit are carried to the next call.
    """

    budgets: Budgets
    tokens: Budget
    cost: Budget | None = None
    prices: ModelPrices = field(default_factory=ModelPrices)
    metrics: Metrics = field(default_factory=NoMetrics)
    _carried: float = field(default=0.0, init=False)

    def wait(self, spender: Spender) -> float:
        """Seconds until this spender may call a model again; 0 when it may now."""
        waits = [self.budgets.wait(one, spender) for one in (self.tokens, self.cost) if one is not None]
        return max(waits)

    def require_room(self, spender: Spender) -> None:
        """Raise TokensUsedUp while a budget is used up, unless the turn began before."""
        if not spender.admitted and self.wait(spender) > 0:
            raise TokensUsedUp("The day's budget of model tokens or cost is used up.")

    def count(self, spender: Spender, model: str, task: str, count: UseCount, tokens: int) -> None:
        """Spend ``tokens`` and what ``count`` costs, and note it for the report."""
        price = self.prices.find(model)
        count = replace(count, calls=1, cost=price.cost(count) if price is not None else 0.0)
        self.budgets.spend(self.tokens, spender, tokens)
        if count.cost:
            self.metrics.count(Counter.MODEL_COST, count.cost, task=task)
        if self.cost is not None and count.cost:
            owed = self._carried + count.cost * COST_UNITS
            self._carried = owed - floor(owed)
            self.budgets.spend(self.cost, spender, floor(owed))
        self.budgets.count_use(spender, model, task, count)


def reported_use(usage: Mapping[str, int]) -> UseCount:
    """The tokens that an endpoint reported; none of them where it reported nothing."""
    names = ("prompt_tokens", "cached_tokens", "completion_tokens")
    asked, cached, answered = (max(0, min(usage.get(name, 0), _MOST_TOKENS)) for name in names)
    return UseCount(input_tokens=asked, cached_tokens=cached, output_tokens=answered)
