"""A desk whose staff decide what the agent learns from them, over any desk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipEvent
from core.domain.errors import KnowledgeUnavailable
from core.domain.learning import Displaced, LearnedAnswer, LearningState
from core.domain.messages import Message, StaffAction
from core.domain.timers import TimerKind
from core.ports.learning import Learning, Regression
from core.ports.outcomes import CaseRecord, CloseCase, CrossConversationWrite, JudgeAnswer, ProposeAnswer, SetTimer
from core.ports.store import NewMessage, TurnOutcome, TurnState
from handoff import posts
from handoff.desk_decorator import DeskDecorator
from handoff.desk_parts import DeskChannel
from handoff.learning import proposals
from handoff.learning.learning import LOOKED_AT, LearningRecords, proposed_in
from handoff.learning.personal import has_gap
from handoff.people import People, name_of_sender, sender_of
from handoff.records import last_in
from handoff.texts import say

_DECIDES = frozenset({StaffAction.LEARN, StaffAction.REWORD, StaffAction.DISCARD})
_SOON = 1.0


@dataclass(frozen=True)
class LearningDesk(DeskDecorator):
    """``language``: the staff's. ``regression``: what an entry must not push out of the first place unsaid."""

    learning: Learning
    records: LearningRecords
    desk_channel: DeskChannel
    people: People
    language: str
    regression: Regression | None = None

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. A case that is resolved is looked at for what it teaches, once its turn is committed."""
        presses = [message for message in turn.pending if message.action in _DECIDES]
        others = tuple(message for message in turn.pending if message.action not in _DECIDES)
        outcome = await self.desk.staff(replace(turn, pending=others) if presses else turn)
        resolved = any(
            one.transition and one.transition.event is OwnershipEvent.RESOLVE for one in outcome.cross_writes
        )
        closed = [one.case_id for one in outcome.cases if isinstance(one, CloseCase)] if resolved else []
        timers = tuple(SetTimer(case_id, TimerKind.LEARN, _SOON) for case_id in closed)
        outcome = replace(outcome, cases=(*outcome.cases, *timers))
        decided = [message for message in presses if message.seq <= outcome.handled_seq]
        return await self._decided(turn, outcome, decided) if decided else outcome

    async def _decided(self, turn: TurnState, outcome: TurnOutcome, presses: Sequence[Message]) -> TurnOutcome:
        case_id = await self.desk_channel.case_of(turn.conversation.key)
        found = await self.learning.learned(case_id) if case_id else None
        if case_id is None or found is None:
            return outcome
        told, record = await self._judged(found, presses[0])
        for late in presses[1:] if isinstance(record, JudgeAnswer) else ():
            told.append(posts.remark(await self._say("learn_decided", late)))
        place = feed(self.desk_channel.account, case_id)
        records: tuple[CaseRecord, ...] = (*outcome.cases, record) if record else outcome.cases
        return replace(
            outcome, cross_writes=(*outcome.cross_writes, CrossConversationWrite(place, tuple(told))), cases=records
        )

    async def _judged(self, found: LearnedAnswer, press: Message) -> tuple[list[NewMessage], CaseRecord | None]:
        """The first press decides, however often and by how many it is pressed."""
        if found.state is not LearningState.PROPOSED:
            return [posts.remark(await self._say("learn_decided", press))], None
        by = sender_of(press)
        conversation = await self.records.conversation(Case.home(found.case_id))
        gone = conversation is None or conversation.ended_at is not None
        if press.action is StaffAction.DISCARD or gone:
            text = await self._say("learn_gone" if gone else "learn_discarded", press)
            return [await self._judged_post(found, text)], JudgeAnswer(found.case_id, approved=False, by=by)
        question, answer = _reworded(press)
        kept = replace(found, question=question or found.question, answer=answer or found.answer)
        if has_gap(f"{kept.question} {kept.answer}"):
            return [posts.remark(await self._say("learn_has_gaps", press))], None
        trial = Trial(self.regression, self.records, self.desk_channel.account, self.language)
        told = await trial.finding(kept, press)
        if told is not None and told.stops:
            return await self._warn_first(found, kept, told.message, press)
        record = JudgeAnswer(found.case_id, approved=True, by=by, question=kept.question, answer=kept.answer)
        approved = await self._judged_post(kept, await self._say("learn_approved", press))
        return [approved, *([told.message] if told is not None else [])], record

    async def _warn_first(
        self, found: LearnedAnswer, kept: LearnedAnswer, warning: NewMessage, press: Message
    ) -> tuple[list[NewMessage], CaseRecord | None]:
        """Where it was reworded, the new words are what can be approved then."""
        if kept == found:
            return [warning], None
        record = ProposeAnswer(kept.case_id, kept.question, kept.answer, kept.origin)
        before = await self._judged_post(found, await self._say("learn_reworded", press))
        return [before, proposals.proposal(kept), warning], record

    async def _judged_post(self, found: LearnedAnswer, verdict: str) -> NewMessage:
        """In place of the post that proposed it."""
        shown = await proposed_in(self.records, self.desk_channel.account, found.case_id)
        return proposals.judged(found, shown, verdict)

    async def _say(self, key: str, press: Message) -> str:
        return say(key, self.language, name=await name_of_sender(self.people, press, self.language))


def _reworded(press: Message) -> tuple[str | None, str | None]:
    """Of a form: the question stands in the first line, and the answer below it."""
    if press.action is not StaffAction.REWORD:
        return None, None
    question, _, answer = press.text.strip().partition("\n")
    return question.strip() or None, answer.strip() or None


_TRIED = "tried"
"""In a warning's meta: the words that it is about, as a digest."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What staff are told. ``stops``: before it goes live, and it does not yet."""

    message: NewMessage
    stops: bool = True


