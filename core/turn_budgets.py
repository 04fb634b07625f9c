"""Budgets of turns: messages that are answered, requests that reach the desk, and the customer who spends model tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import TypeVar

import structlog

from core.agent.texts import texts_for
from core.domain.budget import Budget, Spender, group_of_address, stranger_among
from core.domain.messages import MessageKind
from core.ports.budgets import Budgets
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.turn_messages import turn_id

_NEW = timedelta(days=1)
_NOTICE_SECONDS = 600
_REMEMBERED = 10_000
"""Conversations. Beyond them a turn that is run again may be counted again."""

Value = TypeVar("Value")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """``messages`` of one sender that are answered; ``escalations``: requests for a person that reach the desk."""

    messages: Budget
    escalations: Budget


class TurnBudgets:
    """Used by the turn before it answers and before it escalates.

    A turn that is run again counts once, unless another process runs it. ``company`` is named in the notices.
    """

    def __init__(
        self, budgets: Budgets, limits: TurnLimits, channels: Mapping[str, Channel], clock: Clock, company: str
    ) -> None:
        self._budgets = budgets
        self._limits = limits
        self._channels = channels
        self._clock = clock
        self._company = company
        self._counted: dict[str, int] = {}
        self._escalated: dict[str, str] = {}
        self._held: dict[str, float] = {}
        self._notices = Budget("flood-notices", share=1, total=0, seconds=_NOTICE_SECONDS, kept=limits.messages.kept)

    def spender(self, state: TurnState) -> Spender:
        """Whose budget the turn uses: strangers on the web are counted by address and network, everybody else by customer.

        Addresses at a domain cost nothing, so strangers who write from them are counted by domain too, and those whose identity
        the channel has not proved, which anybody can invent, all together.

        The hub knows a customer whom the company's own site has signed in, and one whose identity the channel has proved and
        who first wrote at least a day ago.
        """
        stranger = stranger_among(state.pending)
        if stranger is not None:
            return _counted(stranger, state)
        since = state.customer.since
        wrote_before = since is not None and self._clock.now() - since >= _NEW
        known = state.customer.verified and (self._counts_at_the_door(state) or wrote_before)
        who, channel = state.customer, state.conversation.key.channel
        group = group_of_address(channel, who.external_id, verified=who.verified)
        return _counted(Spender(f"customer:{who.id}", known, group=group), state)

    def flooded(self, state: TurnState) -> bool:
        """Count the pending messages. Whether their sender wrote more than is answered.

        Messages of channels that refuse too many themselves are not counted a second time.
        """
        if self._counts_at_the_door(state):
            return False
        spender, amount = self.spender(state), self._uncounted(state)
        full = self._budgets.wait(self._limits.messages, spender, amount) > 0
        self._budgets.spend(self._limits.messages, spender, amount)
        if full:
            log.warning("turn.flooded", conversation=state.conversation.id, messages=amount)
        return full

    def flood_notice(self, state: TurnState) -> Reply | None:
        """The notice for the sender of a flood, once in ten minutes; otherwise None."""
        if self._budgets.take(self._notices, self.spender(state)) > 0:
            return None
        return Reply(self._say(state, "flood"), MessageKind.FAILURE, offers_person=True)

    def relay_wait(self, state: TurnState) -> float:
        """Count what is to be relayed to staff. Above 0 it waits so many seconds, to be relayed with what comes until then.

        Nothing waits longer than a window of the budget, however much comes.
        """
        if self._counts_at_the_door(state):
            return 0.0
        now, spender, amount = self._clock.now().timestamp(), self.spender(state), self._uncounted(state)
        wait = self._budgets.wait(self._limits.messages, spender, amount)
        self._budgets.spend(self._limits.messages, spender, amount)
        until = self._held.pop(state.conversation.id, now + wait)
        if wait <= 0 or until <= now:
            return 0.0
        _note(self._held, state.conversation.id, until)
        return until - now

    def can_escalate(self, state: TurnState) -> bool:
        """Whether a request for a person may reach the desk now. Counts nothing."""
        counted = self._escalated.get(state.conversation.id) == turn_id(state)
        return counted or self._budgets.wait(self._limits.escalations, self.spender(state)) <= 0

    def escalation_wait(self, state: TurnState) -> float:
        """Count one request for a person. Above 0 it may not reach the desk for so many seconds, and was not counted."""
        conversation, turn = state.conversation.id, turn_id(state)
        if self._escalated.get(conversation) == turn:
            return 0.0
        wait = self._budgets.take(self._limits.escalations, self.spender(state))
        if wait <= 0:
            _note(self._escalated, conversation, turn)
        else:
            log.warning("turn.escalation_refused", conversation=state.conversation.id, seconds=ceil(wait))
        return wait

    def desk_full(self, state: TurnState, wait: float) -> Reply:
        """What a customer is told whose request cannot reach the desk now."""
        text = self._say(state, "desk_full", minutes=max(1, ceil(wait / 60)))
        return Reply(text, MessageKind.FAILURE, confidence=1.0, intent="request_person", offers_person=True)

    def _uncounted(self, state: TurnState) -> int:
        """How many pending messages, and changes to earlier ones, no earlier try of the turn has counted."""
        counted = self._counted.get(state.conversation.id, 0)
        places = [*(one.seq for one in state.pending), *(one.seq for one in state.changes)]
        new = [seq for seq in places if seq > counted]
        if new:
            _note(self._counted, state.conversation.id, max(new))
        return len(new)

    def _counts_at_the_door(self, state: TurnState) -> bool:
        """The web channel: its customers read the hub's own log."""
        channel = self._channels.get(state.conversation.key.channel)
        return channel is not None and channel.capabilities.event_log

    def _say(self, state: TurnState, name: str, **values: int) -> str:
        return texts_for(state.as_read(), self._company).say(name, **values)


def _counted(spender: Spender, state: TurnState) -> Spender:
    """With the ids under which the use of models is counted."""
    return replace(spender, customer_id=state.customer.id, conversation_id=state.conversation.id)


def _note(known: dict[str, Value], conversation: str, value: Value) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[conversation] = value
