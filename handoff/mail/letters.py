"""The posts of a case as plain mails. Pure.

Customers' words are plain text here: nothing in them can become a link's label, a header or a command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.markdown.pieces import unmarked
from core.domain.attachments import Attachment
from core.domain.messages import COLLEAGUE, Author, Message, OutboundMessage
from core.domain.readers import READERS
from core.ports.staff_mail import REPLY_MARK, StaffMail
from handoff.places import place_name, reply_goes_to
from handoff.posts import POST, WHO, WITH_CARD, Post
from handoff.texts import proof_of, say

_SUBJECT = 120
_SHOWN = frozenset(
    {Post.CARD, Post.TRANSCRIPT, Post.SAID, Post.EDITED, Post.DELETED, Post.REMARK, Post.REMINDER, Post.FILES}
)
"""What becomes a mail; the rest is for a place in which posts can be changed, signed or pressed."""


def is_mailed(message: OutboundMessage) -> bool:
    """Whether a post becomes a mail of its own. What the hub told the customer does not, nor what the first mail tells."""
    post = message.meta.get(POST)
    by_hub = post == Post.SAID and message.author is not Author.CUSTOMER
    return post in _SHOWN and not by_hub and not message.meta.get(WITH_CARD)


def opening(case_id: str, posts: Sequence[Message], language: str, note_sign: str) -> StaffMail:
    """The first mail of a case: the customer, the reason, and what was said. ``posts``: the card and those told with it."""
    facts: Mapping[str, Any] = posts[0].meta.get("facts", {})
    parts = [_about(facts, language), *(_spoken(post, language) for post in posts[1:])]
    files = tuple(file for post in posts for file in post.attachments)
    return _mail(case_id, _subject(facts), "\n\n".join(part for part in parts if part), language, note_sign, files)


def following(case_id: str, message: OutboundMessage, language: str, note_sign: str) -> StaffMail:
    """A later one. Its subject counts only where the first mail of the case was never sent."""
    if message.meta[POST] == Post.TRANSCRIPT:
        return _mail(case_id, case_id, _transcript(message.meta, language), language, note_sign, ())
    label = {Post.EDITED: "card_edited", Post.DELETED: "card_deleted"}.get(Post(message.meta[POST]))
    by_customer = message.author is Author.CUSTOMER
    who = _name(message.author, message.author_name, message.meta, language)
    lines = [f"{who}:"] if by_customer else []
    lines += [say(label, language)] if label is not None else []
    lines += [_quoted(message.text) if by_customer else message.text.rstrip(), *_remarks(message.meta, language)]
    return _mail(case_id, case_id, "\n".join(filter(None, lines)), language, note_sign, message.attachments)


def _mail(
    case_id: str, subject: str, text: str, language: str, note_sign: str, files: tuple[Attachment, ...]
) -> StaffMail:
    above = f"{REPLY_MARK} {say('mail_above', language)} {REPLY_MARK[::-1]}"
    how = say("mail_how", language, note=note_sign)
    return StaffMail(case_id, subject, f"{above}\n{how}\n\n{text}", language, files)


def _subject(facts: Mapping[str, Any]) -> str:
    ticket = f"[{facts['ticket']}] " if facts.get("ticket") else ""
    return " ".join(f"{ticket}{facts.get('customer', '')}: {unmarked(str(facts.get('reason', '')))}".split())[:_SUBJECT]


def _about(facts: Mapping[str, Any], language: str) -> str:
    place = place_name(str(facts.get("channel", "")), language)
    proof = say(proof_of(facts), language)
    reached = dict.fromkeys(str(facts[one]) for one in ("email", "phone", "address") if facts.get(one))
    reach = [one for one in reached if one != facts.get("customer")]
    lines = [
        f"{say('card_customer', language)}: {facts.get('customer', '')} ({proof})",
        " · ".join([place, *reach]),
        f"{say('card_why', language)}: {facts.get('reason', '')}",
        *(f"{name}: {value}" for name, value in facts.get("context", {}).items()),
    ]
    suggestion = facts.get("suggestion")
    if suggestion:
        lines.append(f"{say('card_suggestion', language)}: {suggestion['text']}")
    return "\n".join(lines)


def _spoken(post: Message, language: str) -> str:
    kind = post.meta.get(POST)
    if kind == Post.TRANSCRIPT:
        return _transcript(post.meta, language)
    if kind == Post.FILES:
        return "\n".join(_remarks(post.meta, language))
    if kind == Post.SAID:
        who = _name(post.author, post.author_name, post.meta, language)
        return "\n".join([_line(str(post.author), who, post.text, language), *_remarks(post.meta, language)])
    return ""


def _transcript(meta: Mapping[str, Any], language: str) -> str:
    count = meta.get("left_out")
    left_out = [say("card_left_out", language, count=str(count))] if count else []
    return "\n\n".join([*left_out, *(_line_of(line, language) for line in meta["lines"])])


def _line_of(said: Mapping[str, Any], language: str) -> str:
    text = "\n".join(part for part in (said["text"], ", ".join(said["files"])) if part)
    spoken = _line(said["author"], said["name"], text, language)
    return "\n".join(filter(None, [spoken, reply_goes_to(said.get(READERS) or (), language)]))


def _line(author: str, name: str | None, text: str, language: str) -> str:
    return f"{name or say(WHO[Author(author)], language)}:\n{_quoted(text)}".rstrip()


def _name(author: Author, name: str | None, meta: Mapping[str, Any], language: str) -> str:
    """Who speaks. A colleague who writes where the customer does is told apart from the customer."""
    if not meta.get(COLLEAGUE):
        return name or say(WHO[Author(author)], language)
    return f"{name or say(WHO[Author.STAFF], language)} {say('card_by_colleague', language)}"


def _quoted(text: str) -> str:
    """So that no line of it reads as if another had said it."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _remarks(meta: Mapping[str, Any], language: str) -> list[str]:
    """Why a message is doubted, and which of its files are not here."""
    doubt = [f"⚠ {meta['caution']}"] if meta.get("caution") else []
    goes_to = reply_goes_to(meta.get(READERS) or (), language)
    doubt += [goes_to] if goes_to else []
    keys = (("missing", "card_missing"), ("coming", "card_coming"), ("left_out", "card_files_left_out"))
    return doubt + [say(key, language, files=", ".join(meta[name])) for name, key in keys if meta.get(name)]
