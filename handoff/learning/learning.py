"""Learns from staff: what they told a customer that the agent did not know is proposed to them for the knowledge base.

A timer of the resolved case looks for it, so that nobody who presses Resolve waits; what staff decide about it is a turn of the
case's thread. Nothing gets into the knowledge base that nobody of the staff has approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.case import Case, feed
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer
from core.domain.learning import LearnedAnswer, LearningState
from core.domain.messages import Author, Message
from core.domain.timers import Timer, TimerKind
from core.ports.cases import Cases
from core.ports.learning import Drafter, Learning
from core.ports.outcomes import ProposeAnswer, SetTimer
from core.ports.timers import DecideTimer, TimerDecision
from handoff import posts
from handoff.learning.personal import without_persons
from handoff.learning.proposals import Lesson, judged, lesson_of, proposal
from handoff.posts import POST, Post
from handoff.records import Conversations, last_in, last_said
from handoff.texts import say

LOOKED_AT = 500
"""Messages of a conversation, or of a feed."""
_LATER, _LATEST = 5.0, 3_600.0


class LearningRecords(Conversations, Protocol):
    """What is read of a conversation and of its customer."""

    async def customer(self, conversation_id: str) -> Customer | None: ...

    async def customer_messages(
        self, channel: str, account: str, external_id: str, limit: int
    ) -> Sequence[Message]: ...


@dataclass(frozen=True, slots=True)
class LearningTimers:
    """DecideTimer for ``learn``; all other timers are ``others``'. ``account``: the desk's on its platform.

    ``drafter`` puts it into words for everybody; it is shown nobody's name, and without it the words stay as they were.
    What is proposed anew takes the buttons from the post before it, whose words nobody may approve any more.
    """

    others: DecideTimer
    records: LearningRecords
    cases: Cases
    learning: Learning
    account: str
    drafter: Drafter | None = None
    language: str = field(default="en", kw_only=True)

    async def decide(self, timer: Timer) -> TimerDecision:
        """What is proposed to staff; nothing where there is nothing to learn."""
        if timer.kind is not TimerKind.LEARN:
            return await self.others(timer)
        case = await self.cases.case(timer.case_id)
        conversation = await self.records.conversation(timer.conversation_id)
        if case is None or case.closed_at is None or conversation is None or not _may_be_kept(conversation):
            return TimerDecision()
        known = await self.learning.learned(case.id)
        if known is not None and known.state is LearningState.APPROVED:
            return TimerDecision()
        if await self._waits_to_be_sent(conversation):
            later = min(_LATER * 2.0 ** min(timer.stage, 20), _LATEST)
            return TimerDecision(cases=(SetTimer(case.id, TimerKind.LEARN, later, timer.stage + 1),))
        found = await self._found(case, conversation, known)
        if found is None:
            return TimerDecision()
        record = ProposeAnswer(case.id, found.question, found.answer, found.origin)
        told = [proposal(found)]
        if known is not None and known.state is LearningState.PROPOSED:
            shown = await proposed_in(self.records, self.account, case.id)
            told.insert(0, judged(known, shown, say("learn_replaced", self.language)))
        return TimerDecision((posts.in_thread(self.account, case.id, told),), (record,))

    async def _waits_to_be_sent(self, conversation: Conversation) -> bool:
        """Whether staff may still take back a part of it: of what the customer has not heard nothing is learned."""
        said = await last_said(self.records, conversation, LOOKED_AT)
        return bool(await self.cases.still_to_come([one.id for one in said if one.author is Author.STAFF]))

    async def _found(self, case: Case, conversation: Conversation, known: LearnedAnswer | None) -> LearnedAnswer | None:
        customer = await self.records.customer(conversation.id)
        if customer is None:
            return None
        key = conversation.key
        every = await self.records.customer_messages(key.channel, key.account, customer.external_id, LOOKED_AT)
        said = sorted((one for one in every if one.conversation_id == conversation.id), key=lambda one: one.seq)
        names = [customer.display_name, *(one.author_name for one in said)]
        lesson = lesson_of(case, said, names)
        if lesson is None or (known is not None and lesson == lesson_of(case, _before(known, said), names)):
            return None
        lesson = await self._drafted(lesson, names)
        facts = await self.cases.card(self.account, case.id)
        origin = ", ".join(
            filter(None, (str(facts.get("ticket") or ""), f"{case.closed_at or case.opened_at:%Y-%m-%d}"))
        )
        return LearnedAnswer(case.id, lesson.question, lesson.answer, origin, LearningState.PROPOSED)

    async def _drafted(self, lesson: Lesson, names: Sequence[str | None]) -> Lesson:
        draft = await self.drafter.draft(lesson.question, lesson.answer) if self.drafter else None
        if draft is None:
            return lesson
        return Lesson(without_persons(draft.question, names), without_persons(draft.answer, names))


async def proposed_in(records: LearningRecords, account: str, case_id: str) -> str | None:
    """The message of a case's feed that proposed something last."""
    said = await last_in(records, feed(account, case_id).conversation_id, LOOKED_AT)
    return next((one.id for one in reversed(said) if one.meta.get(POST) == Post.PROPOSAL), None)


def _may_be_kept(conversation: Conversation) -> bool:
    """Not what goes on, and nothing of a conversation that its customer has deleted."""
    return conversation.state is OwnershipState.RESOLVED and conversation.ended_at is None


def _before(known: LearnedAnswer, said: Sequence[Message]) -> Sequence[Message]:
    """What was said when it was proposed. What has taught nothing new since is not proposed again, nor what was discarded:

    compared by what was said, as a drafter words the same thing differently each time.
    """
    return [one for one in said if known.proposed_at is None or one.created_at <= known.proposed_at]
