"""Counts what a language model costs and how it fails, around any chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.domain.errors import ModelError
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta
from core.ports.metrics import Counter, Metrics

_DIRECTIONS = {"prompt_tokens": "in", "completion_tokens": "out"}


class MeasuredModel:
    """Implements core.ports.chat_model.ChatModel."""

    def __init__(self, model: ChatModel, metrics: Metrics) -> None:
        self.name = model.name
        self._model = model
        self._metrics = metrics

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream."""
        try:
            async for piece in self._model.stream(request):
                if isinstance(piece, Finished):
                    self._count(piece)
                yield piece
        except ModelError as error:
            self._metrics.count(Counter.MODEL_FAILURES, reason=error.code)
            raise

    def _count(self, end: Finished) -> None:
        for name, direction in _DIRECTIONS.items():
            if end.usage.get(name):
                self._metrics.count(Counter.MODEL_TOKENS, end.usage[name], direction=direction)
