"""What is kept about cases beside how they stand: where they were shown, what a customer came with before, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.domain.approvals import Approval
from core.domain.customer import Customer
from core.domain.issues import Issue
from core.domain.keys import ConversationKey
from core.domain.messages import Author
from core.domain.ticket import Ticket
from core.ports.cases import NamedCases


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case of a customer's, with its ticket and what they thought of it, where there is any."""

    number: int
    reason: str
    opened_at: datetime
    closed_at: datetime | None = None
    ticket: str | None = None
    ticket_status: str | None = None
    score: int | None = None
    comment: str | None = None
    ticket_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastConversation:
    """``first``: the first words of the customer's. ``messages``: how many were said by anybody.

    ``tickets``: those that no case made.
    """

    id: str
    key: ConversationKey
    began_at: datetime
    first: str
    messages: int
    cases: tuple[PastCase, ...] = ()
    tickets: tuple[Ticket, ...] = ()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a case's audit log.

    ``what``: an ownership event (``from_state`` and ``to_state`` are set), or ``relayed``, ``note``. ``author``: whose words
    ``text`` are. ``actor``: the staff member's id where one did it. ``delivery``: what became of what was relayed.
    ``route``: by which channel and to whom it went, where that is not the customer's own. ``ticket``: the number of the ticket
    of whose history it is; then ``what`` is an EntryKind, and ``actor`` may be the customer, the agent or a rule.
    """

    at: datetime
    what: str
    actor: str | None = None
    author: Author | None = None
    text: str = ""
    from_state: str | None = None
    to_state: str | None = None
    owner: str | None = None
    delivery: str | None = None
    route: tuple[str, str] | None = None
    ticket: str | None = None


class CaseFiles(NamedCases, Protocol):
    """Every method is one read, and raises StoreUnavailable."""

    async def shown_at(self, conversation_id: str, places: Sequence[int]) -> Mapping[int, str]:
        """The provider's first id of each message of a conversation at these places, where it was sent."""

    async def queued_since(self, conversation_id: str) -> datetime | None:
        """When it last came into the queue."""

    async def past(
        self, customer: Customer, conversation_id: str, *, offset: int, limit: int
    ) -> Sequence[PastConversation]:
        """A customer's conversations on every channel, the newest first; of who has proved nothing that one alone."""

    async def issues(self, account: str, case_id: str) -> Sequence[Issue]:
        """Those that the case follows in the company's tracker, as the desk of ``account`` was told of them last."""

    async def approvals(self, account: str, case_id: str) -> Sequence[Approval]:
        """Those of the case, the oldest first, as the desk of ``account`` was told of them last."""

    async def case_log(self, case_id: str) -> Sequence[LogEntry]:
        """Every change of owner, every relayed message, every note and every change of a ticket, in order.

        Of the case's own ticket, and of those that the agent opened in the conversation meanwhile.
        """
