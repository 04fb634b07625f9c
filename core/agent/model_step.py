"""One call of the language model: streamed through the gate, guarded against silence, ended properly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from core.agent.answer_parts import PartsReader
from core.agent.tokens import estimate, estimate_message
from core.agent.turn_journal import AssistantStep, step_id
from core.domain.errors import ModelError
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta

_CUT_AT_LENGTH = "length"


@dataclass(frozen=True, slots=True)
class ModelStep:
    """What the model said, and what the call cost in tokens (as reported, else estimated)."""

    step: AssistantStep
    tokens: int
    cut: bool


async def _guarded(stream: AsyncIterator[TextDelta | Finished], idle: float) -> AsyncIterator[TextDelta | Finished]:
    """The first item may take as long as the turn; after it, silence longer than ``idle`` is a failure."""
    patience: float | None = None
    while True:
        try:
            async with asyncio.timeout(patience):
                item = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ModelError("The model stalled in the middle of its answer.") from None
        patience = idle
        yield item


async def ask(model: ChatModel, request: ChatRequest, reader: PartsReader, number: int, idle: float) -> ModelStep:
    """Raises ModelError; the gate may have let sentences through by then."""
    stream = model.stream(request)
    pieces: list[str] = []
    end: Finished | None = None
    try:
        async for item in _guarded(stream, idle):
            match item:
                case TextDelta(text=text):
                    pieces.append(text)
                    await reader.feed(text)
                case Finished():
                    end = item
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    said = "".join(pieces)
    return _complete(request, said, end, number)


def _complete(request: ChatRequest, said: str, end: Finished | None, number: int) -> ModelStep:
    if end is None:
        raise ModelError("The model's stream ended without its end.")
    if end.reason == "content_filter":
        raise ModelError("The model's answer was withheld by a content filter.")
    if not said.strip() and not end.tool_calls:
        raise ModelError(f"The model answered nothing (finish reason {end.reason}).")
    calls = tuple(replace(call, id=step_id(number, place)) for place, call in enumerate(end.tool_calls))
    guessed = sum(map(estimate_message, request.messages)) + estimate(said)
    tokens = end.usage.get("total_tokens") or guessed
    return ModelStep(AssistantStep(said, calls), tokens, cut=end.reason == _CUT_AT_LENGTH)
