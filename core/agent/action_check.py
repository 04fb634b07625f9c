"""Asks a model one question about a tool call: does the customer ask for it, in their own words?"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.agent.own_words import is_own, unquoted
from core.agent.prompting import system_prompt
from core.agent.tokens import trim
from core.agent.tools import RunsWhen, Tool
from core.agent.whole_answer import SparedModel
from core.domain.messages import Author
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest, ToolCall
from core.ports.clock import Clock
from core.ports.store import TurnState

_MESSAGES = 8
_MESSAGE_TOKENS = 200
_ARGUMENT_TOKENS = 400
_ANSWER_TOKENS = 2_000
"""The verdict is ten tokens; the rest is for models that think first."""
_QUESTIONS = {
    RunsWhen.CUSTOMER_ASKS: "Does the customer ask for this action with these details, or say yes to it?",
    RunsWhen.CUSTOMER_NEEDS: "Does what the customer writes ask for this action, or give reason for it?",
}


@dataclass(frozen=True, slots=True)
class Action:
    """A call that waits for consent, and the conversation in which the customer may have given it."""

    turn: TurnState
    tool: Tool
    call: ToolCall


class ActionCheck(Protocol):
    """Whether the customer asks for an action. None where that cannot be found out; raises nothing."""

    async def is_asked_for(self, action: Action) -> bool | None: ...


class ModelActionCheck:
    """Implements ActionCheck. ``seconds`` and ``rest``: see SparedModel.

    ``new_id`` names the answer as no text of the conversation can know it.
    """

    def __init__(
        self,
        model: ChatModel,
        clock: Clock,
        *,
        seconds: float = 6.0,
        rest: float = 60.0,
        new_id: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._model = SparedModel(model, clock, "check of an action", seconds=seconds, rest=rest)
        self._new_id = new_id

    async def is_asked_for(self, action: Action) -> bool | None:
        """See ActionCheck."""
        name = self._new_id()
        asked = {
            "id": name,
            "question": _QUESTIONS[action.tool.runs_when],
            "action": {
                "name": action.tool.name,
                "does": action.tool.spec.description,
                "details": trim(action.call.arguments, _ARGUMENT_TOKENS),
            },
            "conversation": conversation_of(action.turn),
        }
        prompt = (system_prompt("", "consent"), ChatMessage("user", json.dumps(asked, ensure_ascii=False)))
        answer = await self._model.ask(ChatRequest(prompt, max_tokens=_ANSWER_TOKENS))
        return None if answer is None else _verdict(answer, name)


def conversation_of(turn: TurnState) -> Sequence[dict[str, str]]:
    """The newest messages of this customer and the assistant, without quotations, files and sources."""
    said = [one for one in (*turn.history, *turn.pending) if one.deleted_at is None]
    kept = [one for one in said if one.author is Author.AGENT or is_own(turn, one)]
    return [
        {"customer" if one.author is Author.CUSTOMER else "assistant": trim(unquoted(one.text), _MESSAGE_TOKENS)}
        for one in kept[-_MESSAGES:]
    ]


def _verdict(answer: str, name: str) -> bool | None:
    bare = answer.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        found: Any = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    verdict = found.get(name) if isinstance(found, dict) and len(found) == 1 else None
    return verdict if isinstance(verdict, bool) else None