class Trial:
    """Without a ``regression`` nothing is looked for."""

    def __init__(self, regression: Regression | None, records: LearningRecords, account: str, language: str) -> None:
        self._regression = regression
        self._records = records
        self._account = account
        self._language = language

    async def finding(self, kept: LearnedAnswer, press: Message) -> Finding | None:
        """What staff have to know; None where there is nothing, or where they know and pressed again.

        A press that came before the warning did not know of it, such as the second half of a double click. What the knowledge
        base would not take in does not go live however often it is pressed: it has to be put into other words.
        """
        if self._regression is None or await self._was_told(kept, press):
            return None
        try:
            found = await self._regression.compare(kept.question, kept.answer)
        except KnowledgeUnavailable:
            return Finding(self._warning(kept, say("learn_unchecked", self._language)))
        if found.refused:
            return Finding(posts.remark(say("learn_refused", self._language, reason=found.refused)))
        if found.displaced:
            return Finding(
                self._warning(kept, say("learn_displaces", self._language, questions=_listed(found.displaced)))
            )
        return None if found.tried else Finding(posts.remark(say("learn_untried", self._language)), stops=False)

    def _warning(self, kept: LearnedAnswer, text: str) -> NewMessage:
        line = posts.remark(text)
        return replace(line, meta={**line.meta, _TRIED: _digest(kept)})

    async def _was_told(self, kept: LearnedAnswer, press: Message) -> bool:
        told = await last_in(self._records, feed(self._account, kept.case_id).conversation_id, LOOKED_AT)
        return any(one.meta.get(_TRIED) == _digest(kept) and one.created_at < press.created_at for one in told)


def _digest(kept: LearnedAnswer) -> str:
    return hashlib.sha256(f"{kept.question}\0{kept.answer}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _listed(found: Sequence[Displaced]) -> str:
    lines = [f"• {' '.join(one.question.split())} → {one.right}" for one in found[:_NAMED]]
    return "\n".join([*lines, f"• +{len(found) - _NAMED}"] if len(found) > _NAMED else lines)
