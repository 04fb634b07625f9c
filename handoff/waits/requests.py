"""The requests for a person that are still open: operators read them, and mark those done that were dealt with elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipEvent, OwnershipState
from core.ports.cases import Cases, WaitingCustomer, WaitingCustomers
from core.ports.outcomes import CaseRecord, CloseCase, CrossConversationWrite, Transition
from handoff import posts, tickets
from handoff.records import DeskRecords
from handoff.texts import say

OPERATOR = "operator"
"""Who marked it done, as the audit log and staff read it."""


class RequestStore(WaitingCustomers, DeskRecords, Cases, Protocol):
    """What is read and written of requests."""


@dataclass(frozen=True, slots=True)
class Requests:
    """``account``: of the desk that staff read; None where there is none. ``language``: the staff's."""

    store: RequestStore
    account: str | None
    language: str = "en"

    async def waiting(self, limit: int) -> Sequence[WaitingCustomer]:
        """The longest waiting first."""
        return await self.store.who_waits(limit)

    async def mark_done(self, request_id: str) -> bool:
        """Close it and give the conversation back to the agent; the customer is told nothing. False where nobody waits so."""
        home = Case.home(request_id) or request_id
        conversation = await self.store.conversation(home)
        if conversation is None or conversation.state is not OwnershipState.QUEUED:
            return False
        case = await self.store.open_case(home)
        if request_id != (case.id if case else home):
            return False
        given_back = Transition(OwnershipEvent.HAND_BACK, actor=OPERATOR)
        cross_writes = [
            CrossConversationWrite(
                conversation.key, transition=given_back, ownership_epoch=conversation.ownership_epoch
            )
        ]
        if case is None:
            return await self.store.decide(cross_writes, ())
        records: list[CaseRecord] = [CloseCase(case.id), tickets.ended(case.id, OPERATOR, resolved=True)]
        return await self.store.decide([*cross_writes, *await self._staff_posts(case)], records)

    async def _staff_posts(self, case: Case) -> list[CrossConversationWrite]:
        """What staff read of it where they were shown the case."""
        facts = {} if self.account is None else await self.store.card(self.account, case.id)
        if self.account is None or not facts:
            return []
        done = posts.remark(say("staff_did_hand_back", self.language, name=OPERATOR))
        return [
            CrossConversationWrite(feed(self.account, case.id), (posts.card_now(facts, OwnershipState.BOT, None), done))
        ]
