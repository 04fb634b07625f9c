"""Keeps personal data from the endpoint of a model: placeholders go there, and what it answers holds the true values again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from core.domain.personal_data import Placeholders, unfinished_placeholder
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest, Finished, TextDelta, ToolCall

_LONG = 20_000
"""Characters of a request that are searched in a thread."""
_NOTE = (
    "Personal data is replaced by placeholders in square brackets, with a kind (email, phone, iban, card, ip, id) and a number. "
    "Each stands for one value that you cannot see. Where the value belongs, in an answer or in a tool's arguments, copy its "
    "placeholder to the letter. Never make one up, and do not speak of placeholders."
)


class MaskedModel:
    """Implements ChatModel around another one.

    All texts of a request are masked together, in their order, so that a value has the same placeholder in all of them, and in
    the next request of the turn, which begins like this one. Whoever reads the answer, its quotes of sources and its tool calls
    sees true values.
    """

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream. The beginning of a placeholder is held back until it is whole."""
        if sum(len(one.content) for one in request.messages) > _LONG:
            masked, placeholders = await asyncio.to_thread(_masked, request)
        else:
            masked, placeholders = _masked(request)
        held = ""
        async for piece in self._model.stream(masked):
            if isinstance(piece, TextDelta):
                held += piece.text
                whole = unfinished_placeholder(held)
                ready, held = held[:whole], held[whole:]
            else:
                ready, held = held, ""
            if ready and (text := placeholders.restore(ready)):
                yield TextDelta(text)
            if isinstance(piece, Finished):
                calls = (replace(one, arguments=placeholders.restore(one.arguments)) for one in piece.tool_calls)
                yield replace(piece, tool_calls=tuple(calls))


def _masked(request: ChatRequest) -> tuple[ChatRequest, Placeholders]:
    """The request with placeholders, and with a note about them where there are any."""
    calls = (call.arguments for one in request.messages for call in one.tool_calls)
    placeholders = Placeholders(*(one.content for one in request.messages), *calls)
    messages: Sequence[ChatMessage] = [_masked_message(one, placeholders) for one in request.messages]
    if list(messages) == list(request.messages):
        return request, placeholders
    if messages[0].role == "system":
        first = replace(messages[0], content=f"{messages[0].content}\n\n{_NOTE}")
        return replace(request, messages=[first, *messages[1:]]), placeholders
    return replace(request, messages=[ChatMessage("system", _NOTE), *messages]), placeholders


def _masked_message(message: ChatMessage, placeholders: Placeholders) -> ChatMessage:
    content = placeholders.mask(message.content)
    calls = tuple(ToolCall(one.id, one.name, placeholders.mask(one.arguments)) for one in message.tool_calls)
    return replace(message, content=content, tool_calls=calls)
