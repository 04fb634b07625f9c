"""What staff are told of a case, as messages of its feed: independent of the platform on which they read them.

``meta["post"]`` says what a message is, so that the desk's channel knows how to show it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.attachments import Attachment
from core.domain.case import Case, feed
from core.domain.conversation import Conversation, Escalation, OwnershipState
from core.domain.customer import Customer, Evidence
from core.domain.heard import heard, told
from core.domain.messages import (
    BLOCKED,
    CAME_BY,
    CAUTION,
    COLLEAGUE,
    FOR_RECORD,
    REACTED_BY,
    Author,
    Change,
    ChangeKind,
    Message,
    MessageKind,
)
from core.domain.readers import READERS
from core.ports.memories import Said
from core.ports.store import CrossConversationWrite, NewMessage
from handoff.places import address_of, name_of, place_of
from handoff.texts import say

POST = "post"
WITH_CARD = "with_card"
"""``meta`` of posts that a case begins with, below its card: where a case begins with one mail, that mail tells them."""
_TRANSCRIPT = 40
"""Messages of the conversation that are shown with a card; what was said before is a button away."""
_FILES = 30
"""Files that are shown with them: each takes Slack three calls."""

_MOST_RELAYED = 60
"""Posts by which one turn shows staff what a customer said and did. Slack takes about one a second in a channel."""

WHO = {
    Author.CUSTOMER: "card_customer",
    Author.AGENT: "card_agent",
    Author.STAFF: "card_colleague",
    Author.SYSTEM: "card_hub",
}
"""What each author is called where their name is not known, by the text's key."""


class Post(StrEnum):
    """card: the first message of a case. card_now: the same one as it is now. transcript: what was said before. files: what was
    sent with it. leads_on: in the thread of another case, a line that leads to this one.

    said: a message of the conversation, as it comes. edited, deleted, reacted: what happened to one that is shown.
    remark: something between the desk and its staff. mark: a sign on what a staff member wrote. reminder: something that
    somebody should do. advice: what the agent tells staff who asked it. outgoing: what goes to the customer, where it is not
    what somebody wrote in the thread. note: what a staff member noted in a form. gaps: of no case, what was not answered.
    approval: a tool call for staff to decide about; decided: the same post, with what came of it.
    whisper: what only one person sees. direct: what one person is told by themselves, wherever they are.
    """

    CARD = "card"
    CARD_NOW = "card_now"
    TRANSCRIPT = "transcript"
    FILES = "files"
    LEADS_ON = "leads_on"
    SAID = "said"
    EDITED = "edited"
    DELETED = "deleted"
    REACTED = "reacted"
    REMARK = "remark"
    MARK = "mark"
    REMINDER = "reminder"
    ADVICE = "advice"
    SENT_AS = "sent_as"
    PROPOSAL = "proposal"
    JUDGED = "judged"
    OUTGOING = "outgoing"
    NOTE = "note"
    GAPS = "gaps"
    APPROVAL = "approval"
    DECIDED = "decided"
    WHISPER = "whisper"
    DIRECT = "direct"


def card(
    case: Case,
    conversation: Conversation,
    customer: Customer,
    escalation: Escalation,
    title: str,
    ticket: str,
    mood: str | None = None,
    earlier: Case | None = None,
    **more: Any,
) -> NewMessage:
    """Everything that a person needs to decide whether to take it. ``earlier``: the customer's case before this one.
    ``more``: the ``team``, where it is shown, the name of the ``target`` that it fits, its ticket's ``fields``.
    """
    address = address_of(conversation.key.channel, customer.external_id)
    who = name_of(customer, address) or customer.contact.email or customer.contact.phone or address or title
    facts = {
        "case": case.id,
        "number": case.number,
        "ticket": ticket,
        "customer": who,
        "customer_id": customer.id,
        "verified": customer.verified,
        "linked": customer.evidence is Evidence.PROVEN,
        "email": customer.contact.email,
        "phone": customer.contact.phone,
        "address": address,
        "channel": place_of(conversation.key),
        "language": conversation.locale or customer.locale,
        "reason": escalation.reason,
        "mood": mood,
        "urgency": escalation.urgency,
        "asked_by": escalation.requested_by,
        "state": str(OwnershipState.QUEUED),
        "owner": None,
        "opened_at": case.opened_at.timestamp(),
        "earlier": {"case": earlier.id, "number": earlier.number} if earlier else None,
        **{name: known for name, known in more.items() if known},
    }
    return desk_post(Post.CARD, f"{who}: {escalation.reason}", facts=facts)


def in_thread(account: str, case_id: str, told: Sequence[NewMessage]) -> CrossConversationWrite:
    """Posts for a case's thread at the desk of that account."""
    return CrossConversationWrite(feed(account, case_id), tuple(told))


def first_of_case(told: Sequence[NewMessage]) -> tuple[NewMessage, ...]:
    """What a case begins with: its card, and what is told with it."""
    card, *below = told
    return (card, *(replace(post, meta={**post.meta, WITH_CARD: True}) for post in below))


