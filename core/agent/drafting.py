"""Implements core.ports.learning over a language model: it may leave something out, and must not add anything."""

from __future__ import annotations

import json

from core.agent.exact_parts import adds_to
from core.agent.prompting import system_prompt
from core.agent.whole_answer import SparedModel, read_object
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock
from core.ports.learning import Draft

_GAP = "[…]"


class ModelDrafter:
    """``seconds``: see SparedModel. Other timers wait for the one that asks for it."""

    def __init__(self, model: ChatModel, clock: Clock, company: str, *, seconds: float = 8.0) -> None:
        self._model = SparedModel(model, clock, "draft", seconds=seconds)
        self._company = company

    async def draft(self, question: str, answer: str) -> Draft | None:
        given = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
        prompt = (system_prompt(self._company, "draft"), ChatMessage("user", given))
        said = await self._model.ask(ChatRequest(prompt))
        return None if said is None else _checked(said, question, answer)


def _checked(said: str, question: str, answer: str) -> Draft | None:
    """Nothing is in it that was not said: neither an amount nor a link."""
    found = read_object(said)
    draft = Draft(str(found.get("question", "")).strip(), str(found.get("answer", "")).strip())
    whole = f"{draft.question} {draft.answer}"
    made_up = _GAP in whole or adds_to(f"{question} {answer}", whole)
    return None if made_up or not draft.question or not draft.answer else draft
