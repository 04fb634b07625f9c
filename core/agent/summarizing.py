"""Implements core.ports.desk over a language model. A line counts only with the message that it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.agent.exact_parts import adds_to
from core.agent.prompting import system_prompt
from core.agent.tokens import trim
from core.agent.whole_answer import SparedModel
from core.domain.messages import Author, Message
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock
from core.ports.desk import Point

_LINE = re.compile(r"\W*(asked|tried|last)\W*\[(\d+)\]\W*\s(.+)", re.IGNORECASE)
_WHOSE = {"asked": Author.CUSTOMER, "tried": Author.AGENT, "last": Author.CUSTOMER}
_MOST = 30
_TOKENS = 300
_LONGEST = 280
_ANSWER = 400


class ModelSummarizer:
    """``seconds``: see SparedModel. Somebody waits for it."""

    def __init__(self, model: ChatModel, clock: Clock, company: str, *, seconds: float = 6.0) -> None:
        self._model = SparedModel(model, clock, "summary", seconds=seconds)
        self._company = company

    async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
        shown = [one for one in said if one.deleted_at is None and one.text.strip()][-_MOST:]
        if not shown:
            return {}
        lines = [f"[{number}] {one.author}: {trim(one.text, _TOKENS)}" for number, one in enumerate(shown, start=1)]
        rules = system_prompt(self._company, "summary").content.replace("{language}", language)
        request = ChatRequest((ChatMessage("system", rules), ChatMessage("user", "\n".join(lines))), max_tokens=_ANSWER)
        answer = await self._model.ask(request)
        return {} if answer is None else _points(answer, shown)


def _points(answer: str, shown: Sequence[Message]) -> Mapping[str, Point]:
    """Without lines that rest on nothing, on somebody else's words, or name a number or a link that nobody has named."""
    everything = "\n".join(trim(one.text, _TOKENS) for one in shown)
    found: dict[str, Point] = {}
    for line in answer.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None or not 1 <= int(match[2]) <= len(shown):
            continue
        kind, message, text = match[1].lower(), shown[int(match[2]) - 1], " ".join(match[3].split())
        if message.author is _WHOSE[kind] and not adds_to(everything, text):
            found.setdefault(kind, Point(text[:_LONGEST], message.id))
    return found
