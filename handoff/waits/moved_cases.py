"""Open cases go on at the desk that staff read now, where an earlier desk had them: in Slack, by mail, at another address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.case import DESK, Case, feed
from core.domain.conversation import Conversation, Escalation, OwnershipState
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.domain.messages import Message
from core.domain.timers import TimerKind
from core.ports.cases import Cases, WaitingCustomers
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock
from core.ports.outcomes import CaseRecord, ClearTimers, CrossConversationWrite, NewMessage
from core.ports.tickets import Tickets
from handoff import posts
from handoff.records import DeskRecords
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.owner_gone import RELEASED
from handoff.waits.waiting import Waiting

_LATEST = 100
_BATCH = 100
_LAST_DESK = "desk"
"""Under which the account of the desk of the last start is remembered; empty where there was none."""


class MovingStore(WaitingCustomers, DeskRecords, Cases, Tickets, ChannelMemory, Protocol):
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

    async def is_done(self) -> bool:
        """Whether the desk is the one of the last start. Raises StoreUnavailable."""
        return await self._last_desk() == (self.account or "")

    async def move(self) -> int:
        """Move open cases where the desk has changed since the last start, and return how many. A call after an interruption
        moves the rest. Raises StoreUnavailable.
        """
        before = await self._last_desk()
        if before == (self.account or ""):
            return 0
        moved, after = 0, ""
        while cases := await self.store.open_cases(after, _BATCH):
            for case in cases:
                moved += await self._move(case, before)
            after = cases[-1].id
        await self.store.remember(DESK, "", _LAST_DESK, self.account or "")
        return moved

    async def _last_desk(self) -> str | None:
        return await self.store.recall(DESK, "", _LAST_DESK)

    async def _move(self, case: Case, before: str | None) -> bool:
        conversation = await self.store.conversation(case.conversation_id)
        customer = await self.store.customer(case.conversation_id, case.id)
        if conversation is None or customer is None or await self._is_here(case, conversation, before):
            return False
        owned = conversation.state is OwnershipState.STAFF
        transition = RELEASED if owned else None
        cross_writes = [
            CrossConversationWrite(
                conversation.key, transition=transition, ownership_epoch=conversation.ownership_epoch
            )
        ]
        if self.account is not None:
            cross_writes.append(
                CrossConversationWrite(
                    feed(self.account, case.id), await self._first_posts(case, conversation, customer)
                )
            )
        return await self.store.decide(cross_writes, self._timers(case, owned=owned))

    async def _is_here(self, case: Case, conversation: Conversation, before: str | None) -> bool:
        """Whether the latest post of the case is at this desk: newer than the earlier desk's, or than the conversation."""
        if self.account is None:
            return conversation.state is not OwnershipState.STAFF
        here = await self._last_said(feed(self.account, case.id))
        elsewhere = await self._last_said(feed(before, case.id) if before else conversation.key)
        return here is not None and (before is None or elsewhere is None or here >= elsewhere)

    async def _last_said(self, key: ConversationKey) -> datetime | None:
        conversation = await self.store.conversation(key.conversation_id)
        if conversation is None:
            return None
        last = await self.store.messages(conversation.id, after=conversation.last_seq - 1, limit=1)
        return last[-1].created_at if last else None

    async def _first_posts(self, case: Case, conversation: Conversation, customer: Customer) -> tuple[NewMessage, ...]:
        assert self.account is not None
        after, language = max(0, conversation.done_seq - _LATEST), self.settings.staff_locale
        said = await self.store.messages(conversation.id, after=after, limit=_LATEST)
        history = [one for one in said if one.seq <= conversation.done_seq]  # the rest is still to be relayed
        facts = await self.store.card(self.account, case.id)
        if facts:
            card = posts.card_now(facts, OwnershipState.QUEUED, None)
            return card, posts.reminder(say("staff_moved_here", language), loud=True), *posts.transcript(history)
        ticket = await self.store.ticket_number_for(case.id)
        return case_again(case, conversation, customer, history, ticket, language)

    def _timers(self, case: Case, *, owned: bool) -> tuple[CaseRecord, ...]:
        waiting = Waiting(self.settings, self.clock.now())
        if self.account is None:
            return ()
        look = waiting.assign(case.id, now=True)  # whoever was given it at the earlier desk need not be at this one
        if owned:
            return *waiting.for_anybody(case.id), *look
        gone = (TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT, TimerKind.SNOOZED)
        return ClearTimers(case.id, gone), *waiting.unclaimed(case.id), *look
