"""What is kept about cases beside how they stand: where they were shown, their past and log, approvals and issues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from core.domain.approvals import Approval, ApprovalState
from core.domain.conversation import Conversation
from core.domain.customer import Customer
from core.domain.issues import Issue
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message
from core.domain.ticket import Ticket
from core.ports.cases import NamedCases
from core.ports.store import TurnState


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


@dataclass(frozen=True, slots=True)
class ApprovedCall:
    """How a call ended. ``told``: what the tool, or who declined it, said. ``for_customer``: words that the customer may read.

    ``changed``: it did not run because it is no longer proven who the customer is.
    """

    state: ApprovalState
    told: str = ""
    for_customer: str = ""
    changed: bool = False


class ApprovedCalls(Protocol):
    """Every method raises StoreUnavailable."""

    async def has_begun(self, approval: Approval) -> bool:
        """Whether its call was begun, by a process that died before it could tell how it ended."""

    async def run(self, turn: TurnState, approval: Approval, home: Conversation) -> ApprovedCall | None:
        """Run its call, once however often this is done. None where its tool is not there now, and nothing was done.

        ``turn``: the staff's; ``home``: the customer's conversation. Raises LostClaim, and NotYet while the tool may still come.
        """


@dataclass(frozen=True, slots=True)
class NoIssue:
    """Why none is followed. ``outcome``: ``failed``; ``unknown`` where there may be a new one, as nobody knows how the call
    ended; ``many`` where there is no room. ``written``: what was filled in.
    """

    outcome: Literal["failed", "unknown", "many"]
    written: str
    why: str = ""


class CaseIssues(Protocol):
    """Every method raises StoreUnavailable."""

    async def issues(self, case_id: str) -> Sequence[Issue]:
        """Those that a case follows, the oldest first."""

    async def create_or_link(self, turn: TurnState, order: Message, case_id: str, *, room: bool) -> Issue | NoIssue:
        """Create or find the issue of a form, and follow it: from now on the case is told what its tracker says of it.

        The same turn run again creates no other. ``room``: whether the case may follow one more. Raises LostClaim.
        """

    async def latest(self, news: Issue, case_id: str) -> Issue:
        """How the issue stands by all that was heard of it. The case is to be told that: from now on only what differs from it
        is passed on to the case.
        """

    async def last_owner(self, case_id: str) -> str | None:
        """The staff member who closed the case, or else had it last."""
