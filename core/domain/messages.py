"""What is said, by whom: the values that travel between channels, the agent and the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.attachments import Attachment, AttachmentRef
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.readers import MessageReader

TOGETHER = "together"
"""In ``Message.meta``: how many messages a turn says at once, when it is more than one."""
CAUTION = "caution"
BLOCKED = "blocked"
"""``meta`` of a message that a customer wrote whom staff had blocked: kept, and nothing else."""
FOR_RECORD = "for_record"
"""In ``Message.meta`` of what came in: see the fields of `MessageReceived`."""
COLLEAGUE = "colleague"
"""In ``Message.meta`` of what somebody of the company wrote in a customer's conversation, where the customer writes."""
LEFT_OUT = "left_out"
"""In ``Message.meta`` of what staff wrote: see the field of `MessageReceived`."""
ORIGINAL, ORIGINAL_TITLE = "original", "original_title"
"""In ``Message.meta`` of a translation: what was written, and what that is called in the language of the text."""
CAME_BY = "came_by"
"""In ``Message.meta`` of what a customer wrote by another route than their channel: ``channel`` and ``account`` of it."""

SHARED = "shared"
"""In ``Message.meta``: others read it besides the customer and the company. What came in shared, everybody there has read; an
answer to it, they may have.
"""
ADDRESSED = "addressed"
"""In ``Message.meta`` of what came in: see the field of `MessageReceived`. Missing where the message itself does not tell."""
ANSWERS_TO = "answers_to"
"""In ``Message.meta`` of what a turn says: whom it answers, by their id on the channel."""
REACTED_BY = "reacted_by"
"""In the detail of a reaction by somebody else than the conversation's customer: what they are called, if anything."""
LOCALE = "locale"
"""In ``Message.meta`` of what is said in another language than the conversation is known to be in: that language."""
PRIVATELY = "privately"
"""In ``Message.meta`` of what is said in a shared place: only the one whom it answers (ANSWERS_TO) is shown it."""
SENT_BY = "sent_by"
"""In ``Message.meta`` of what went by another route at once, as well as to its own place: the channel."""


class Author(StrEnum):
    """Who speaks. ``SYSTEM`` is the hub itself: transition notices and honest failures."""

    CUSTOMER = "customer"
    AGENT = "agent"
    STAFF = "staff"
    SYSTEM = "system"


class Audience(StrEnum):
    """Whose door an event came through; staff events never reach the agent or a customer directly."""

    CUSTOMER = "customer"
    STAFF = "staff"


class MessageKind(StrEnum):
    """What an outbound message is, so that every channel and report can tell an answer from an apology.

    ``FOLLOW_UP`` says again, by another route, what the customer has not seen: it is no part of what was said.
    """

    ANSWER = "answer"
    UNKNOWN = "unknown"
    SMALL_TALK = "small_talk"
    NOTICE = "notice"
    FAILURE = "failure"
    FOLLOW_UP = "follow_up"


class CustomerAction(StrEnum):
    """Something a customer pressed instead of writing it; the text shown for it is the message's text.

    ``WITHDRAW``: they need no person any more, and want the agent back.
    ``GREETING``: asks what this is (a bot's start button, a help command). ``START_OVER``: what was said before no longer
    matters to the agent. ``RATE``: the case that ``reply_to`` names, with the text as its score.
    """

    REQUEST_PERSON = "request_person"
    CONTACT = "contact"
    WITHDRAW = "withdraw"
    GREETING = "greeting"
    START_OVER = "start_over"
    RATE = "rate"


