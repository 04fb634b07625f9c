"""Counts what a language model costs and how it fails, around any chat model, and keeps to the day's budget."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.agent.tokens import estimate, estimate_message
from core.domain.budget import Budget, current_spender
from core.domain.errors import ModelError, TokensUsedUp
from core.ports.budgets import Budgets
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta
from core.ports.metrics import Counter, Metrics

_DIRECTIONS = {"prompt_tokens": "in", "completion_tokens": "out"}


class MeasuredModel:
    """Implements core.ports.chat_model.ChatModel.

    ``tokens`` are spent by the customer of the turn, otherwise by the hub. A turn that was admitted is completed, so the budget
    may be overrun by the turns under way, each by its own bound (``AgentSettings.turn_tokens``). A model that reports no usage is
    counted by estimate.
    """

    def __init__(self, model: ChatModel, metrics: Metrics, budgets: Budgets, tokens: Budget) -> None:
        self.name = model.name
        self._model = model
        self._metrics = metrics
        self._budgets = budgets
        self._tokens = tokens

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream. Raises TokensUsedUp while the budget is used up."""
        spender = current_spender()
        if not spender.admitted and self._budgets.wait(self._tokens, spender) > 0:
            raise TokensUsedUp("The day's budget of model tokens is used up.")
        said: list[str] = []
        end: Finished | None = None
        try:
            async for piece in self._model.stream(request):
                if isinstance(piece, Finished):
                    end = piece
                    self._count(piece)
                else:
                    said.append(piece.text)
                yield piece
        except ModelError as error:
            self._metrics.count(Counter.MODEL_FAILURES, reason=error.code)
            raise
        finally:
            if said or end is not None:
                self._budgets.spend(self._tokens, spender, _cost(request, "".join(said), end))

    def _count(self, end: Finished) -> None:
        for name, direction in _DIRECTIONS.items():
            if end.usage.get(name):
                self._metrics.count(Counter.MODEL_TOKENS, end.usage[name], direction=direction)


def _cost(request: ChatRequest, said: str, end: Finished | None) -> int:
    usage = end.usage if end is not None else {}
    reported = usage.get("total_tokens") or sum(usage.get(name, 0) for name in _DIRECTIONS)
    return reported or sum(map(estimate_message, request.messages)) + estimate(said)
