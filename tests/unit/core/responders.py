"""Responders and desks that do what a test wants."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.domain.case import Case, feed
from core.domain.conversation import Escalation, OwnershipEvent
from core.domain.customer import ContactDetails
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind
from core.ports.desk import DeskReply, ForStaff
from core.ports.responder import Reply, TurnEvents
from core.ports.store import CloseCase, CrossConversationWrite, NewMessage, OpenCase, Transition, TurnOutcome, TurnState

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
Work = Callable[[TurnState, str, TurnEvents], Awaitable[Reply]]


class Echo:
    """Answers with what was asked. ``gate`` holds it; ``work`` replaces it; ``running`` counts by conversation."""

    def __init__(self, work: Work | None = None) -> None:
        self.work = work
        self.gate: asyncio.Event | None = None
        self.running: Tally[str] = Tally()
        self.most_in_one: int = 0
        self.most_at_once: int = 0
        self.turns: list[str] = []
        self.cancelled: list[str] = []

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See core.ports.responder.Responder."""
        self.turns.append(turn_id)
        self.running[turn.conversation.id] += 1
        self.most_in_one = max(self.most_in_one, *self.running.values())
        self.most_at_once = max(self.most_at_once, self.running.total())
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.work is not None:
                return await self.work(turn, turn_id, events)
            return reply(" + ".join(message.text for message in turn.pending))
        except asyncio.CancelledError:
            self.cancelled.append(turn_id)
            raise
        finally:
            self.running[turn.conversation.id] -= 1


def reply(
    text: str,
    *,
    kind: MessageKind = MessageKind.ANSWER,
    escalation: Escalation | None = None,
    besides: Reply | None = None,
) -> Reply:
    """An answer."""
    return Reply(text, kind, confidence=0.91234, escalation=escalation, intent="test", besides=besides)


def sorry(_turn: TurnState) -> Reply:
    """What is said when a turn cannot be completed."""
    return Reply("Something went wrong. Shall a person help?", MessageKind.FAILURE, offers_person=True)


class NotedDesk:
    """Implements core.ports.desk.Desk and notes what it is given."""

    def __init__(self, *, attended: bool = True) -> None:
        self.relayed: list[str] = []
        self._attended = attended

    def leaves_to_agent(self, turn: TurnState) -> bool:
        """Where nobody is there."""
        return not self._attended

    async def relay(self, turn: TurnState) -> DeskReply:
        """Say that it was taken down."""
        self.relayed.extend(message.text for message in turn.pending)
        return DeskReply((NewMessage(Author.SYSTEM, "Passed on.", MessageKind.NOTICE),), self.contact(turn))

    def contact(self, turn: TurnState) -> ContactDetails | None:
        """A message with an @ is an address."""
        found = [message.text for message in turn.pending if "@" in message.text]
        return ContactDetails(email=found[-1]) if found else None

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads."""
        return NewMessage(Author.SYSTEM, "A person will answer.", MessageKind.NOTICE)

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        """A number that is easy to find again."""
        return replace(notice, meta={**notice.meta, "ticket": "TKT-1"})

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads when they need nobody any more."""
        return NewMessage(Author.SYSTEM, "Back to the agent.", MessageKind.NOTICE)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """A line for staff."""
        case = Case(
            Case.named(turn.conversation.id, 1), turn.conversation.id, 1, escalation.reason, "agent", "normal", NOW
        )
        line = NewMessage(Author.SYSTEM, escalation.reason, MessageKind.NOTICE)
        return ForStaff((CrossConversationWrite(feed("main", case.id), (line,)),), (OpenCase(case),))

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        """The case is over."""
        return ForStaff(cases=(CloseCase(Case.named(turn.conversation.id, 1)),))

    async def rated(self, turn: TurnState) -> DeskReply | None:
        """A bare digit is a rating."""
        if not all(message.text.isdigit() for message in turn.pending):
            return None
        thanks = NewMessage(Author.SYSTEM, "Thanks.", MessageKind.NOTICE)
        return DeskReply((thanks,), transition=Transition(OwnershipEvent.RESOLVE))

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """All of it is taken down."""
        self.relayed.extend(f"staff: {message.text}" for message in turn.pending)
        return TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)


class ClaimingDesk(NotedDesk):
    """Whatever staff say: Grace takes that conversation of a customer's."""

    def __init__(self, home: ConversationKey) -> None:
        super().__init__()
        self._home = home

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """A claim, decided on the conversation as it was at first."""
        taken = CrossConversationWrite(
            self._home, transition=Transition(OwnershipEvent.CLAIM, owner="grace"), ownership_epoch=0
        )
        return TurnOutcome(turn.claim, turn.conversation.last_seq, cross_writes=(taken,))
