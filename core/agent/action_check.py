"""Asks a model one question about a tool call: does the customer ask for it, in their own words?"""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.model_check import ModelCheck
from core.agent.own_words import is_own, unquoted
from core.agent.tokens import trim
from core.agent.tools import RunsWhen, Tool
from core.domain.messages import Author
from core.ports.chat_model import ToolCall
from core.ports.store import TurnState

_MESSAGES = 8
_MESSAGE_TOKENS = 200
_ARGUMENT_TOKENS = 400
_QUESTIONS = {
    RunsWhen.CUSTOMER_ASKS: "Does the customer ask for this action with these details, or say yes to it?",
    RunsWhen.CUSTOMER_NEEDS: "Does what the customer writes ask for this action, or give reason for it?",
}


class ActionCheck(ModelCheck):
    """Finds out whether the customer asks for an action."""

    prompt = "consent"

    async def is_asked_for(self, turn: TurnState, tool: Tool, call: ToolCall) -> bool | None:
        """Whether the conversation holds consent to the call. None where that cannot be found out; raises nothing."""
        name = self._new_id()
        details = {
            "name": tool.name,
            "does": tool.spec.description,
            "details": trim(call.arguments, _ARGUMENT_TOKENS),
        }
        asked = {"id": name, "question": _QUESTIONS[tool.runs_when], "action": details}
        found = await self._ask({**asked, "conversation": _conversation_of(turn)})
        verdict = found.get(name) if len(found) == 1 else None
        return verdict if isinstance(verdict, bool) else None


def _conversation_of(turn: TurnState) -> Sequence[dict[str, str]]:
    """The newest messages of this customer and the assistant, without quotations, files and sources."""
    said = [one for one in (*turn.history, *turn.pending) if one.deleted_at is None]
    kept = [one for one in said if one.author is Author.AGENT or is_own(turn, one)]
    return [
        {"customer" if one.author is Author.CUSTOMER else "assistant": trim(unquoted(one.text), _MESSAGE_TOKENS)}
        for one in kept[-_MESSAGES:]
    ]
