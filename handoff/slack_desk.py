"""The desk of a company whose staff are in Slack: customers write into a thread, and what its owner writes there comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.case import Case, feed
from core.domain.conversation import Conversation, Escalation
from core.domain.customer import ContactDetails, Customer
from core.domain.messages import Author, Message, MessageKind
from core.ports.cases import Cases
from core.ports.clock import Clock
from core.ports.desk import DeskReply, ForStaff
from core.ports.store import Aside, CloseCase, NewMessage, OpenCase, TurnOutcome, TurnState
from handoff import posts
from handoff.people import People
from handoff.settings import HandoffSettings
from handoff.staff_turn import StaffTurn, Wall
from handoff.texts import say
from handoff.unstaffed_desk import UnstaffedDesk


class DeskRecords(Protocol):
    """What the desk reads of conversations."""

    async def conversation(self, conversation_id: str) -> Conversation | None: ...

    async def customer(self, conversation_id: str) -> Customer | None: ...

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What it works with. ``wall``: the place that staff look at."""

    records: DeskRecords
    cases: Cases
    people: People
    wall: Wall
    clock: Clock


class SlackDesk:
    """Implements Desk. It decides and writes nothing: all that follows is committed with the turn that it belongs to."""

    def __init__(self, parts: DeskParts, settings: HandoffSettings) -> None:
        self._parts = parts
        self._settings = settings
        self._words = UnstaffedDesk(settings)

    def contact(self, turn: TurnState) -> ContactDetails | None:
        """See Desk.contact."""
        return self._words.contact(turn)

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """See Desk.transfer_notice."""
        text = say(
            "staffed_transfer",
            turn.conversation.locale or turn.customer.locale,
            fallback=self._settings.default_locale,
        )
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta={"desk_notice": "staffed_transfer"})

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        """See Desk.taken_back_notice."""
        return self._words.taken_back_notice(turn)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.opened: the card, and below it what was said so far."""
        last = await self._parts.cases.last_case(turn.conversation.id)
        return self._open(turn, escalation, said, number=last.number + 1 if last else 1)

    async def relay(self, turn: TurnState) -> DeskReply:
        """See Desk.relay: into the thread, in order; what happened to earlier messages as well."""
        case = await self._parts.cases.open_case(turn.conversation.id)
        if case is None:
            return await self._reopened(turn)
        copies = await self._parts.cases.copies([change.message.id for change in turn.changes])
        shown = [(message.seq, posts.said(message, turn.customer.display_name)) for message in turn.pending]
        shown += [
            (change.seq, posts.changed(change, copies.get(change.message.id), turn.customer.display_name))
            for change in turn.changes
        ]
        told = [post for _, post in sorted(shown, key=lambda one: one[0])]
        return DeskReply((), self.contact(turn), ForStaff((self._in_thread(case.id, told),)))

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.taken_back."""
        case = await self._parts.cases.open_case(turn.conversation.id)
        if case is None:
            return ForStaff()
        told = [posts.said(message, turn.customer.display_name) for message in turn.pending]
        told.append(posts.remark(say("staff_taken_back", self._settings.staff_locale)))
        return ForStaff((self._in_thread(case.id, told),), (CloseCase(case.id),))

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff."""
        parts = self._parts
        case_id = await parts.wall.case_of(turn.conversation.key)
        case = await parts.cases.case(case_id) if case_id else None
        conversation = await parts.records.conversation(case.conversation_id) if case else None
        customer = await parts.records.customer(case.conversation_id) if case else None
        if case is None or conversation is None or customer is None:
            return TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)
        first = await parts.records.messages(feed(parts.wall.account, case.id).conversation_id, limit=1)
        facts = first[0].meta.get("facts", {}) if first else {}
        work = StaffTurn(turn, case, conversation, customer, facts, parts.people, parts.cases, self._settings)
        return await work.outcome(parts.wall.account)

    async def _reopened(self, turn: TurnState) -> DeskReply:
        """Written soon after a person had resolved it: the same case again, or one of a time before the desk was there."""
        last = await self._parts.cases.last_case(turn.conversation.id)
        escalation = Escalation(say("staff_reopened", self._settings.staff_locale), requested_by="customer")
        if last is None:
            notice = self.transfer_notice(turn)
            return DeskReply((notice,), self.contact(turn), self._open(turn, escalation, (notice,), number=1))
        told = [posts.remark(escalation.reason)]
        told += [posts.said(message, turn.customer.display_name) for message in turn.pending]
        return DeskReply((), self.contact(turn), ForStaff((self._in_thread(last.id, told),), (OpenCase(last),)))

    def _open(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage], number: int) -> ForStaff:
        conversation = turn.conversation
        case = Case(
            id=Case.named(conversation.id, number),
            conversation_id=conversation.id,
            number=number,
            reason=escalation.reason,
            requested_by=escalation.requested_by,
            urgency=escalation.urgency,
            opened_at=self._parts.clock.now(),
        )
        words = [message.text for message in turn.pending if message.author is Author.CUSTOMER and message.text]
        stranger = say("staff_stranger", self._settings.staff_locale)
        told = [posts.card(case, conversation, turn.customer, escalation, "\n".join(words), stranger)]
        told += posts.transcript(turn.history)
        told += [posts.said(message, turn.customer.display_name) for message in turn.pending]
        told += [posts.answered(message) for message in said]
        return ForStaff((self._in_thread(case.id, told),), (OpenCase(case),))

    def _in_thread(self, case_id: str, told: Sequence[NewMessage]) -> Aside:
        return Aside(feed(self._parts.wall.account, case_id), tuple(told))
