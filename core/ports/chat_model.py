"""A language model that speaks in a stream and may ask for tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete request by the model. ``arguments`` is the JSON text exactly as it came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One entry of the prompt. ``tool_call_id`` only for role tool; ``pictures``, JPEG, only for role user."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What the model is told of a tool; ``parameters`` is a JSON schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """JSON that an answer should be, as a JSON schema; ``instructions`` explain it to the model.

    It is a wish: an endpoint without structured output gets neither schema nor instructions, or ignores them and answers in text.
    """

    name: str
    schema: Mapping[str, Any]
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One model call. ``max_tokens`` bounds the answer.

    ``temperature`` and ``reasoning_effort`` are wishes: without them, and where it refuses them, the endpoint uses its own.
    """

    messages: Sequence[ChatMessage]
    tools: Sequence[ToolSpec] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning_effort: str | None = None
    answer_format: AnswerFormat | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a complete stream, with the tool calls that it asked for and the tokens it cost."""

    reason: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)


class ChatModel(Protocol):
    """``stream`` yields TextDelta and ends with exactly one Finished. Raises ModelError: refused, stalled, cut off, empty."""

    name: str

    def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]: ...
