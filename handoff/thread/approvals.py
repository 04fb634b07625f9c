"""Tool calls that staff approve or decline in a case's thread, over any desk.

What waits is stored in the posts that ask, so it is committed with the agent's turn; the verdict is stored in the post that shows
it. Presses come into a conversation of their own for each case: one is worked on at a time, and no message waits for a tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.domain.approvals import APPROVAL_SECONDS, APPROVALS, BY_APPROVAL, Approval, ApprovalState
from core.domain.case import Case, case_of_side_thread, feed
from core.domain.conversation import Conversation, Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind, StaffAction
from core.domain.timers import Timer, TimerKind
from core.ports.case_files import ApprovedCall, ApprovedCalls, CaseFiles
from core.ports.desk import DESK_NOTICE, HANDED_BACK, ForStaff
from core.ports.outcomes import (
    CaseRecord,
    CloseCase,
    CrossConversationWrite,
    NewMessage,
    OpenCase,
    SetTimer,
    Transition,
)
from core.ports.store import TurnOutcome, TurnState
from core.ports.timers import DecideTimer, TimerDecision
from handoff import posts
from handoff.desk_decorator import DeskDecorator
from handoff.desk_parts import DeskParts
from handoff.people import name_of_sender, sender_of
from handoff.posts import POST, Post, desk_post
from handoff.settings import HandoffSettings
from handoff.texts import proof_of, say
from handoff.thread.addressing import Addressing
from handoff.waits.case_rules import case_ended

_PAGE = 500
_LONGEST = 500
"""Characters of what a tool said that are shown."""
_VERDICTS = frozenset({StaffAction.APPROVE, StaffAction.DECLINE})


@dataclass(frozen=True)
class KnownApprovals:
    """All of a case as they stand, the oldest first. ``last_seq``: of its feed, before they were read.

    Whoever changes them holds the feed to that place, so that nobody overwrites what somebody else has decided meanwhile.
    """

    place: ConversationKey
    last_seq: int
    all: tuple[Approval, ...]

    def changed(self, approval: Approval) -> KnownApprovals:
        """With one of them as it is now."""
        return replace(self, all=tuple(approval if one.id == approval.id else one for one in self.all))

    def told(self, posts: Iterable[NewMessage]) -> CrossConversationWrite:
        """What staff are shown, unless anything else was shown to them meanwhile."""
        return CrossConversationWrite(self.place, tuple(posts), last_seq=self.last_seq)


@dataclass(frozen=True)
class ApprovalPosts:
    """What staff are shown of approvals."""

    parts: DeskParts
    files: CaseFiles
    language: str

    async def known(self, case_id: str) -> KnownApprovals:
        """Those of a case."""
        account = self.parts.desk_channel.account
        place = feed(account, case_id)
        found = await self.parts.records.conversation(place.conversation_id)
        approvals = await self.files.approvals(account, case_id)
        return KnownApprovals(place, found.last_seq if found else 0, tuple(approvals))

    async def asked(
        self, case_id: str, approvals: Sequence[Approval], facts: Mapping[str, Any]
    ) -> CrossConversationWrite:
        """The posts that ask. ``facts``: of the case's card."""
        known = await self.known(case_id)
        known = replace(known, all=(*known.all, *approvals))
        who = {"customer": str(facts["customer"]), "proof": say(proof_of(facts), self.language)}
        return known.told(self._post(Post.APPROVAL, case_id, one, known, **who) for one in approvals)

    async def closed(self, cases: Iterable[CaseRecord]) -> tuple[CrossConversationWrite, ...]:
        """What still waits when its case is closed is declined."""
        found: list[CrossConversationWrite] = []
        for case_id in [one.case_id for one in cases if isinstance(one, CloseCase)]:
            known = await self.known(case_id)
            over = [replace(one, state=ApprovalState.OVER) for one in known.all if one.state is ApprovalState.WAITING]
            for one in over:
                known = known.changed(one)
            verdict = say("staff_approval_closed", self.language)
            told = [await self.decided(case_id, one, known, verdict) for one in over]
            found += [known.told(told)] if told else []
        return tuple(found)

    async def decided(self, case_id: str, approval: Approval, known: KnownApprovals, verdict: str) -> NewMessage:
        """The post that asked, with what came of it."""
        shown = await self._asking_post(known.place.conversation_id, approval)
        who = {name: str(shown.meta[name]) if shown else "" for name in ("customer", "proof")}
        more = {**who, "verdict": verdict, "copy": shown.id if shown else None}
        return self._post(Post.DECIDED, case_id, approval, known, **more)

    async def _asking_post(self, conversation_id: str, approval: Approval) -> Message | None:
        after = 0
        while page := await self.parts.records.messages(conversation_id, after=after, limit=_PAGE):
            for one in page:
                if one.meta.get(POST) == Post.APPROVAL and one.meta["id"] == approval.id:
                    return one
            after = page[-1].seq
        return None

    def _post(
        self, kind: Post, case_id: str, approval: Approval, known: KnownApprovals, **more: str | None
    ) -> NewMessage:
        stored = [one.stored() for one in known.all]
        about = {"case": case_id, "id": approval.id, "approval": approval.stored(), APPROVALS: stored}
        return desk_post(kind, say("why_approval", self.language, action=approval.action), **about, **more)


