"""The durable state: inbox, turns, outbox. Every method is one transaction, and set-based so that callers can batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from core.domain.analysed_text import shorten_earlier, shorten_together
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.capabilities import AnswersBy, Pace
from core.domain.conversation import Conversation, OwnershipState, Sharing
from core.domain.customer import Customer, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.disclosure import Reader
from core.domain.heard import as_if_written
from core.domain.keys import ConversationKey
from core.domain.messages import (
    ANSWERS_TO,
    CAME_BY,
    CAUTION,
    COLLEAGUE,
    PRIVATELY,
    SHARED,
    Author,
    Change,
    InboundEvent,
    Message,
    RawEvent,
    Receipt,
)
from core.domain.readers import Recipient, common_recipients
from core.ports.channel import Accepted
from core.ports.event_log import EventLog
from core.ports.journal import Journal
from core.ports.lanes import ClaimedDeliveries, Delivery, FinishedTurns, LaneOffer
from core.ports.outcomes import (
    CaseRecord,
    Claim,
    CloseCase,
    CrossConversationWrite,
    Finished,
    KeepComment,
    KeepRating,
    NewMessage,
    OpenCase,
    Recall,
    Transition,
    TurnOutcome,
)
from core.ports.surroundings import Paces


@dataclass(frozen=True, slots=True)
class Acceptable:
    """One event on its way in. ``in_log``: the channel's customers read the hub's event log. ``window``: seconds for an album.

    ``rates``: a thumb on an answer is a rating of it. ``follow_up``: how it may answer what was said in another conversation.
    """

    event: InboundEvent
    raw: RawEvent | None = None
    in_log: bool = False
    window: float = 0.0
    correlation: str | None = None
    rates: bool = True
    follow_up: AnswersBy | None = None


@dataclass(frozen=True, slots=True)
class TurnState:
    """Everything a turn needs, read in one transaction: pending messages and the history before them.

    Pending are the customer's, in a conversation of staff theirs. Where several customers write, pending is what one of them
    wrote in a row, ``customer`` is that one, and what follows is another turn's (ADR 12). ``changes``: what happened to messages
    since the last turn, where a copy of them was shown to somebody else. ``files``: those that may be disclosed to the customer.
    ``addresses``: of those who wrote, by the customer's id, as their channel knows them.
    ``restarted``: the turn was begun anew once already because the conversation had grown, and is not again.
    ``has_journal``: an earlier try of the turn may have called tools; false where the claim saw that none did.
    """

    claim: Claim
    conversation: Conversation
    customer: Customer
    pending: tuple[Message, ...]
    history: tuple[Message, ...]
    files: tuple[Attachment, ...] = ()
    changes: tuple[Change, ...] = ()
    restarted: bool = False
    addresses: Mapping[str, str] = field(default_factory=dict)
    has_journal: bool = True

    @property
    def is_private(self) -> bool:
        """Whether only the customer can read the answer. Over a route, anybody with access to that address can (ADR 9)."""
        never_shared = self.conversation.shared is Sharing.NEVER
        return never_shared and not any(CAME_BY in message.meta for message in self.pending)

    @property
    def comes_back(self) -> bool:
        """Whether the customer writes soon after a person resolved their case, so that it goes on where a person is needed.

        Not where somebody else may have written it, nor where it was written before the end.
        """
        home, until = self.conversation, self.conversation.reopen_until
        if home.state is not OwnershipState.BOT or until is None or any(CAUTION in one.meta for one in self.pending):
            return False
        return any(message.created_at < until for message in self.pending)

    def author_of(self, message: Message) -> str:
        """The id of the customer who wrote the message or, for an answer, of the customer who was answered."""
        return message.customer_id or self.conversation.customer_id

    @property
    def last_told(self) -> Message | None:
        """What was said last to the author: not by a colleague who writes in the thread, nor in private to somebody else."""
        for message in reversed(self.history):
            to_another = PRIVATELY in message.meta and message.meta.get(ANSWERS_TO) != self.customer.external_id
            if message.author is not Author.CUSTOMER and COLLEAGUE not in message.meta and not to_another:
                return message
        return None

    @property
    def reader(self) -> Reader:
        """The customer who is answered, and who else reads the answer."""
        addresses = frozenset([self.customer.external_id, *(one["address"] for one in self.recipients)])
        return Reader(self.customer.id, not any(SHARED in message.meta for message in self.pending), addresses)

    @property
    def recipients(self) -> Sequence[Recipient]:
        """Whom the agent's answer goes to, where the messages name their readers. An unproven author is answered alone."""
        return common_recipients([one.meta for one in self.pending]) if self.customer.verified and self.pending else ()

    def as_read(self) -> TurnState:
        """Shorten what customers wrote, and said in recordings, to as much as is analysed (`core.domain.analysed_text`)."""
        earlier = (
            shorten_earlier(as_if_written(one)) if one.author is Author.CUSTOMER else one for one in self.history
        )
        pending = shorten_together(tuple(map(as_if_written, self.pending)))
        return replace(self, pending=pending, history=tuple(earlier))

    def with_history_for_reader(self) -> TurnState:
        """Drop from the history what must not be disclosed to the customer who is answered. For staff use the whole history."""
        reader, home = self.reader, self.conversation
        known = (one for one in self.history if reader.may_read(home, one.author, one.customer_id, one.meta))
        return replace(self, history=tuple(known))

    def with_history_of_author(self) -> TurnState:
        """Drop from the history what other customers wrote and what the agent answered them."""
        ours = (Author.STAFF, Author.SYSTEM)
        theirs = (one for one in self.history if one.author in ours or self.author_of(one) == self.customer.id)
        return replace(self, history=tuple(theirs))


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a try ended. ``retry_after`` in seconds for a retry; ``receipts`` for the parts sent in this try, in order.

    ``conversation_pause``: seconds before the next message of the same conversation may be sent.
    ``authorised``: False when the lane was tried in vain because its credentials are refused, True when they work again.
    ``counts``: whether it was a try at all; what follows one that was not waits no longer than before.
    """

    delivery_id: str
    token: str
    status: DeliveryStatus
    receipts: tuple[Receipt, ...] = ()
    error: str | None = None
    retry_after: float | None = None
    uncertain: bool = False
    possible_duplicate: bool = False
    conversation_pause: float = 0.0
    authorised: bool | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be delivered, as a person sees it."""

    id: str
    conversation: ConversationKey
    text: str
    error: str
    attempts: int
    died_at: datetime


