"""One call of the language model: streamed through the gate, ended properly or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.agent.answer_parts import PartsReader
from core.agent.tokens import estimate, estimate_message
from core.agent.turn_journal import AssistantStep, step_id
from core.agent.whole_answer import read_stream
from core.domain.errors import ModelError
from core.ports.chat_model import ChatModel, ChatRequest, Finished

_CUT_AT_LENGTH = "length"


@dataclass(frozen=True, slots=True)
class ModelStep:
    """What the model said, and what the call cost in tokens (as reported, else estimated)."""

    step: AssistantStep
    tokens: int
    cut: bool


async def ask(model: ChatModel, request: ChatRequest, reader: PartsReader, number: int) -> ModelStep:
    """Raises ModelError; the gate may have let sentences through by then."""
    said, end = await read_stream(model, request, reader.feed)
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