@dataclass(frozen=True)
class ApprovalDesk(DeskDecorator):
    """Asks staff, and does what they decide. The customer hears of it by a notice of the desk's, whoever has the conversation."""

    posts: ApprovalPosts
    calls: ApprovedCalls
    settings: HandoffSettings

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.opened. The calls that the escalation is about are shown behind all else."""
        staff = await self.desk.opened(turn, escalation, said)
        if not escalation.approvals:
            return staff
        until = self.posts.parts.clock.now().timestamp() + APPROVAL_SECONDS
        asked_at = max(one.created_at for one in turn.pending).timestamp()
        approvals = [replace(one, asked_at=asked_at, until=until) for one in escalation.approvals]
        case_id = next(one.case.id for one in staff.cases if isinstance(one, OpenCase))
        facts = next(
            one.meta["facts"]
            for cross_write in staff.cross_writes
            for one in cross_write.messages
            if "facts" in one.meta
        )
        return replace(staff, cross_writes=(*staff.cross_writes, await self.posts.asked(case_id, approvals, facts)))

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        staff = await self.desk.taken_back(turn, said)
        return replace(staff, cross_writes=(*staff.cross_writes, *await self.posts.closed(staff.cases)))

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. Of several presses the first is worked on; the others are the next turns'."""
        case_id = case_of_side_thread(APPROVALS, turn.conversation.key.thread)
        if case_id is None:
            outcome = await self.desk.staff(turn)
            return replace(outcome, cross_writes=(*outcome.cross_writes, *await self.posts.closed(outcome.cases)))
        press = next((one for one in turn.pending if one.action in _VERDICTS), None)
        done = TurnOutcome(turn.claim, press.seq if press else turn.conversation.last_seq)
        case = await self.posts.parts.cases.case(case_id)
        home = await self.posts.parts.records.conversation(Case.home(case_id)) if case else None
        if press is None or case is None or home is None:
            return done
        approvals = (await self.posts.known(case_id)).all
        approval = next((one for one in approvals if one.id == press.meta.get("reply_to")), None)
        if approval is None or not await self._may_be_decided(approval):
            key = "staff_approval_gone" if approval is None else "learn_decided"
            whisper = posts.whisper(sender_of(press), self._say(key))
            return replace(done, cross_writes=(self._in_thread(case_id, whisper),))
        return await self._decided(turn, done, press, case, home, approval)

    async def _may_be_decided(self, approval: Approval) -> bool:
        """Also where it was declined with its case while its call ran: then it is said what came of that."""
        if approval.state is ApprovalState.OVER:
            return await self.calls.has_begun(approval)
        return approval.state is ApprovalState.WAITING

    async def _decided(
        self, turn: TurnState, done: TurnOutcome, press: Message, case: Case, home: Conversation, approval: Approval
    ) -> TurnOutcome:
        name = await name_of_sender(self.posts.parts.people, press, self.settings.staff_locale)
        why_not = self._why_not(press, case, approval)
        if (press.action is StaffAction.APPROVE and why_not is None) or await self.calls.has_begun(approval):
            ended = await self.calls.run(turn, approval, home)
            if ended is None:
                text = self._say("staff_approval_no_tool", name=approval.tool)
                return replace(done, cross_writes=(self._in_thread(case.id, posts.remark(text)),))
            verdict = self._verdict(ended, name)
        elif why_not is not None:
            ended, verdict = ApprovedCall(ApprovalState.OVER), self._say(why_not)
        else:
            reason = press.text.strip()
            ended = ApprovedCall(ApprovalState.DECLINED, reason, reason)
            verdict = self._verdict(ended, name)
        now = replace(approval, state=ended.state)
        known = (await self.posts.known(case.id)).changed(now)
        told = [await self.posts.decided(case.id, now, known, verdict)]
        customer = await self.posts.parts.records.customer(home.id, customer_id=approval.customer_id)
        if customer is None:
            return replace(done, cross_writes=(known.told(told),))
        hands_back = await self._should_hand_back(case, home, now, known.all)
        notice = await self._notice(case, home, customer, approval, ended, hands_back=hands_back)
        told.append(posts.hub_post(notice))
        records: tuple[CaseRecord, ...] = self._follow_up_timer(case, home)
        transition = None
        if hands_back:
            who = sender_of(press)
            transition = Transition(OwnershipEvent.HAND_BACK, actor=who)
            facts = await self.posts.parts.cases.card(known.place.account, case.id)
            told += [posts.card_now(facts, OwnershipState.BOT, None)] if facts else []
            records = (*case_ended(case.id, who, resolved=False), *records)
        said = await Addressing(self.posts.parts.cases, home, customer).all((notice,), ())
        at_home = CrossConversationWrite(home.key, said, transition, ownership_epoch=home.ownership_epoch)
        return replace(done, cross_writes=(known.told(told), at_home), cases=records)

    def _why_not(self, press: Message, case: Case, approval: Approval) -> str | None:
        """The key of the sentence that says why nothing can be decided any more."""
        if case.closed_at is not None:
            return "staff_approval_closed"
        return "staff_approval_late" if press.created_at.timestamp() > approval.until else None

    def _verdict(self, ended: ApprovedCall, name: str) -> str:
        if ended.changed:
            return self._say("staff_approval_changed")
        return self._say(f"staff_approval_{ended.state}", name=name, text=ended.told[:_LONGEST]).rstrip()

    async def _should_hand_back(
        self, case: Case, home: Conversation, approval: Approval, others: Sequence[Approval]
    ) -> bool:
        """Whether the agent gets the case back: it was opened for approvals alone, all are decided, and no person claimed it.

        Not where a call failed, nor where the customer wrote something that nobody has answered, also while the agent was at work
        on the turn that asked.
        """
        alone = case.requested_by == BY_APPROVAL and case.closed_at is None and home.state is OwnershipState.QUEUED
        if not alone or approval.state not in (ApprovalState.DONE, ApprovalState.DECLINED):
            return False
        if any(one.state is ApprovalState.WAITING for one in others):
            return False
        asked_at = datetime.fromtimestamp(approval.asked_at, UTC)
        return await self.posts.parts.cases.written_since(home.id, asked_at) is None

    async def _notice(
        self,
        case: Case,
        home: Conversation,
        customer: Customer,
        approval: Approval,
        ended: ApprovedCall,
        *,
        hands_back: bool,
    ) -> NewMessage:
        locale, fallback = await self.posts.parts.locale_of(home, customer), self.settings.default_locale
        texts = [say(f"approval_{ended.state}", locale, fallback=fallback, action=approval.action)]
        texts += [ended.for_customer[:_LONGEST]] if ended.for_customer else []
        texts += [say("handed_back_unclaimed", locale, fallback=fallback)] if hands_back else []
        since = {HANDED_BACK: {"since": case.opened_at.isoformat()}} if hands_back else {}
        meta = {DESK_NOTICE: BY_APPROVAL, **since}
        return NewMessage(
            Author.SYSTEM,
            "\n\n".join(texts),
            MessageKind.NOTICE,
            meta=meta,
            followed=True,
            customer_id=customer.id,
        )

    def _follow_up_timer(self, case: Case, home: Conversation) -> tuple[CaseRecord, ...]:
        """Check later whether a customer on a page has seen the notice, as for messages of staff."""
        channel, after = self.posts.parts.channels.get(home.key.channel), self.settings.follow_up_seconds
        if channel is None or not channel.event_log or not after:
            return ()
        return (SetTimer(case.id, TimerKind.FOLLOW_UP, after, keep=True),)

    def _in_thread(self, case_id: str, *told: NewMessage) -> CrossConversationWrite:
        return posts.in_thread(self.posts.parts.desk_channel.account, case_id, told)

    def _say(self, key: str, *, name: str = "", text: str = "") -> str:
        return say(key, self.settings.staff_locale, name=name, text=text)


@dataclass(frozen=True, slots=True)
class ApprovalTimers:
    """DecideTimer around ``others``, which may close a case."""

    others: DecideTimer
    posts: ApprovalPosts

    async def decide(self, timer: Timer) -> TimerDecision:
        """What the others decide, and that of a case which is closed nothing waits any more."""
        decision = await self.others(timer)
        return replace(decision, cross_writes=(*decision.cross_writes, *await self.posts.closed(decision.cases)))
