"""What staff do to words of theirs that went out, or are about to: edited, deleted, marked. And what a turn of theirs holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, Escalation, OwnershipState
from core.domain.customer import Customer
from core.domain.errors import NotYet
from core.domain.messages import Author, Change, ChangeKind, Message, MessageKind, StaffAction
from core.domain.readers import RECIPIENTS
from core.domain.timers import TimerKind
from core.ports.desk import DESK_NOTICE, ForStaff
from core.ports.outcomes import ClearTimers, SetTimer
from core.ports.store import CaseRecord, CrossConversationWrite, NewMessage, Recall, Transition, TurnState
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.people import sender_of
from handoff.settings import HandoffSettings
from handoff.texts import quoted, say
from handoff.thread.addressing import Addressing, again_to_those_of
from handoff.thread.altering import altered, correcting, is_whole, reacted
from handoff.thread.note_sign import begins_with
from handoff.waits.case_rules import PAUSING, ShownCase
from handoff.waits.unanswered import LastSaid
from handoff.waits.waiting import Waiting

_NAMED = 60
"""Characters by which customers know a message again."""
ON_ITS_WAY = 0.3
"""Seconds until it is looked at again what became of a message that is being sent."""


SplitsOff = Callable[[TurnState, Case, Escalation, ShownCase, str | None, str], Awaitable[tuple[ForStaff, NewMessage]]]
"""Opens a case about a subject for a team, after the one before in its conversation; and what its customer is told."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote or pressed something. ``name``: as staff read it. ``known``: whether it is theirs, or only says "our team"."""

    id: str
    name: str
    known: bool = True


