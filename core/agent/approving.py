"""Turns the tool calls that staff have to approve into an escalation, and into the customer's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.agent.answer_gate import AnswerGate
from core.agent.consent import canonical, in_words
from core.agent.own_words import own_words
from core.agent.texts import Texts
from core.agent.tokens import trim
from core.domain.approvals import BY_APPROVAL, Approval
from core.domain.conversation import Escalation
from core.domain.customer import Evidence
from core.domain.messages import MessageKind
from core.ports.chat_model import ToolCall
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.ports.tickets import Holder, Tickets

_MESSAGES, _SAID_TOKENS = 3, 150


async def escalation_for(
    turn: TurnState,
    turn_id: str,
    calls: Sequence[ToolCall],
    tickets: Tickets | None,
    wanted: Escalation | None = None,
) -> Escalation:
    """Return the escalation that asks staff to approve the calls, with what identities are proven. Raises StoreUnavailable.

    ``wanted``: an escalation for another reason, to which the calls are added.
    """
    holder = Holder.of(turn.customer, turn.conversation.id, private=turn.is_private)
    found = await tickets.identities(holder) if tickets is not None and turn.is_private else ()
    proven = tuple((one.channel, one.address) for one in found if one.evidence > Evidence.CLAIMED)
    said = trim("\n".join(own_words(turn)[-_MESSAGES:]), _SAID_TOKENS)
    approvals = tuple(
        Approval(
            turn_id,
            call.id,
            call.name,
            canonical(call.arguments),
            in_words(call),
            said,
            turn.customer.id,
            turn.is_private,
            proven,
        )
        for call in calls
    )
    if wanted is not None:
        return replace(wanted, approvals=approvals)
    actions = _actions(calls)
    causes = {BY_APPROVAL: {"action": actions}}
    return Escalation(
        f"Somebody has to approve: {actions}", requested_by=BY_APPROVAL, causes=causes, approvals=approvals
    )


async def approval_reply(gate: AnswerGate, texts: Texts, calls: Sequence[ToolCall], meta: Mapping[str, Any]) -> Reply:
    """Return what passed the gate, and behind it the hub's own sentence that staff have to approve the calls."""
    await gate.note(texts.say("approval", action=_actions(calls)))
    return Reply(gate.text, MessageKind.ANSWER, gate.citations, 1.0, intent=BY_APPROVAL, meta=meta)


def _actions(calls: Sequence[ToolCall]) -> str:
    return "; ".join(map(in_words, calls))
