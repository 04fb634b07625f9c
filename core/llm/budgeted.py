"""Answers without the model while a customer's budget of model tokens or cost is used up."""

from __future__ import annotations

from dataclasses import replace

import structlog

from core.domain.budget import current_spender, spending
from core.llm.spending import ModelSpending
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState

log = structlog.get_logger(__name__)


class BudgetedResponder:
    """Implements Responder: ``responder`` while the budgets have room, otherwise ``instead``, which needs no model."""

    def __init__(self, responder: Responder, instead: Responder, model_spending: ModelSpending) -> None:
        self._responder = responder
        self._instead = instead
        self._spending = model_spending

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        spender = current_spender()
        if self._spending.wait(spender) > 0:
            log.warning("turn.without_model", conversation=turn.conversation.id, known=spender.known)
            return await self._instead.respond(turn, turn_id, events)
        with spending(replace(spender, admitted=True)):
            return await self._responder.respond(turn, turn_id, events)