class CorrectingTurn:
    """What is decided piece by piece for one case, and committed at once; here all that changes what was written before.

    Something is only ever corrected that the customer has, or may have: about a message that never reached them, nothing is
    said to them.
    """

    def __init__(
        self,
        turn: TurnState,
        case: Case,
        conversation: Conversation,
        customer: Customer,
        *,
        facts: Mapping[str, Any],
        desk: DeskParts,
        settings: HandoffSettings,
        waiting: Waiting,
        split_off: SplitsOff,
    ) -> None:
        self._turn = turn
        self._case = case
        self._conversation = conversation
        self._customer = customer
        self._facts = facts
        self._desk = desk
        self._settings = settings
        self._waiting = waiting
        self._split_off = split_off
        self._people = desk.people
        self._cases = desk.cases
        self._lately = LastSaid(desk.records, desk.cases)
        self._channel = desk.channels.get(conversation.key.channel)
        ways = (conversation, conversation.route) if conversation.route else (conversation,)
        self._quiet = any(able.costly for way in ways if (able := desk.channels.get(way.key.channel)))
        """What only says who answers now is not said to a customer whom each message costs something."""
        self._addressing = Addressing(desk.cases, conversation, customer)
        self._account = desk.desk_channel.account
        self._thread: list[NewMessage] = []
        self._customers: list[NewMessage] = []
        self._recalls: list[Recall] = []
        self._taken_back: list[str] = []
        self._records: list[CaseRecord] = []
        self._elsewhere: list[CrossConversationWrite] = []
        self._transition: Transition | None = None

    async def _who(self, message: Message) -> Person:
        person = sender_of(message)
        return self._called(person, await self._people.called(person) or message.author_name)

    def _called(self, staff_id: str, name: str | None) -> Person:
        return Person(staff_id, name or self._say("staff_somebody"), known=bool(name))

    def _to_customer(self, who: Person) -> str:
        """The name under which a customer reads them."""
        if who.known:
            return who.name
        return say("staff_somebody", self._locale, fallback=self._settings.default_locale)

    async def _changed(self, change: Change) -> None:
        """What staff did to a message of theirs that went out, or is about to."""
        copy = (await self._cases.copies([change.message.id])).get(change.message.id)
        left = change.message.text.strip() or change.message.attachments
        gone = change.kind is ChangeKind.DELETED or not left or self._is_note(change.message.text)
        refusal = None if gone else await self._refusal(change.message)
        if copy is None:
            if not gone:
                self._remark("staff_stays_inside")
        elif refusal is not None:
            self._thread.append(refusal)
        elif copy in await self._cases.waiting([copy]):
            await self._recall(copy, None if gone else change.message)
        elif copy in await self._cases.on_their_way([copy]):
            raise NotYet("The message is on its way at this moment.", seconds=ON_ITS_WAY)
        elif copy not in await self._cases.lost([copy]):
            await self._correct(change, copy, gone=gone)
        elif not gone:
            self._remark("staff_never_came")

    async def _refusal(self, message: Message) -> NewMessage | None:
        """What staff read where a message names somebody who is not in the conversation: it goes to nobody."""
        named, known = await self._addressing.strangers(message)
        if not named:
            return None
        name, locale = quoted(", ".join(named), _NAMED), self._settings.staff_locale
        return posts.remark(say("staff_inside_stranger", locale, name=name, known=", ".join(known)))

    async def _recall(self, copy: str, edited: Message | None) -> None:
        """It has not been sent: ``edited``, with whom it goes to, goes in its place. Without it the customer waits as before."""
        if edited is None:
            self._recalls.append(Recall(copy, None))
        else:
            told = await self._addressing.answer(NewMessage(Author.STAFF, edited.text, MessageKind.ANSWER), edited)
            meta = {RECIPIENTS: None, **told.meta} if told.meta else {}
            self._recalls.append(Recall(copy, edited.text, meta))
        self._remark("staff_recalled" if edited is None else "staff_corrected")
        if edited is None:
            self._taken_back.append(copy)
            await self._waits_again()

    async def _waits_again(self) -> None:
        """For the answer that the customer has lost."""
        if self._closed or self._conversation.state is not OwnershipState.STAFF:
            return
        since = await self._lately.waits_since(self._conversation, self._taken_back)
        if since is not None:
            self._records.extend(self._waiting.answers.begin(self._case.id))
        if since is not None and not await self._is_snoozed():
            self._records.extend(self._waiting.owner_silent(self._case.id, since=since.timestamp(), keep=True))

    async def _waits(self, state: OwnershipState) -> tuple[CaseRecord, ...]:
        """How an open case waits in other hands. A paused one reminds nobody, unless the customer wrote since."""
        paused = self._case_as_shown.status in PAUSING and not await self._reminds()
        if state is OwnershipState.STAFF:
            return self._waiting.for_owner(self._case.id, paused=paused)
        waits = await self._lately.waits_since(self._conversation, self._taken_back) is not None
        told = waits and not self._case.opened_by_staff
        return self._waiting.for_anybody(self._case.id, paused=paused, told=told)

    async def _reminds(self) -> bool:
        """Whether anybody is reminded of the case as it is now."""
        kinds = {one.kind for one in await self._cases.timers(self._case.id)}
        for record in self._records:
            if isinstance(record, ClearTimers):
                kinds -= set(record.kinds)
            elif isinstance(record, SetTimer):
                kinds.add(record.kind)
        return bool(kinds & {TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT})

    @property
    def _case_as_shown(self) -> ShownCase:
        return ShownCase(self._case.id, self._facts, self._conversation.state is OwnershipState.STAFF)

    async def _is_snoozed(self) -> bool:
        now = [one.kind for one in self._records if isinstance(one, SetTimer)]
        return TimerKind.SNOOZED in (*now, *(one.kind for one in await self._cases.timers(self._case.id)))

    async def _correct(self, change: Change, copy: str, *, gone: bool) -> None:
        """Too late: the customer has it, or may have it. Their copy is changed where their channel can, otherwise they are told.

        By whoever owns the conversation, and by nobody else.
        """
        who = await self._who(change.message)
        if not self._owned_by(who):
            self._remark("staff_too_late")
            return
        await self._make_right(change, copy, who, gone=gone)
        if gone:
            self._taken_back.append(copy)
            await self._waits_again()

    async def _make_right(self, change: Change, copy: str, who: Person, *, gone: bool) -> None:
        said = await self._lately.staffs(self._conversation) if gone else ()
        if any(one.id == copy and one.deleted_at is not None for one in said):
            return  # they were asked to disregard it, or have lost it, before
        done = await altered(self._cases, self._channel, copy, change.message, self._to_customer(who), gone=gone)
        if done is not None:
            self._customers.append(done)
        if done is not None and (not gone or is_whole(done, change.message)):
            self._remark("staff_deleted_there" if gone else "staff_edited_there")
            return
        text = self._withdrawal(said, copy) if gone else f"{say('correction', self._locale)} {change.message.text}"
        meta = correcting(copy, gone=gone)
        name = self._to_customer(who)
        told = NewMessage(Author.STAFF, text, MessageKind.ANSWER, author_name=name, followed=True, meta=meta)
        sent = await self._cases.said(copy)
        self._customers.append(again_to_those_of(sent, told, self._conversation) if sent else told)
        self._remark("staff_withdrawal_sent" if gone else "staff_correction_sent")

    def _withdrawal(self, said: Sequence[Message], copy: str) -> str:
        """Which one is named where it is not their last: the customer would disregard what is right."""
        this = next((one for one in said if one.id == copy), None)
        if this is None or this is said[-1] or not this.text.strip():
            return say("correction_withdrawn", self._locale)
        return say("correction_withdrawn_earlier", self._locale, text=quoted(this.text, _NAMED))

    async def _reacted(self, message: Message) -> None:
        """The owner's emoji reaches the customer where their channel has such a thing; everybody else's stays inside."""
        who = await self._who(message)
        if self._owned_by(who) and not await self._is_older(message):
            shown_at, present = str(message.meta.get("reply_to") or ""), message.action is StaffAction.REACT
            done = await reacted(self._cases, self._channel, self._account, shown_at, message.text, present=present)
            self._customers += [done] if done else []

    async def _is_older(self, message: Message) -> bool:
        """Whether it was said before its author had the conversation, however late it came: then it was not for the customer."""
        since = await self._cases.owned_since(self._account, self._case.id)
        return since is not None and message.sent_at is not None and message.sent_at < since

    def _owned_by(self, who: Person) -> bool:
        owned = self._conversation.state is OwnershipState.STAFF and self._conversation.owner == who.id
        return owned and not self._closed

    def _is_note(self, text: str) -> bool:
        return begins_with(self._settings.note_sign, text)

    @property
    def _closed(self) -> bool:
        """What is done in the thread of an old case means nothing for a conversation that may be in another by now."""
        return self._case.closed_at is not None

    async def _owner_name(self) -> str:
        owner = self._conversation.owner
        return (await self._people.called(owner) if owner else None) or self._say("staff_somebody")

    @property
    def _over(self) -> str:
        """Who has the conversation of a case that staff do not work on."""
        return "with_agent" if self._conversation.state is OwnershipState.BOT else "over"

    def _notice(self, key: str, who: Person, words: str | None = None) -> NewMessage:
        """For the customer. ``words``: the text's key, where one kind of notice has several texts."""
        name, fallback = self._to_customer(who), self._settings.default_locale
        text = say(words or key, self._locale, fallback=fallback, name=name)
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta={DESK_NOTICE: key}, followed=True)

    @property
    def _locale(self) -> str | None:
        return self._conversation.locale or self._customer.locale

    def _mark(self, message: Message, sign: str) -> None:
        self._thread.append(posts.mark(str(message.meta.get("at") or ""), sign))

    def _remark(self, key: str, name: str = "") -> None:
        self._thread.append(posts.remark(self._say(key, name)))

    def _remark_over(self, key: str) -> None:
        """The conversation is in other hands, or the case is closed; and in which case it goes on, if it does in one."""
        into = self._facts.get("merged") if self._closed else None
        there = [say("staff_goes_on_there", self._settings.staff_locale, case=into["ticket"])] if into else []
        self._thread.append(posts.remark(" ".join([self._say(f"{key}_{self._over}"), *there])))

    def _say(self, key: str, name: str = "") -> str:
        return say(key, self._settings.staff_locale, name=name)