class StaffAction(StrEnum):
    """Something a staff member pressed at the desk. ``CLAIM`` takes a conversation that waits, ``TAKE_OVER`` one that somebody
    else has. ``RELEASE`` gives it back to the queue, ``HAND_BACK`` to the agent; ``RESOLVE`` closes it. ``SNOOZE`` puts it aside
    for a while; the message's text says until when. ``RELEASE_SILENT``: anybody, of one whose owner does not answer. ``REPLY``,
    ``NOTE`` and ``ASSIGN`` were filled in: for the customer, for staff, or the id of whom it is given to. ``TAKE_BACK`` a reply
    that waits to be sent; the text is the id of the message that it was filled in with. ``TICKET``: what is to be changed of the
    case's ticket, as a form says it. ``BLOCK`` the case's customer, or ``UNBLOCK`` them; the text is the reason, and is JSON that
    names the customer where several wrote. ``ASK`` the agent. ``LEARN`` takes a proposed answer into the knowledge base,
    ``REWORD`` as it was filled in; ``DISCARD`` does not. ``CARD_GONE``: the thread's first message was deleted. ``REACT`` and
    ``UNREACT``: an emoji, which is the text, on what ``meta["reply_to"]`` names. ``OPEN_CASE``: for its author, as a form says
    it. ``MERGE`` the case into that of the ticket, or the link, in the text; ``SPLIT`` one. ``ISSUE``: create or link one;
    ``ISSUE_NEWS``: how it stands. ``APPROVE`` the tool call that ``reply_to`` names; ``DECLINE`` it for the text's reason.
    """

    CLAIM = "staff_claim"
    TAKE_OVER = "staff_take_over"
    RELEASE = "staff_release"
    HAND_BACK = "staff_hand_back"
    RESOLVE = "staff_resolve"
    SNOOZE = "staff_snooze"
    RELEASE_SILENT = "staff_release_silent"
    ASK = "staff_ask"
    LEARN = "staff_learn"
    REWORD = "staff_reword"
    DISCARD = "staff_discard"
    REPLY = "staff_reply"
    NOTE = "staff_note"
    ASSIGN = "staff_assign"
    TICKET = "staff_ticket"
    BLOCK = "staff_block"
    UNBLOCK = "staff_unblock"
    TAKE_BACK = "staff_take_back"
    CARD_GONE = "staff_card_gone"
    REACT = "staff_react"
    UNREACT = "staff_unreact"
    OPEN_CASE = "staff_open_case"
    ISSUE = "staff_issue"
    ISSUE_NEWS = "staff_issue_news"
    MERGE = "staff_merge"
    SPLIT = "staff_split"
    APPROVE = "staff_approve"
    DECLINE = "staff_decline"


Action = CustomerAction | StaffAction


def action_named(name: str) -> Action:
    """The action of that name. Raises ValueError."""
    return StaffAction(name) if name.startswith("staff_") else CustomerAction(name)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that an answer rests on. ``score`` from 0 to 1; ``page`` counts from 1."""

    id: str
    title: str
    content: str
    source: str
    score: float
    section: str | None = None
    page: int | None = None
    url: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What a channel remembers in a transaction that is made anyway: ``new`` under ``key``, if it is still ``old``.

    ``old``: None for what is not there yet. ``needed``: the transaction is of no use without it.
    """

    channel: str
    account: str
    key: str
    old: str | None
    new: str
    needed: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """By which it is found."""
        return self.channel, self.account, self.key


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A customer (or staff member) wrote something. ``sent_at`` is the provider's time, or the hub's when it has none.

    ``album``: what came in several messages was sent as one, and more of it may follow. ``caution``: why only people may answer
    it, in a sentence for staff; nothing is said to the sender by itself. ``for_record``: kept, and not answered.
    ``left_out``: words of others that came with it, and that are not its sender's to pass on. ``shared``: others read it too,
    as in a group, a channel's thread, or a mail to several people; a channel that does not say so vouches that nobody does.
    ``addressed``: whether it says, where others read it too, that it is for us (a mention) or for somebody else; None: neither.
    ``answered_alone``: not everybody in the conversation gets each message, as by mail. ``readers``: its writer and who else
    got it.
    ``origin``: of a stranger, a keyed hash of the address it came from, by which budgets are counted.
    ``notes``: kept with it; where a needed one is outdated, it is not accepted (Outdated).
    ``begun_by_us``: False where the channel knows that the hub did not write first in its thread: it answers no follow-up then.
    ``by_staff``: its author works for the company. In a conversation that somebody else began it is a colleague's: kept as the
    company's words, shown to staff, and answered by nobody. There ``shared`` means that every customer of it has read it.
    """

    key: EventKey
    conversation: ConversationKey
    sender: Identity
    text: str
    sent_at: datetime
    attachments: tuple[AttachmentRef, ...] = ()
    stored_attachments: tuple[str, ...] = ()
    action: Action | None = None
    locale: str | None = None
    reply_to: str | None = None
    audience: Audience = Audience.CUSTOMER
    album: str | None = None
    caution: str | None = None
    for_record: bool = False
    left_out: tuple[str, ...] = ()
    shared: bool = False
    addressed: bool | None = None
    answered_alone: bool = False
    readers: tuple[MessageReader, ...] = ()
    origin: str | None = None
    notes: tuple[Note, ...] = ()
    begun_by_us: bool = True
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """The sender changed a message that was accepted before; ``target`` is that message's event key."""

    key: EventKey
    conversation: ConversationKey
    target: EventKey
    text: str
    sent_at: datetime
    audience: Audience = Audience.CUSTOMER


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The sender took a message back; ``target`` is that message's event key."""

    key: EventKey
    conversation: ConversationKey
    target: EventKey
    sent_at: datetime
    audience: Audience = Audience.CUSTOMER


