"""Open cases go on at the desk that staff read now, where an earlier desk had them: in Slack, by mail, at another address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.case import Case, feed
from core.domain.conversation import Conversation, Escalation, OwnershipState
from core.domain.customer import Customer
from core.domain.messages import Message
from core.domain.timers import TimerKind
from core.ports.clock import Clock
from core.ports.outcomes import Aside, CaseRecord, ClearTimers, NewMessage
from core.ports.tickets import Tickets
from core.ports.waiting import WaitingCustomers
from handoff import posts
from handoff.desk_parts import DeskRecords
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.owner_gone import RELEASED
from handoff.waits.waiting import Waiting

_LATEST = 100
_BATCH = 100


class MovingStore(WaitingCustomers, DeskRecords, Tickets, Protocol):
    """What is read and written of cases that move."""


def case_again(
    case: Case, conversation: Conversation, customer: Customer, history: Sequence[Message], ticket: str, language: str
) -> tuple[NewMessage, ...]:
    """The first posts of a case at a desk that has not shown it yet. ``history``: what staff were told elsewhere."""
    escalation = Escalation(case.reason, case.requested_by, case.urgency)
    card = posts.card(case, conversation, customer, escalation, say("staff_stranger", language), ticket)
    return posts.first_of_case([card, *posts.transcript(history), *posts.files(history)])


@dataclass(frozen=True, slots=True)
class MovedCases:
    """``account``: of the desk that staff read; None where there is none. What staff owned waits for anybody again: its owner
    may not be there, and without a desk the agent goes on answering. The customer is told nothing.
    """

    store: MovingStore
    account: str | None
    settings: HandoffSettings
    clock: Clock

    async def move(self) -> int:
        """How many were moved: each once, however often it is called. Raises StoreUnavailable."""
        moved = 0
        while cases := await self.store.cases_to_move(self.account, _BATCH):
            done = [case.id for case in cases if await self._move(case)]
            moved += len(done)
            if not done:  # others work on them: the next start looks again
                break
        return moved

    async def _move(self, case: Case) -> bool:
        conversation = await self.store.conversation(case.conversation_id)
        customer = await self.store.customer(case.conversation_id, case.id)
        if conversation is None or customer is None:
            return False
        owned = conversation.state is OwnershipState.STAFF
        transition = RELEASED if owned else None
        asides = [Aside(conversation.key, transition=transition, ownership_epoch=conversation.ownership_epoch)]
        if self.account is not None:
            asides.append(Aside(feed(self.account, case.id), await self._shown(case, conversation, customer)))
        return await self.store.decide(asides, self._timers(case, owned=owned))

    async def _shown(self, case: Case, conversation: Conversation, customer: Customer) -> tuple[NewMessage, ...]:
        after = max(0, conversation.done_seq - _LATEST)
        said = await self.store.messages(conversation.id, after=after, limit=_LATEST)
        history = [one for one in said if one.seq <= conversation.done_seq]  # the rest is still to be relayed
        ticket = await self.store.ticket_number_for(case.id)
        return case_again(case, conversation, customer, history, ticket, self.settings.staff_locale)

    def _timers(self, case: Case, *, owned: bool) -> tuple[CaseRecord, ...]:
        waiting = Waiting(self.settings, self.clock.now())
        if self.account is None:
            return ()
        if owned:
            return waiting.for_anybody(case.id)
        gone = (TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT, TimerKind.SNOOZED)
        return ClearTimers(case.id, gone), *waiting.unclaimed(case.id)
