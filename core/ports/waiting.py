"""The customers who wait for a person, as operators see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.domain.keys import ConversationKey
from core.ports.outcomes import CaseRecord, CrossConversationWrite


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
