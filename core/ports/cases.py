"""What the desk and operators read of cases and of who waits; what they change is committed with what decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.domain.customer import Writer
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Message
from core.domain.timers import Timer
from core.ports.outcomes import CaseRecord, CrossConversationWrite


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A customer's message that staff were shown: its author, by id and by their id on the channel, and its ``meta``."""

    customer_id: str
    external_id: str
    meta: Mapping[str, Any]


class NamedCases(Protocol):
    """Which case a name means. Raises StoreUnavailable."""

    async def case_named(self, name: str) -> str | None:
        """The id of the case with that id or that ticket number."""


class Cases(NamedCases, Protocol):
    """Every method is one read, and raises StoreUnavailable."""

    async def open_case(self, conversation_id: str) -> Case | None:
        """The one that is not closed."""

    async def last_case(self, conversation_id: str) -> Case | None:
        """The newest, open or closed."""

    async def case(self, case_id: str) -> Case | None: ...

    async def case_shown_at(self, account: str, provider_id: str) -> str | None:
        """The id of the case of which this message of the desk's platform tells; None when the hub did not write it."""

    async def shown_as(self, message_ids: Sequence[str]) -> Mapping[str, str]:
        """The provider's first id of each of these messages that was sent and is tracked."""

    async def parts(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The provider's ids of all parts of each of these messages, in the order in which they were sent."""

    async def copied_from(self, account: str, provider_id: str) -> str | None:
        """The customer's message that this one of the desk's shows, by its provider's id; None where it shows none."""

    async def first_shown(self, conversation_id: str) -> str | None:
        """The provider's id of the conversation's first message that was sent."""

    async def copies(self, message_ids: Sequence[str]) -> Mapping[str, str]:
        """The message that passes each of these on, where one does."""

    async def said(self, message_id: str) -> Message | None:
        """A message as it is stored, without its files."""

    async def said_with(self, event: EventKey) -> Message | None:
        """What was written or filled in with this event; None where it was never stored."""

    async def waiting(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of these messages that nobody has begun to send."""

    async def lost(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of these messages that certainly did not reach the customer: withheld, or refused for good."""

    async def on_their_way(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of these messages that are being sent for the first time at this moment."""

    async def still_to_come(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of these messages that have not reached the customer, and that nobody has given up."""

    async def written_since(self, conversation_id: str, moment: datetime) -> datetime | None:
        """When the customer first wrote after that moment; None where they have not."""

    async def read_by_staff(self, conversation_id: str, moment: datetime) -> Sequence[ReadMessage]:
        """The last 50 messages that staff had been shown by then, of customers whom they have not blocked; the newest first."""

    async def writers(self, conversation_id: str) -> Sequence[Writer]:
        """The customers who wrote in the conversation, by their addresses, whoever wrote last first; at most 100."""

    async def card(self, account: str, case_id: str) -> Mapping[str, Any]:
        """What stands on its card at the desk of ``account``, as it was shown last; nothing where it has none.

        With the ticket's status, priority, category and fields and the end of its snooze as they are now.
        """

    async def owned_since(self, account: str, case_id: str) -> datetime | None:
        """When its owner took it or was given it, as the feed of ``account`` says; None where it does not."""

    async def timers(self, case_id: str) -> Sequence[Timer]:
        """What is to be done about it when a time has come."""

    async def rating(self, case_id: str) -> tuple[int, str | None] | None:
        """What the customer thought of it, from 1 to 5, and their comment."""

    async def being_sent(self, conversation_id: str) -> int:
        """How many of the agent's messages are on their way to the provider at this moment."""


@dataclass(frozen=True, slots=True)
class WaitingCustomer:
    """``id``: of the open case, or of the conversation where no desk has opened one. ``since``: when a person was asked for.

    ``address``: theirs on the channel, where that is an address or a number. ``email`` and ``phone`` are what they left.
    """

    id: str
    since: datetime
    channel: str
    name: str | None
    email: str | None
    phone: str | None
    address: str | None
    reason: str
    last_words: str


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case in a list of the desk's. ``since``: when a person was asked for last. ``team``: which the case is for.

    ``shown_at``: the provider's id of the message that its thread begins with. ``is_overdue``: a reminder of it was due.
    """

    id: str
    ticket: str | None
    customer: str | None
    key: ConversationKey
    state: OwnershipState
    owner: str | None
    since: datetime
    team: str | None
    shown_at: str | None
    is_overdue: bool


class CaseLists(Protocol):
    """Each method is one read, and raises StoreUnavailable."""

    async def queue_of(self, account: str, heard_by: str, owner: str, limit: int) -> Sequence[ListedCase]:
        """Open cases that ``owner`` has, that nobody has, or that are overdue: theirs first, then the longest waiting.

        ``account``: the desk's; ``heard_by``: of the channel through which staff write.
        """

    async def cases_with(self, account: str, heard_by: str, words: Sequence[str], limit: int) -> Sequence[ListedCase]:
        """Cases that have each of the words in their ticket, their customer's name or address, or what was said.

        Only the newest cases are looked through, and the case whose ticket has the first word as its number.
        """


class WaitingCustomers(Protocol):
    """Each method is one transaction, and raises StoreUnavailable."""

    async def who_waits(self, limit: int) -> Sequence[WaitingCustomer]:
        """Those of queued conversations, the longest waiting first."""

    async def open_cases(self, after: str, limit: int) -> Sequence[Case]:
        """Cases that are not closed, by their ids; those behind ``after``."""

    async def decide(self, cross_writes: Sequence[CrossConversationWrite], cases: Sequence[CaseRecord]) -> bool:
        """Commit what an operator decided. False where a conversation changed hands since: then nothing is written."""
