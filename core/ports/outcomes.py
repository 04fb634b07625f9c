"""What turns decide, as values: what is said where, who owns it now, what becomes of a case. One commit makes it true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.domain.attachments import Attachment
from core.domain.case import Case
from core.domain.contact_route import Contacted, ContactRoute
from core.domain.conversation import Escalation, OwnershipEvent
from core.domain.customer import ContactDetails, Identity
from core.domain.gaps import Unanswered
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind
from core.domain.ticket import TicketPriority, TicketStatus
from core.domain.timers import TimerKind
from core.ports.tickets import TicketChange


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a conversation until the lease ends; ``epoch`` is the fence that every write checks.

    ``answers_to``: the last place that the turn knows; a write that checks it fails where the conversation has grown since.
    """

    conversation_id: str
    epoch: int
    answers_to: int | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that a turn, the desk or a transition wants to be stored and delivered.

    ``relays``: the id of the message in another conversation that it passes on. ``delay``: seconds before it is sent.
    ``followed``: staff are told when it does not arrive, as they are of what is passed on from them. ``route``: it goes there
    and nowhere else. ``overtakes``: messages of the same conversation that wait to be sent, and that go behind this one.
    ``customer_id``: whom it answers, where that is not whom its turn answers.
    """

    author: Author
    text: str
    kind: MessageKind
    author_name: str | None = None
    citations: tuple[Citation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    turn_id: str | None = None
    relays: str | None = None
    delay: float = 0.0
    followed: bool = False
    route: ContactRoute | None = None
    overtakes: tuple[str, ...] = ()
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of ownership, guarded by the state machine. ``owner`` names the person where the event has one.

    ``reopen_within``: seconds in which the case goes on where the customer needs a person again (where a person resolved it).
    ``actor``: the staff member who did it, for the audit log.
    """

    event: OwnershipEvent
    owner: str | None = None
    escalation: Escalation | None = None
    reopen_within: float | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A message that is still waiting to be sent becomes ``text``, or with None is not sent at all.

    ``meta``: what of its meta changes with the text; None takes a name away.
    """

    message_id: str
    text: str | None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a customer has not seen on the page is dealt with up to ``followed_seq``; with a ``route``, by one of these messages.
    None: nothing is, so far.

    ``last_seq``, ``shown_cursor`` and ``contacted``: as they were when that was decided. When the customer has come back, or
    anybody has said something since, nothing is written.
    """

    last_seq: int
    shown_cursor: int
    followed_seq: int | None = None
    route: ContactRoute | None = None
    contacted: Contacted = field(default_factory=Contacted)


@dataclass(frozen=True, slots=True)
class CrossConversationWrite:
    """What a turn commits in another conversation, under that one's row lock.

    ``ownership_epoch``: as it was when this was decided; when it has moved, or a message that is recalled or overtaken is
    not waiting any more, nothing of the whole outcome is written. ``last_seq``: likewise, where nobody may have written since.
    Without one, the conversation is made where it is not there yet (what staff are shown of a case).
    """

    conversation: ConversationKey
    messages: tuple[NewMessage, ...] = ()
    transition: Transition | None = None
    ownership_epoch: int | None = None
    last_seq: int | None = None
    recalls: tuple[Recall, ...] = ()
    follow_up: FollowUp | None = None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A person is needed: a case begins, unless it was begun before."""

    case: Case


@dataclass(frozen=True, slots=True)
class CloseCase:
    """Nobody is needed any more. Its timers are cleared, except that of a follow-up."""

    case_id: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Something is to be done about a case ``after`` so many seconds, in place of its timer of that kind.

    ``keep``: one that is set already stays as it is.
    """

    case_id: str
    kind: TimerKind
    after: float
    stage: int = 0
    detail: str | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class ClearTimers:
    """Nothing is to be done any more. A case that is closed has no timers anyway.

    ``read_until``: what it is done for was written at that moment, so it is no answer to what the customer has written since.
    Where there is anything, ``instead`` is set, with the moment from which on they wait as its detail.
    """

    case_id: str
    kinds: tuple[TimerKind, ...]
    read_until: datetime | None = None
    instead: SetTimer | None = None


@dataclass(frozen=True, slots=True)
class AnswerGiven:
    """Staff gave an answer for which there was a target; counted once, when it is committed. ``first``: of the case."""

    case_id: str
    first: bool
    in_time: bool