def card_now(
    facts: Mapping[str, Any], state: OwnershipState, owner: str | None, *, snoozed_until: float | None = None
) -> NewMessage:
    """The card again. ``owner``: the name of who has the conversation now. ``snoozed_until``: when it was put aside."""
    assigned = facts.get("assigned") if state is OwnershipState.QUEUED else None
    return card_with(
        {**facts, "state": str(state), "owner": owner, "snoozed_until": snoozed_until, "assigned": assigned}
    )


def card_with(facts: Mapping[str, Any]) -> NewMessage:
    """The card again, of a case that changes in nothing but these facts."""
    return desk_post(Post.CARD_NOW, f"{facts['customer']}: {facts['state']}", facts=facts)


def transcript(history: Sequence[Message], starts: Collection[str] = ()) -> list[NewMessage]:
    """What was said before, the oldest first; nothing where nothing was. ``starts``: ids of messages that begin a post."""
    spoken = _messages_shown(history)
    if not spoken:
        return []
    shown = spoken[-_TRANSCRIPT:]
    parts: list[list[Message]] = []
    for message in shown:
        if not parts or message.id in starts:
            parts.append([])
        parts[-1].append(message)
    return [_part(part, 0 if number else len(spoken) - len(shown)) for number, part in enumerate(parts)]


def files(history: Sequence[Message]) -> list[NewMessage]:
    """What was sent with the messages of the transcript, by message, the oldest first, so that staff can open it.

    What is not here any more is named, and so is what more than ``_FILES`` would be.
    """
    found: list[NewMessage] = []
    room = _FILES
    for message in reversed(_messages_shown(history)[-_TRANSCRIPT:]):
        here = [file for file in message.attachments if file.storage_key]
        kept = here[: max(0, room)]
        room -= len(kept)
        if message.attachments:
            found.append(_files_of(message, kept, here[len(kept) :]))
    return found[::-1]


def late_file_posts(message: Message) -> list[NewMessage]:
    """What came after a message's words were shown: its files, or what became of them, and what was heard; not once deleted."""
    if message.deleted_at is not None or not message.attachments:
        return []
    kept = [one for one in message.attachments if one.storage_key]
    came = [_files_of(message, kept)] if "attachment_refs" in message.meta else []
    return [*came, *map(remark, heard(message))]


def _files_of(message: Message, kept: Sequence[Attachment], left_out: Sequence[Attachment] = ()) -> NewMessage:
    about = {
        "author": str(message.author),
        "name": message.author_name,
        "at": message.created_at.timestamp(),
        "missing": [file.name for file in message.attachments if not file.storage_key],
        "left_out": [file.name for file in left_out],
    }
    post = desk_post(Post.FILES, ", ".join(file.name for file in message.attachments), **about)
    return replace(post, attachments=tuple(kept))


def link_to_case(case_id: str, text: str | None = None) -> NewMessage:
    """A line in the other case's thread that links to this one. This one's feed holds it, so that its thread is there by then.

    ``text``: what the line says; without one, that the customer is back.
    """
    return desk_post(Post.LEADS_ON, text or case_id, earlier=case_id, line=text)


def _messages_shown(history: Sequence[Message]) -> Sequence[Message]:
    kept = (one for one in history if one.deleted_at is None and BLOCKED not in one.meta)
    return [one for one in kept if one.text or one.attachments]


def _part(messages: Sequence[Message], left_out: int) -> NewMessage:
    lines = [
        {
            **_line(message.id, str(message.author), told(message), message.created_at),
            "name": message.author_name,
            "files": [file.name for file in message.attachments],
            "sources": [citation.title for citation in message.citations],
            READERS: message.meta.get(READERS),
        }
        for message in messages
    ]
    return _transcript_of(lines, left_out)


def search_post(messages: Sequence[Said]) -> NewMessage:
    """Earlier messages of a customer that somebody searched for, shown as a transcript is."""
    return _transcript_of([_line(one.message_id, one.by, one.text, one.at) for one in messages])


def _line(message_id: str, author: str, text: str, at: datetime) -> dict[str, Any]:
    """What every line of a transcript holds; the other keys are empty."""
    empty: dict[str, Any] = {"name": None, "files": [], "sources": [], READERS: None}
    return {"id": message_id, "author": author, "text": text, "at": at.timestamp(), **empty}


def _transcript_of(lines: Sequence[Mapping[str, Any]], left_out: int = 0) -> NewMessage:
    text = "\n".join(f"{line['author']}: {line['text']}" for line in lines)
    return desk_post(Post.TRANSCRIPT, text, lines=list(lines), left_out=left_out)


def places(told: Sequence[NewMessage], first: int) -> dict[str, int]:
    """In which of these posts each message of the conversation stands, where ``first`` is the first one's place."""
    found: dict[str, int] = {}
    for place, post in enumerate(told, start=first):
        ids = [line["id"] for line in post.meta.get("lines", ())] + ([post.relays] if post.relays else [])
        found |= dict.fromkeys(ids, place)
    return found


