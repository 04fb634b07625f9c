"""Puts a streamed completion together: text passes through, tool calls arrive in fragments and leave whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

from core.domain.errors import ModelError
from core.ports.chat_model import Finished, ToolCall


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Assembly:
    """One completion as it arrives. ``add`` gives the text of a chunk, ``finish`` the end, once there was one.

    ``opening``: the answer's first character that is not white space; empty while it has said nothing.
    """

    _calls: dict[int, _Call] = field(default_factory=dict)
    _usage: dict[str, int] = field(default_factory=dict)
    _reason: str | None = None
    _chunks: int = 0
    opening: str = ""

    def add(self, chunk: ChatCompletionChunk) -> str:
        """The text in this chunk, often empty. Raises ModelError when the endpoint withheld the answer."""
        self._chunks += 1
        if chunk.usage:
            self._usage = _count(chunk.usage)
        text = ""
        for choice in chunk.choices or ():
            if choice.finish_reason:
                self._reason = choice.finish_reason
            if choice.finish_reason == "content_filter":
                raise ModelError("The model's answer was withheld by a content filter.")
            delta = cast("ChoiceDelta | None", choice.delta)  # Azure's filter chunks have none
            if delta is not None:
                text += delta.content or delta.refusal or ""
                self._take_calls(delta.tool_calls or ())
        self.opening = self.opening or text.lstrip()[:1]
        return text

    def _take_calls(self, fragments: Iterable[ChoiceDeltaToolCall]) -> None:
        for fragment in fragments:
            # Some servers send whole calls without an index; a new id then starts a new call.
            place = cast("int | None", fragment.index)
            index = self._place_of(fragment.id) if place is None else place
            call = self._calls.setdefault(index, _Call())
            call.id = call.id or fragment.id or ""
            if fragment.function:
                call.name = call.name or fragment.function.name or ""
                call.arguments += fragment.function.arguments or ""

    def _place_of(self, call_id: str | None) -> int:
        known = next((index for index, call in self._calls.items() if call_id and call.id == call_id), None)
        if known is not None:
            return known
        return len(self._calls) if call_id or not self._calls else len(self._calls) - 1

    def finish(self) -> Finished:
        """The complete end. Raises ModelError when the stream was empty, cut off, or said nothing."""
        if not self._chunks:
            raise ModelError("The model's stream held nothing that could be read.")
        if self._reason is None:
            raise ModelError("The model's stream was cut off before its end.")
        calls = tuple(
            ToolCall(id=call.id or f"call_{index}", name=call.name, arguments=call.arguments or "{}")
            for index, call in sorted(self._calls.items())
        )
        if not calls and not self.opening:
            raise ModelError(f"The model answered nothing (finish reason {self._reason}).")
        return Finished(reason=self._reason, tool_calls=calls, usage=self._usage)


def _count(usage: CompletionUsage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens or 0,
        "completion_tokens": usage.completion_tokens or 0,
        "total_tokens": usage.total_tokens or 0,
    }