@dataclass(frozen=True, slots=True)
class ReactionChanged:
    """Somebody put an emoji on a message, or took it off. ``target`` is an event key, or a receipt's id in a key.

    ``emoji`` is the character where there is one, otherwise the platform's name for it, such as ``:party_parrot:``.
    """

    key: EventKey
    conversation: ConversationKey
    target: EventKey
    sender: Identity
    emoji: str
    present: bool
    sent_at: datetime
    audience: Audience = Audience.CUSTOMER


class ReceiptStatus(StrEnum):
    """What a provider reports of a message after it took it."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryReported:
    """A provider says what became of a message that it took. ``provider_id`` is the one in the message's receipt.

    It may come before the hub has noted that the message was taken. ``detail`` is the provider's reason for a failure.
    """

    key: EventKey
    provider_id: str
    status: ReceiptStatus
    sent_at: datetime
    detail: str | None = None


ConversationEvent = MessageReceived | MessageEdited | MessageDeleted | ReactionChanged
InboundEvent = ConversationEvent | DeliveryReported


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A provider's event before parsing: the exact bytes, kept so that it can be replayed or quarantined."""

    channel: str
    account: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message. ``seq`` is its place in the conversation, given in commit order, from 1.

    ``sent_at``: by the provider's clock, where the message came from one; ``created_at``: when the hub had it.
    ``customer_id``: the customer who wrote it, or whom it answers; None for the one with whom the conversation began.
    """

    id: str
    conversation_id: str
    seq: int
    author: Author
    text: str
    created_at: datetime
    author_name: str | None = None
    kind: MessageKind | None = None
    action: Action | None = None
    attachments: tuple[Attachment, ...] = ()
    citations: tuple[Citation, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    sent_at: datetime | None = None
    customer_id: str | None = None


class ChangeKind(StrEnum):
    """What can happen to a message after it was said. ``ENDED``: it was the last, for the customer has ended the conversation.

    ``FILES``: its words were shown to people before its files had come. ``SAID``: a colleague wrote it where the customer writes.
    """

    EDITED = "edited"
    DELETED = "deleted"
    REACTED = "reacted"
    ENDED = "ended"
    FILES = "files"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a message which somebody else was shown a copy of. ``seq``: its place among what was said.

    ``message`` is as it is now. ``detail`` of a reaction: ``emoji`` and ``present``.
    """

    kind: ChangeKind
    seq: int
    message: Message
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What one outbox row asks a channel to say. ``text`` is Markdown; ``citations`` become sources or footnotes.

    ``address``: whom it goes to and nobody else, where it goes by a route that the customer did not write on.
    """

    message_id: str
    conversation: ConversationKey
    author: Author
    text: str
    kind: MessageKind
    author_name: str | None = None
    citations: tuple[Citation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    locale: str | None = None
    turn_id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None


@dataclass(frozen=True, slots=True)
class WirePayload:
    """One call to a provider, rendered: ``body`` is what its API takes. A long message becomes several of these."""

    conversation: ConversationKey
    body: Mapping[str, Any]
    part: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took a payload. ``provider_id`` names it there for edits, deletes and delivery status.

    ``tracked``: the provider will speak of it by that id, unique in the account, so that it can be found again.
    ``reported_to``: the channel and account that get those reports, where they are not the ones that it was sent by.
    ``note``: kept with it. ``refused``: which of several recipients the provider refused, and why.
    """

    provider_id: str | None = None
    at: datetime | None = None
    tracked: bool = False
    reported_to: tuple[str, str] | None = None
    note: Note | None = None
    refused: str | None = None
