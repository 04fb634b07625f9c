"""Answers without the model while a customer's budget of model tokens is used up."""

from __future__ import annotations

from dataclasses import replace

import structlog

from core.domain.budget import Budget, current_spender, spending
from core.ports.budgets import Budgets
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState

log = structlog.get_logger(__name__)


class BudgetedResponder:
    """Implements Responder: ``responder`` while there is room for tokens, otherwise ``instead``, which needs no model."""

    def __init__(self, responder: Responder, instead: Responder, budgets: Budgets, tokens: Budget) -> None:
        self._responder = responder
        self._instead = instead
        self._budgets = budgets
        self._tokens = tokens

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        spender = current_spender()
        if self._budgets.wait(self._tokens, spender) > 0:
            log.warning("turn.without_model", conversation=turn.conversation.id, known=spender.known)
            return await self._instead.respond(turn, turn_id, events)
        with spending(replace(spender, admitted=True)):
            return await self._responder.respond(turn, turn_id, events)