@dataclass(frozen=True, slots=True)
class KeepRating:
    """What the customer thinks of how a case was resolved: 1 (bad) to 5 (good). The last one counts."""

    case_id: str
    score: int


@dataclass(frozen=True, slots=True)
class KeepComment:
    """What the customer says to their rating of a case; nothing where there is no rating."""

    case_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProposeAnswer:
    """What staff told the customer of a case may go into the knowledge base; in place of what was proposed before."""

    case_id: str
    question: str
    answer: str
    origin: str


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """Somebody of the staff decided about a proposed answer; nothing where that was done before.

    ``question`` and ``answer``: as they are to be, where they were changed. ``by``: who did it.
    """

    case_id: str
    approved: bool
    by: str
    question: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A case's ticket, unless it was opened before. ``number``: given to the case (core.ports.tickets)."""

    case_id: str
    number: str
    customer_id: str
    conversation_id: str
    subject: str
    priority: TicketPriority
    actor: str
    category: str | None = None


@dataclass(frozen=True, slots=True)
class MoveTicket:
    """What becomes of a case's ticket; nothing where it has none. ``actor``: who did it."""

    case_id: str
    status: TicketStatus
    actor: str


@dataclass(frozen=True, slots=True)
class ChangeTicket:
    """What a staff member changes of a case's ticket, or adds to it; ``origin``: by which message of theirs."""

    case_id: str
    change: TicketChange
    actor: str
    origin: str


@dataclass(frozen=True, slots=True)
class KeepNote:
    """A message of staff's is a note of a case, by ``actor``."""

    case_id: str
    message_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class BlockCustomer:
    """What a customer writes from now on is kept, and nothing comes of it; with ``blocks`` false, it counts again."""

    case_id: str
    customer_id: str
    actor: str
    reason: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class LinkIdentity:
    """A code has proven that an identity is that customer's as well. ``code_message_id``: what they typed, masked from now on.

    Nothing that either of them has is rewritten: whoever reads it follows the link, so that undoing it gives each side its own.
    """

    conversation_id: str
    customer_id: str
    identity: Identity
    code_message_id: str


@dataclass(frozen=True, slots=True)
class UnlinkIdentity:
    """Undo the links of a customer's own identity, or of those on ``channels``: of the others there, else of their own.

    ``actor``: who undid it. ``address``: only of the identities there that have it. What has only the address of an identity in
    common with it counts as the identity.
    """

    customer_id: str
    actor: str
    channels: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """A customer confirmed that everything that is kept of them is to be erased; it is, in the background, after the commit.

    ``proven``: nobody else can have confirmed it, so that identities which a code has linked are erased as well.
    """

    conversation_id: str
    customer_id: str
    proven: bool


CaseRecord = (
    ProposeAnswer
    | JudgeAnswer
    | OpenCase
    | CloseCase
    | SetTimer
    | ClearTimers
    | AnswerGiven
    | KeepRating
    | KeepComment
    | OpenTicket
    | MoveTicket
    | ChangeTicket
    | KeepNote
    | BlockCustomer
    | LinkIdentity
    | UnlinkIdentity
    | EraseCustomer
)


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """What a turn commits at once: handled up to ``handled_seq``, messages out, ownership, contact details.

    ``cross_writes``: what it says and changes in other conversations. ``cases``: what it means for the desk's cases.
    ``gaps``: what it could not answer. ``owes_files_of``: messages that people were shown without the files that belong to
    them; a later turn is told of each (ChangeKind.FILES). ``customer_id``: whom it answers and whose ``contact`` it is; None for
    the customer with whom the conversation began. ``outdated_beyond``: nothing of it was shown, so that it is dropped where the
    conversation has grown beyond that place, and the turn begins again.
    """

    claim: Claim
    handled_seq: int
    messages: tuple[NewMessage, ...] = ()
    transition: Transition | None = None
    contact: ContactDetails | None = None
    cross_writes: tuple[CrossConversationWrite, ...] = ()
    cases: tuple[CaseRecord, ...] = ()
    gaps: tuple[Unanswered, ...] = ()
    owes_files_of: tuple[str, ...] = ()
    customer_id: str | None = None
    outdated_beyond: int | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """Whether an outcome was committed (``held``), and whether the conversation has more to do already (``pending``).

    ``outdated``: the claim still held, but another conversation had changed hands, or this one had grown before an
    answer of which nothing was shown; nothing was written, and the claim is given back to be decided anew.
    """

    held: bool
    pending: bool = False
    outdated: bool = False