MANY_ATTEMPTS: Final = 3
"""Failures and lost leases in a row, from which on operators are told of a conversation and each loss costs it a longer pause."""


class Inbox(Protocol):
    """The accept path."""

    async def accept(self, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        """One commit for all. An item's own fault (SessionEnded, InvalidInput) is returned in its place; the rest commit.

        Raises StoreUnavailable when nothing was committed.
        """

    async def quarantine(self, raw: RawEvent, reason: str) -> None: ...


class Turns(Protocol):
    """Work on conversations under a lease and a fence."""

    async def claim(self, limit: int, lease: float, *, history: int) -> Sequence[TurnState]:
        """Conversations with pending messages, not leased by anybody, oldest first; each claim raises the epoch,
        and one that follows a lease that ran out counts an attempt. From ``MANY_ATTEMPTS`` on the next loss costs a pause, longer
        with each, so that what kills its worker does not take the others' work with it all the time.

        Each comes with its pending messages and up to ``history`` messages before them, without those withheld.
        """

    async def extend(self, claims: Sequence[Claim], lease: float) -> frozenset[str]:
        """Heartbeat. The conversation ids that are still held; the others belong to somebody else."""

    async def finish(self, outcomes: Sequence[TurnOutcome], lanes: Sequence[LaneOffer] = ()) -> FinishedTurns:
        """One commit for all; not ``held`` where the fence had moved (nothing of that outcome was written).

        What can be sent at once by one of the ``lanes`` is marked ``sending`` for it.
        """

    async def postpone(self, claim: Claim, *, delay: float, error: str, counts: bool = True) -> bool:
        """Give the claim back after a failure, not to be claimed again for ``delay`` seconds.

        It ``counts`` as an attempt unless the failure had nothing to do with this conversation.
        """

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give claims back untouched, without counting an attempt (graceful stop)."""


class Outbox(Paces, Protocol):
    """Sending, with head-of-line order inside each conversation."""

    async def claim_deliveries(
        self, channel: str, account: str, limit: int, lease: float, pace: Pace | None = None
    ) -> ClaimedDeliveries:
        """Due rows, marked ``sending`` in the same transaction that compared their ownership epoch under the row lock.

        Rows whose conversation changed hands become ``withheld``, except those in doubt: they come with ``owner_changed``.
        What was shown of withheld ones is taken back: the result says where. For each, one call is taken from the account's
        ``pace``; where that has none left, rows stay due.
        Rows left ``sending`` past their deadline by a dead worker come back with ``uncertain`` set.
        """

    async def extend_deliveries(self, held: Mapping[str, str], lease: float) -> frozenset[str]:
        """Heartbeat for sends that take long: the ids of ``held`` (delivery id to token) that nobody has taken over."""

    async def mark_doubled(self, delivery_id: str, token: str) -> bool:
        """It is about to be sent though an earlier try may have arrived. Kept before that: who dies then tells nobody.

        False when somebody else holds the row by now: then it must not be sent here.
        """

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        """One commit for all; a settlement whose token was taken over is ignored.

        True when one of these conversations has a further message to send, which this one was holding back.
        """

    async def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]: ...

    async def bury_stale(self, older_than: float, served: Collection[tuple[str, str]] = ()) -> int:
        """Make dead letters of rows that could have been sent for that many seconds. How many.

        ``served``: accounts by channel that have a lane; it tries what an outage left behind, and gives up by itself.
        What waits for refused credentials could not be sent, for as long as somebody goes on trying them.
        """

    async def revive(self, delivery_id: str) -> bool:
        """Send a dead letter again. False when there is none of that id."""


class Records(Protocol):
    """Reads and small writes beside the message path."""

    async def conversation(self, conversation_id: str) -> Conversation | None: ...

    async def customer(self, conversation_id: str, case_id: str | None = None) -> Customer | None:
        """Who began the conversation; with a ``case_id``, the one for whom that case was opened."""

    async def end_conversation(self, key: ConversationKey, sender: Identity) -> None:
        """The customer is done: later messages are refused with SessionEnded. Where people have it, they are told (a Change)."""

    async def add_attachment(self, conversation_id: str, attachment: Attachment) -> None: ...

    async def attachment(self, attachment_id: str) -> tuple[str, Attachment] | None:
        """The conversation id and the file."""

    async def set_extraction(
        self, attachment_id: str, status: ExtractionStatus, text: str | None, error: str | None
    ) -> None:
        """What became of a file that was pending. A text counts whenever it comes, a failure only if there is none."""

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...

    async def customer_messages(self, channel: str, account: str, external_id: str, limit: int) -> Sequence[Message]:
        """A customer's messages over all their conversations on that account, newest conversations first, with what was
        answered to them; of others who wrote there too, nothing.

        Without what has not reached them: withheld, a dead letter, or still to be sent.
        """

    async def record_feedback(self, conversation_id: str, message_id: str, rating: str, comment: str | None) -> bool:
        """The last one counts. False when that conversation holds no such agent message."""

    async def counts(self) -> Mapping[str, int]:
        """Depth gauges: pending and unreadable conversations, due and dead deliveries, quarantined events."""

    async def ping(self) -> None:
        """Raises StoreUnavailable."""


class Store(Inbox, Turns, Outbox, Records, Journal, EventLog, Protocol):
    """All of it, as the composition root hands it out. Users depend on the part that they need."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


__all__ = [
    "Acceptable",
    "CaseRecord",
    "Claim",
    "CloseCase",
    "CrossConversationWrite",
    "DeadLetter",
    "Delivery",
    "Finished",
    "Inbox",
    "KeepComment",
    "KeepRating",
    "NewMessage",
    "OpenCase",
    "Outbox",
    "Recall",
    "Records",
    "Settlement",
    "Store",
    "Transition",
    "TurnOutcome",
    "TurnState",
    "Turns",
]
