"""Chat Completions: our messages and tools in its shapes, and a streamed completion put together from its chunks."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from core.domain.errors import AnswerUnusable, ModelError
from core.ports.chat_model import ChatMessage, ChatRequest, Finished, ToolCall

_LONGEST_EVENT = 1024 * 1024
"""Bytes."""
OPTIONS: Final = ("temperature", "reasoning_effort")
"""Of a request: what some models refuse, and can be left out."""
_MOST_TOKENS = 1_000_000_000
"""Of one call. Endpoints that report more, or less than none, are wrong."""
_BROKEN_OFF = frozenset({"error", "abort", "insufficient_system_resource"})
"""Ends of an answer that is not whole: of OpenRouter and Mistral, of vLLM and SGLang, of DeepSeek."""
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class EventReader:
    """Reads server-sent events block by block. ``ended``: ``[DONE]`` was read; nothing behind it counts."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._data = ""
        self.ended = False

    def feed(self, block: bytes) -> list[Any]:
        """The JSON of each event that this block completes. Raises ValueError for what is no JSON, or tells of an error."""
        self._pieces.append(block)
        self._size += len(block)
        if self._size > _LONGEST_EVENT:
            raise ValueError("The event is too long.")
        if b"\n" not in block:
            return []
        *lines, rest = b"".join(self._pieces).split(b"\n")
        self._pieces = [rest]
        chunks = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data += line[5:].decode().strip()
            elif self._data and not line.strip():
                if self._data.startswith("[DONE]"):
                    self.ended = True
                    break
                chunk, self._data = json.loads(self._data), ""
                if chunk.get("error"):
                    raise ValueError("The stream tells of an error.")
                chunks.append(chunk)
        self._size = len(rest) + len(self._data)
        return chunks

    def finish(self) -> list[Any]:
        """The event that stands before the end of the stream without an empty line behind it; none where it was cut off."""
        last = b"".join(self._pieces)
        data = self._data + (last[5:].decode(errors="replace").strip() if last.startswith(b"data:") else "")
        with suppress(ValueError):
            return [json.loads(data)]
        return []


def error_code(said: str) -> str | None:
    """What a refusal's body calls the error, in ``error.code`` or ``code``."""
    try:
        told = json.loads(said)
        code = told.get("error", told).get("code")
    except (ValueError, AttributeError, RecursionError):
        return None
    return str(code) if code else None


def _plain(content: Any) -> str:
    """A delta's text. Some servers send parts; those that are no text are the model's thoughts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content or ""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Assembly:
    """One completion as it arrives: text passes through, tool calls arrive in fragments and leave whole.

    ``add`` gives the text of a chunk, ``finish`` the end, once there was one.
    ``opening``: the answer's first character that is not white space; empty while it has said nothing.
    """

    _calls: dict[int, _Call] = field(default_factory=dict)
    _usage: dict[str, int] = field(default_factory=dict)
    _reason: str | None = None
    _chunks: int = 0
    opening: str = ""

    def add(self, chunk: Mapping[str, Any]) -> str:
        """The text in this chunk, often empty. Raises ModelError when the endpoint withheld the answer.

        A chunk in another shape than Chat Completions raises AttributeError or TypeError.
        """
        self._chunks += 1
        if usage := chunk.get("usage"):
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else 0
            found = {name: usage.get(name) for name in _COUNTS} | {"cached_tokens": cached}
            self._usage = {
                name: max(0, min(count, _MOST_TOKENS)) if isinstance(count, int) else 0 for name, count in found.items()
            }
        text = ""
        for choice in chunk.get("choices") or ():
            self._reason = choice.get("finish_reason") or self._reason
            if self._reason == "content_filter":
                raise AnswerUnusable("The model's answer was withheld by a content filter.")
            if delta := choice.get("delta"):  # Azure's filter chunks have none
                text += _plain(delta.get("content")) or delta.get("refusal") or ""
                self._take_calls(delta.get("tool_calls") or ())
        self.opening = self.opening or text.lstrip()[:1]
        return text

    def _take_calls(self, fragments: Iterable[Mapping[str, Any]]) -> None:
        for fragment in fragments:
            # Some servers send whole calls without an index, or each with index 0; a new id and name then start a new call.
            call_id, place, function = fragment.get("id") or "", fragment.get("index"), fragment.get("function") or {}
            held = None if place is None else self._calls.get(place)
            another = call_id and function.get("name") and held is not None and held.id not in ("", call_id)
            index = self._place_of(call_id) if place is None or another else place
            call = self._calls.setdefault(index, _Call())
            call.id = call.id or call_id
            call.name = call.name or function.get("name") or ""
            call.arguments += function.get("arguments") or ""

    def _place_of(self, call_id: str) -> int:
        known = next((index for index, call in self._calls.items() if call_id and call.id == call_id), None)
        if known is not None:
            return known
        return len(self._calls) if call_id or not self._calls else len(self._calls) - 1

    def finish(self) -> Finished:
        """The complete end. Raises ModelError when the stream was empty, cut off, or said nothing."""
        if not self._chunks:
            raise ModelError("The model's stream held nothing that could be read.")
        if self._reason is None or self._reason in _BROKEN_OFF:
            raise ModelError(f"The model's stream was cut off before its end ({self._reason or 'no finish reason'}).")
        calls = tuple(
            ToolCall(id=call.id or f"call_{index}", name=call.name, arguments=call.arguments or "{}")
            for index, call in sorted(self._calls.items())
        )
        if not calls and not self.opening:
            raise AnswerUnusable(f"The model answered nothing (finish reason {self._reason}).")
        reason = "length" if self._reason == "model_length" else self._reason
        return Finished(reason=reason, tool_calls=calls, usage=self._usage)


def to_wire(message: ChatMessage) -> dict[str, Any]:
    """One entry of ``messages``."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id or "", "content": message.content}
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        urls = (f"data:image/jpeg;base64,{b64encode(picture).decode()}" for picture in message.pictures)
        shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        wire["content"] = [{"type": "text", "text": message.content}, *shown]
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return wire


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
    if (form := request.answer_format) is not None:
        schema = {"name": form.name, "strict": True, "schema": dict(form.schema)}
        wire["response_format"] = {"type": "json_schema", "json_schema": schema}
        wire["messages"] = _instructed(wire["messages"], form.instructions)
    for option in OPTIONS:
        if (wanted := getattr(request, option)) is not None:
            wire[option] = wanted
    if request.tools:
        named = (
            {"name": one.name, "description": one.description, "parameters": dict(one.parameters)}
            for one in request.tools
        )
        wire["tools"] = [{"type": "function", "function": one} for one in named]
    if request.max_tokens:
        wire[limit_field] = request.max_tokens
    return wire