def customer_post(message: Message) -> NewMessage:
    """A message of a customer's, or of a colleague's beside them, with its files, and by which other route it came."""
    way = message.meta.get(CAME_BY)
    return NewMessage(
        Author.CUSTOMER,
        told(message),
        MessageKind.NOTICE,
        author_name=message.author_name,
        attachments=tuple(file for file in message.attachments if file.storage_key),
        meta={
            POST: str(Post.SAID),
            "missing": [file.name for file in message.attachments if not file.storage_key],
            "coming": _announced(message),
            "caution": message.meta.get(CAUTION),
            READERS: message.meta.get(READERS),
            "old": message.sent_at.timestamp() if message.sent_at and message.meta.get(FOR_RECORD) else None,
            COLLEAGUE: message.author is Author.STAFF,
            **({"by": way["channel"]} if way else {}),
        },
        relays=message.id,
    )


def _announced(message: Message) -> list[str]:
    """Its platform gives all of them, or none yet."""
    return [str(ref["name"]) for ref in message.meta.get("attachment_refs") or () if not message.attachments]


def hub_post(message: NewMessage) -> NewMessage:
    """What the hub itself said to the customer while staff have the conversation, so that nobody says it twice."""
    return NewMessage(message.author, message.text, MessageKind.NOTICE, meta={POST: str(Post.SAID)})


def change_post(change: Change, copy_id: str | None) -> NewMessage:
    """What a customer did to a message. ``copy_id``: the message of the feed that shows it.

    Its writer edits and deletes it. Anybody who reads it may react: it is not put down to its writer.
    """
    reacted = change.kind is ChangeKind.REACTED
    post = {ChangeKind.EDITED: Post.EDITED, ChangeKind.DELETED: Post.DELETED, ChangeKind.REACTED: Post.REACTED}
    return NewMessage(
        Author.CUSTOMER,
        change.message.text,
        MessageKind.NOTICE,
        author_name=change.detail.get(REACTED_BY) if reacted else change.message.author_name,
        meta={
            POST: str(post[change.kind]),
            "copy": copy_id,
            COLLEAGUE: not reacted and change.message.author is Author.STAFF,
            **change.detail,
        },
    )


def limit_posts(told: Sequence[NewMessage], language: str) -> list[NewMessage]:
    """Keep the first ``_MOST_RELAYED`` of the customer's posts, and all remarks of the desk's own.

    A remark at the end says how many posts are left out.
    """
    theirs = [place for place, post in enumerate(told) if post.meta[POST] != str(Post.REMARK)]
    left_out = set(theirs[_MOST_RELAYED:])
    if not left_out:
        return list(told)
    shown = [post for place, post in enumerate(told) if place not in left_out]
    return [*shown, remark(say("staff_more_at_once", language, count=str(len(left_out))))]


def remark(text: str) -> NewMessage:
    """A small line in the thread, for staff only."""
    return desk_post(Post.REMARK, text)


def reminder(
    text: str, *, mentions: Sequence[str] = (), loud: bool = False, buttons: Sequence[str] = (), case_id: str = ""
) -> NewMessage:
    """A line in the thread for those it names. ``loud``: the whole channel sees it. ``buttons``: actions, or forms."""
    return desk_post(Post.REMINDER, text, mentions=[*mentions], loud=loud, buttons=[*map(str, buttons)], case=case_id)


def outgoing(message: Message, name: str, text: str, *, own_mark: bool) -> NewMessage:
    """What somebody sends to the customer in other words than stand in the thread.

    ``own_mark``: there is no message of theirs that can have a sign and be deleted, so this one gets both.
    """
    form = {"form": str(message.meta.get("at") or ""), "source": message.id} if own_mark else {}
    return NewMessage(Author.STAFF, text, MessageKind.NOTICE, author_name=name, meta={POST: str(Post.OUTGOING), **form})


def whisper(staff_id: str, text: str) -> NewMessage:
    """A line that only that person sees."""
    return desk_post(Post.WHISPER, text, to=staff_id)


def direct(staff_id: str, text: str) -> NewMessage:
    """A message to that person alone, with the way to the case."""
    return desk_post(Post.DIRECT, text, to=staff_id)


def note(name: str, text: str) -> NewMessage:
    """For staff only, by one of them."""
    return NewMessage(Author.STAFF, text, MessageKind.NOTICE, author_name=name, meta={POST: str(Post.NOTE)})


def mark(provider_id: str, sign: str, *, instead_of: str | None = None) -> NewMessage:
    """A sign on a staff member's own message, in place of another."""
    return desk_post(Post.MARK, sign, on=provider_id, sign=sign, instead_of=instead_of)


def desk_post(kind: Post, text: str, **meta: Any) -> NewMessage:
    """Of the desk's own, with what its kind needs to be shown."""
    return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta={POST: str(kind), **meta})
