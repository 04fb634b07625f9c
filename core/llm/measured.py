"""Counts what a language model costs and how it fails, around any chat model, and keeps to the day's budgets."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.agent.tokens import estimate, estimate_message
from core.domain.budget import Spender, current_spender
from core.domain.errors import AnswerUnusable, ModelError, RequestRefused
from core.domain.model_use import UseCount
from core.llm.spending import ModelSpending, reported_use
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta
from core.ports.metrics import Counter, Metrics

_DIRECTIONS = {"prompt_tokens": "in", "completion_tokens": "out"}


class MeasuredModel:
    """Implements core.ports.chat_model.ChatModel.

    Tokens and cost are spent by the customer of the turn, otherwise by the hub. A turn that was admitted is completed, so a
    budget may be overrun by the turns under way, each by its own bound (``AgentSettings.turn_tokens``). A model that reports no
    usage is counted by estimate, and so is an answer that was given up or held nothing. ``priced_as``: the name under which its
    price stands; ``task``: what it is called for.
    """

    def __init__(
        self, model: ChatModel, metrics: Metrics, spending: ModelSpending, task: str, priced_as: str | None = None
    ) -> None:
        self.name = model.name
        self._model = model
        self._metrics = metrics
        self._spending = spending
        self._task = task
        self._priced_as = priced_as or model.name

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream. Raises TokensUsedUp while a budget is used up."""
        spender = current_spender()
        self._spending.require_room(spender)
        said: list[str] = []
        end: Finished | None = None
        was_answered = True
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
            was_answered = isinstance(error, AnswerUnusable) and not isinstance(error, RequestRefused)
            raise
        finally:
            if said or end is not None or was_answered:
                self._spend(spender, request, "".join(said), end)

    def _count(self, end: Finished) -> None:
        for name, direction in _DIRECTIONS.items():
            if end.usage.get(name):
                self._metrics.count(Counter.MODEL_TOKENS, end.usage[name], direction=direction)

    def _spend(self, spender: Spender, request: ChatRequest, said: str, end: Finished | None) -> None:
        usage = end.usage if end is not None else {}
        used = reported_use(usage)
        tokens = usage.get("total_tokens") or used.input_tokens + used.output_tokens
        if not used.input_tokens:
            calls = end.tool_calls if end is not None else ()
            written = estimate(said) + sum(estimate(call.name) + estimate(call.arguments) for call in calls)
            asked = sum(map(estimate_message, request.messages))
            used = UseCount(estimated_calls=1, input_tokens=asked, output_tokens=used.output_tokens or written)
        tokens = tokens or used.input_tokens + used.output_tokens
        self._spending.count(spender, self._priced_as, self._task, used, tokens)
