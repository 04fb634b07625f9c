"""What it means that a timer of a case has come due. Decides and writes nothing, as turns do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, OwnershipEvent, OwnershipState, Sharing
from core.domain.messages import StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import CaseRecord, CrossConversationWrite, NewMessage, SetTimer, Transition
from core.ports.timers import TimerDecision
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.thread.addressing import Addressing
from handoff.waits.assigning import Assigning
from handoff.waits.case_rules import PAUSING, ShownCase, customer_silent
from handoff.waits.due_answers import MISSED
from handoff.waits.notices import Notices
from handoff.waits.owner_gone import RELEASED, is_gone, released
from handoff.waits.unanswered import LastSaid
from handoff.waits.waiting import OFFERED, Waiting, long

_OPEN = (OwnershipState.QUEUED, OwnershipState.STAFF)
_ASKED_AGAIN = 3600.0
"""Seconds until it is looked again whether the customer has got what staff wrote last."""


class DeskTimers:
    """Every outcome holds only while the customer's conversation has the owner that it was decided on."""

    def __init__(self, parts: DeskParts, settings: HandoffSettings) -> None:
        self._parts = parts
        self._settings = settings

    async def decide(self, timer: Timer) -> TimerDecision:
        """What is said, changed and set anew; nothing where it has come to nothing. Raises ChannelError."""
        case = await self._parts.cases.case(timer.case_id)
        conversation = await self._parts.records.conversation(timer.conversation_id)
        if case is None or case.closed_at is not None or conversation is None:
            return TimerDecision()
        handlers = {
            TimerKind.UNCLAIMED: (self._unclaimed, (OwnershipState.QUEUED,)),
            TimerKind.OWNER_SILENT: (self._owner_silent, (OwnershipState.STAFF,)),
            TimerKind.SNOOZED: (self._back, _OPEN),
            TimerKind.ANSWER: (self._answer_due, _OPEN),
            TimerKind.NUDGE: (self._customer_silent, _OPEN),
            TimerKind.ASSIGN: (self._assign, (OwnershipState.QUEUED,)),
            TimerKind.NOBODY_CAME: (self._nobody_came, (OwnershipState.QUEUED,)),
        }
        handle, states = handlers.get(timer.kind, (None, ()))
        return await handle(timer, case, conversation) if handle and conversation.state in states else TimerDecision()

    async def _unclaimed(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """The channel hears of it first, then those who are on call."""
        facts = await self._facts(case)
        if await self._rests(case, conversation, facts):
            return TimerDecision()
        text = self._say("staff_unclaimed", waited=self._waited(timer))
        settings = self._settings.for_case(facts)
        mentions = settings.on_call if timer.stage else ()
        post = posts.reminder(text, mentions=mentions, loud=True)
        return self._decision(
            case, conversation, [post], self._now(settings).unclaimed(case.id, timer.stage + 1, _since(timer))
        )

    async def _assign(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """Somebody is given the case; where they do not take it in time, the next, and then it is everybody's."""
        facts, words = await self._facts(case), (timer.detail or "").split()
        passed, after = words[: timer.stage], "".join(words[timer.stage :])
        settings, roster = self._settings.for_case(facts), self._parts.roster
        waiting = self._now(settings)
        if roster is None or await self._rests(case, conversation, facts):
            return TimerDecision(cases=waiting.assign(case.id, passed, after=""))
        who, note, after = await Assigning(self._parts, roster, settings).next(case.id, facts, passed, after)
        if after or not (who or passed):
            return TimerDecision(cases=waiting.assign(case.id, passed, after=after))
        names = [await self._parts.people.called(one) or one for one in (*passed, who)]
        said = [self._say("card_assigned", name=names[-1])] if who else []
        said += [self._say("card_not_taken", name=", ".join(names[:-1]))] if passed else []
        told = [posts.card_now({**facts, "assigned": " · ".join(said)}, conversation.state, None)]
        told += [posts.direct(who, self._say("staff_assigned", name=facts["customer"]))] if who else []
        follows = waiting.assign(case.id, [*passed, who]) if who else ()
        decision = self._decision(case, conversation, told, follows)
        return replace(decision, cross_writes=(*decision.cross_writes, *note))

    async def _owner_silent(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """First a word to the owner; then anybody may give the conversation back to the queue."""
        owner, facts = conversation.owner or "", await self._facts(case)
        settings = self._settings.for_case(facts)
        if await self._rests(case, conversation, facts):
            return TimerDecision()
        if await is_gone(conversation, self._parts.people):
            people, waiting, waits = self._parts.people, self._now(settings), await self._waits(conversation)
            told, records = await released(case, conversation, facts, people, settings, waiting, waits=waits)
            return self._decision(case, conversation, told, records, transition=RELEASED)
        name = await self._parts.people.called(owner) or self._say("staff_somebody")
        offers = timer.stage >= OFFERED
        key = "staff_offer_release" if offers else "staff_owner_silent"
        post = posts.reminder(
            self._say(key, name=name, waited=self._waited(timer)),
            mentions=(owner,) if owner else (),
            loud=offers,
            buttons=(StaffAction.RELEASE_SILENT,) if offers else (),
            case_id=case.id,
        )
        follows = self._now(settings).owner_silent(case.id, timer.stage + 1, _since(timer))
        return self._decision(case, conversation, [post], follows)

    async def _answer_due(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """The owner is warned before a target is missed; the channel and those on call read that it was."""
        settings = self._settings.for_case(await self._facts(case))
        follows, key, seconds = self._now(settings).answers.due(timer)
        missed = key == MISSED
        mentions = (conversation.owner,) if conversation.owner else settings.on_call if missed else ()
        text = self._say(key, waited=long(seconds)) if key else ""
        told = [posts.reminder(text, mentions=mentions, loud=missed)] if text else []
        return self._decision(case, conversation, told, follows)

    async def _back(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """The card as it is now, and a word to the one who had put it aside."""
        owner = await self._parts.people.called(conversation.owner) if conversation.owner else None
        facts = await self._facts(case)
        waiting = self._now(self._settings.for_case(facts))
        who = (timer.detail,) if timer.detail else ()
        told = [
            posts.card_now(facts, conversation.state, owner),
            posts.reminder(self._say("staff_snooze_over"), mentions=who, loud=True),
        ]
        owned = conversation.state is OwnershipState.STAFF
        reminds = waiting.owner_silent(case.id) if owned else waiting.unclaimed(case.id)
        paused = ShownCase(case.id, facts, owned).status in PAUSING
        follows = (*(() if paused else reminds), *(() if owned else waiting.assign(case.id, now=True)))
        return self._decision(case, conversation, told, follows)

    async def _nobody_came(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """Said to the customer where they still wait, and shown to staff."""
        customer = await self._parts.records.customer(conversation.id, case.id)
        if customer is None or not await self._waits(conversation):
            return TimerDecision()
        locale = await self._parts.locale_of(conversation, customer)
        settings = self._settings.for_case(await self._facts(case))
        notice = Notices(settings, self._parts.clock.now()).longer(
            conversation.key.channel, locale, customer.contact, private=conversation.shared is Sharing.NEVER
        )
        said = await Addressing(self._parts.cases, conversation, customer).all((notice,), ())
        return self._decision(case, conversation, [posts.hub_post(notice)], (), said)

    async def _customer_silent(self, timer: Timer, case: Case, conversation: Conversation) -> TimerDecision:
        """Ask the customer once, then close the case; never while they wait for staff, or have not got what staff wrote."""
        facts, said = await self._facts(case), LastSaid(self._parts.records, self._parts.cases)
        settings = self._settings.for_case(facts)
        shown = ShownCase(case.id, facts, conversation.state is OwnershipState.STAFF)
        customer = await self._parts.records.customer(conversation.id, case.id)
        answers = await said.staffs(conversation)
        waits = not answers or await said.waits_since(conversation, ()) is not None
        wanted = settings.close_seconds if timer.stage else settings.nudge_seconds
        if not wanted or shown.status is not TicketStatus.PENDING or waits or customer is None or conversation.ended_at:
            return TimerDecision()
        if await self._parts.cases.still_to_come([answers[-1].id]):
            return TimerDecision(cases=(SetTimer(case.id, timer.kind, _ASKED_AGAIN, timer.stage),))
        locale, now = await self._parts.locale_of(conversation, customer), self._parts.clock.now()
        notices, changes = Notices(settings, now), customer_silent(shown, bool(timer.stage), self._now(settings))
        notice = notices.closed(case.id, locale) if timer.stage else notices.nudge(locale)
        told = [posts.hub_post(notice), *(posts.remark(self._say(key)) for key in changes.remarks)]
        if timer.stage:
            told.append(posts.card_now({**facts, "status": str(TicketStatus.RESOLVED)}, OwnershipState.RESOLVED, None))
        said_to = await Addressing(self._parts.cases, conversation, customer).all((notice,), ())
        closes = Transition(OwnershipEvent.RESOLVE, reopen_within=settings.reopen_seconds) if timer.stage else None
        records = (*changes.records, *self._looked_for(case, conversation, settings))
        return self._decision(case, conversation, told, records, said_to, closes, last_seq=conversation.last_seq)

    def _looked_for(self, case: Case, conversation: Conversation, settings: HandoffSettings) -> tuple[CaseRecord, ...]:
        """Whether a customer on a page has seen it is looked at later, as of what staff write."""
        channel = self._parts.channels.get(conversation.key.channel)
        if channel is None or not channel.event_log or not settings.follow_up_seconds:
            return ()
        return (SetTimer(case.id, TimerKind.FOLLOW_UP, settings.follow_up_seconds, keep=True),)

    def _decision(
        self,
        case: Case,
        conversation: Conversation,
        told: list[NewMessage],
        records: tuple[CaseRecord, ...],
        said: tuple[NewMessage, ...] = (),
        transition: Transition | None = None,
        last_seq: int | None = None,
    ) -> TimerDecision:
        epoch = conversation.ownership_epoch
        home = CrossConversationWrite(conversation.key, said, transition, ownership_epoch=epoch, last_seq=last_seq)
        return TimerDecision((posts.in_thread(self._parts.desk_channel.account, case.id, told), home), records)

    async def _rests(self, case: Case, conversation: Conversation, facts: Mapping[str, Any]) -> bool:
        """Whether staff wait for somebody, and nobody for staff."""
        return ShownCase(case.id, facts, False).status in PAUSING and not await self._waits(conversation)

    async def _waits(self, conversation: Conversation) -> bool:
        said = LastSaid(self._parts.records, self._parts.cases)
        return await said.waits_since(conversation, ()) is not None

    async def _facts(self, case: Case) -> Mapping[str, Any]:
        return await self._parts.cases.card(self._parts.desk_channel.account, case.id)

    def _now(self, settings: HandoffSettings) -> Waiting:
        return Waiting(settings, self._parts.clock.now())

    def _waited(self, timer: Timer) -> str:
        return long(self._parts.clock.now().timestamp() - _since(timer))

    def _say(self, key: str, *, name: str = "", waited: str = "") -> str:
        return say(key, self._settings.staff_locale, name=name, waited=waited)


def _since(timer: Timer) -> float:
    return float(timer.detail) if timer.detail else timer.set_at.timestamp()
