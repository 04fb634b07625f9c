"""Puts a question to a model as JSON, and reads the JSON object it answers with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from core.agent.prompting import system_prompt
from core.agent.whole_answer import SparedModel
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock

_ANSWER_TOKENS = 3_000
"""A dozen verdicts are 150 tokens; the rest is for models that think first."""


class ModelCheck:
    """``seconds`` and ``rest``: see SparedModel; the customer waits for the answer.

    ``new_id`` names what is asked about as no text that is read can know it, so that none can hold an answer that fits.
    """

    prompt: ClassVar[str]

    def __init__(
        self,
        model: ChatModel,
        clock: Clock,
        *,
        seconds: float = 6.0,
        rest: float = 60.0,
        new_id: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._model = SparedModel(model, clock, f"check by {self.prompt}.txt", seconds=seconds, rest=rest)
        self._new_id = new_id

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON, so that no text can end where it does not. Empty where the model fails."""
        shown = ChatMessage("user", json.dumps(question, ensure_ascii=False, separators=(",", ":")))
        request = ChatRequest((system_prompt("", self.prompt), shown), max_tokens=_ANSWER_TOKENS)
        return read_object(await self._model.ask(request) or "")


def read_object(answer: str) -> dict[str, Any]:
    """The JSON object of an answer, in a code fence or between sentences; empty where there is none."""
    try:
        found: Any = json.loads(answer[answer.find("{") : answer.rfind("}") + 1])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
