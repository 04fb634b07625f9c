"""How often tools are called, and what reading ones answered a moment ago: shared by all turns of this process."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

from core.agent.evidence import parsed
from core.agent.tool_rules import Needs, parsed_rate
from core.agent.tools import Tool, ToolContext, ToolResult
from core.domain.budget import Budget, current_spender
from core.ports.budgets import Budgets, NoBudgets

NOT_VERIFIED = (
    "Not run: it is only for customers who have proved who they are, where nobody else reads the answer. This is not the case "
    "here. Tell them so, and offer a person."
)
_TOO_OFTEN = "Not run: it was used as often as it may be. Say that it can be tried again in {} minutes, and do not call it again."
_MOST_KEPT = 1_000
_LONGEST_KEPT = 20_000
_UNLIMITED = NoBudgets()


def has_evidence(tool: Tool, context: ToolContext) -> bool:
    """Whether it is proved well enough whom the call serves."""
    return tool.needs is Needs.ANYONE or context.holder.verified


class ToolUse:
    """Counts calls under ``budgets``. Keeps the newest results of tools with a cache; ``now`` in seconds."""

    def __init__(self, budgets: Budgets = _UNLIMITED, now: Callable[[], float] = monotonic) -> None:
        self._budgets = budgets
        self._now = now
        self._kept: OrderedDict[Hashable, tuple[float, str, ToolResult]] = OrderedDict()
        self.changes = 0

    def refusal(self, tool: Tool) -> str | None:
        """Why the customer of this turn must not call it now, for the model; otherwise the call is counted."""
        limits = []
        if tool.rate:
            most, seconds = parsed_rate(tool.rate)
            limits.append(Budget(f"tool-{tool.name}", most, 0, seconds))
        if tool.rate_in_all:
            most, seconds = parsed_rate(tool.rate_in_all)
            limits.append(Budget(f"tool-{tool.name}-in-all", 0, most, seconds))
        spender = current_spender()
        wait = max((self._budgets.wait(one, spender) for one in limits), default=0.0)
        if wait > 0:
            return _TOO_OFTEN.format(int(wait // 60) + 1)
        for one in limits:
            self._budgets.spend(one, spender)
        return None

    def recall(self, tool: Tool, context: ToolContext, arguments: str) -> ToolResult | None:
        """What the same call answered this customer in this conversation, as long as the tool's cache says."""
        if not tool.cache:
            return None
        until, _, result = self._kept.get(_key(tool, context, arguments), (0.0, "", None))
        return result if self._now() < until else None

    def keep(self, tool: Tool, context: ToolContext, arguments: str, result: ToolResult, changes: int) -> None:
        """Only with a cache. ``changes``: as it was before the call; whatever was changed since then may not be in the result."""
        if not tool.cache or changes != self.changes or len(result.content) > _LONGEST_KEPT:
            return
        self._kept[_key(tool, context, arguments)] = (self._now() + tool.cache, context.customer.id, result)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def changed(self, context: ToolContext) -> None:
        """A call that changes something has ended, in whatever way: what was looked up for this customer may be outdated."""
        self.changes += 1
        for key in [key for key, (_, whose, _) in self._kept.items() if whose == context.customer.id]:
            del self._kept[key]


def _key(tool: Tool, context: ToolContext, arguments: str) -> Hashable:
    values = json.dumps(parsed(arguments or "{}"), sort_keys=True)
    return tool.name, context.customer, context.conversation_id, context.private, context.locale, values
