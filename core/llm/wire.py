"""Our chat messages and tools in the shapes of the Chat Completions API."""

from __future__ import annotations

from typing import Any

from core.ports.chat_model import AnswerFormat, ChatMessage, ChatRequest, ToolSpec


def to_wire(message: ChatMessage) -> dict[str, Any]:
    """One entry of ``messages``."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id or "", "content": message.content}
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return wire


def tool_to_wire(tool: ToolSpec) -> dict[str, Any]:
    """One entry of ``tools``."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def format_to_wire(wanted: AnswerFormat) -> dict[str, Any]:
    """The value of ``response_format``."""
    return {
        "type": "json_schema",
        "json_schema": {"name": wanted.name, "strict": True, "schema": dict(wanted.schema)},
    }


def _instructed(messages: list[dict[str, Any]], instructions: str) -> list[dict[str, Any]]:
    """The messages with the instructions at the end of the first system message, or before all where there is none."""
    if not instructions:
        return messages
    if messages and messages[0]["role"] == "system":
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{instructions}"}, *messages[1:]]
    return [{"role": "system", "content": instructions}, *messages]


def body(request: ChatRequest, *, limit_field: str) -> dict[str, Any]:
    """What the request itself decides of a streamed completion call."""
    wire: dict[str, Any] = {
        "messages": [to_wire(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.answer_format is not None:
        wire["response_format"] = format_to_wire(request.answer_format)
        wire["messages"] = _instructed(wire["messages"], request.answer_format.instructions)
    if request.temperature is not None:
        wire["temperature"] = request.temperature
    if request.tools:
        wire["tools"] = [tool_to_wire(tool) for tool in request.tools]
        wire["parallel_tool_calls"] = True
    if request.max_tokens:
        wire[limit_field] = request.max_tokens
    return wire
