"""Where a conversation goes when a person is needed, who of the staff is there, and what was said summed up for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.conversation import Escalation
from core.domain.customer import ContactDetails
from core.domain.messages import Author, Message
from core.ports.store import CaseRecord, CrossConversationWrite, NewMessage, Transition, TurnOutcome, TurnState

ASKS_RATING, ASKS_COMMENT = "rating", "rating_comment"
"""``meta`` of notices that ask the customer for a rating, or for a comment on it: what comes next may be that."""
ASKED_CASE = "case"
"""``meta`` of those notices: the id of the case that they ask about."""
CASE_CLOSED = "case_closed"
"""``meta`` of what the desk says of a case that is closed: by whom. What comes next may be nothing but thanks."""
DESK_NOTICE = "desk_notice"
"""``meta`` of what the desk itself tells a customer: which of its notices it is."""
ASKS_CONTACT = "asks_contact"
"""``meta`` of notices that ask the customer for an address or a number: a bare no refuses that."""
HANDED_BACK = "handed_back"
"""``meta`` of the notice with which a person gives the conversation back to the agent: ``since`` when they had it."""


def without_ratings(messages: Iterable[Message]) -> list[Message]:
    """What was said since a case was closed, without ratings, comments, thanks and the replies to them, in its order.

    Those were shown in the case's thread as they came, so staff would read them twice when the case is opened again.
    """
    told: list[Message] = []
    handled = 0
    for one in messages:
        upto = int(one.meta.get("handled_seq") or handled)
        if CASE_CLOSED in one.meta:
            told = [said for said in told if said.author is not Author.CUSTOMER or not handled < said.seq <= upto]
        else:
            told.append(one)
        handled = upto
    return told


@dataclass(frozen=True, slots=True)
class ForStaff:
    """What staff are told, and what becomes of the case, committed with the turn that says so."""

    cross_writes: tuple[CrossConversationWrite, ...] = ()
    cases: tuple[CaseRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskReply:
    """What the desk says to the customer at once (notices only), the contact details that it understood, and for staff.

    ``transition``: what becomes of the conversation with it.
    """

    messages: tuple[NewMessage, ...] = ()
    contact: ContactDetails | None = None
    staff: ForStaff = ForStaff()
    transition: Transition | None = None


class Desk(Protocol):
    """Takes customer messages of conversations that are queued or owned by staff."""

    def leaves_to_agent(self, turn: TurnState) -> bool:
        """Whether the agent goes on answering a queued conversation, because nobody is there who could take it."""

    async def relay(self, turn: TurnState) -> DeskReply:
        """The pending messages, in order. Called again after a crash, so it must be idempotent by message id."""

    def contact(self, turn: TurnState) -> ContactDetails | None:
        """Contact details in the pending messages, to be committed with a transition: its notice relies on them."""

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads when the transition to a person is committed, true at that moment."""

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        """A transfer notice with the number of the ticket that is opened with the transition, where there is one.

        ``meta["ticket"]`` has it too. The same turn run again gets the same number.
        """

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads when they have taken back their wish before anybody claimed the conversation."""

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """The conversation comes to staff with this turn, which says ``said`` to the customer."""

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        """The customer needs nobody any more, and this turn says ``said`` to them."""

    async def rated(self, turn: TurnState) -> DeskReply | None:
        """Where the pending messages are only what the customer was just asked for, a rating or a comment on it, or thanks.

        What they wrote had opened the conversation again; the reply closes it. A score that was pressed (RATE) opens and closes
        nothing. None for everything else: then it stays open.
        """

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """A turn of a conversation of staff: what they wrote and pressed. Raises NotYet, and errors that are tried again."""


@dataclass(frozen=True, slots=True)
class Point:
    """One line of a summary. ``about``: the id of the message that it rests on."""

    text: str
    about: str


class Summarizer(Protocol):
    """Never raises, and never takes longer than a customer should wait for it: what was said can always be quoted instead."""

    async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
        """Points by what they say: ``asked``, ``tried`` and ``last``. Those that cannot be believed are not there."""


class Roster(Protocol):
    """What the staff's platform knows. Every method raises ChannelError."""

    async def who_reads(self, case_id: str) -> Collection[str]:
        """The ids of everybody who is where that case is shown. Raises StoreUnavailable as well."""

    async def is_staff(self, staff_id: str, *, is_there: bool) -> bool:
        """Whether they work here; ``is_there``: and are not away just now."""

    async def named_in(self, words: Sequence[str]) -> Sequence[str]:
        """The ids of those whom these words name, by an id of the platform or an e-mail address, in that order."""
