"""A ticket that is over as a document for staff: what was asked, and what people answered. Pure.

It is a FAQ of one entry, so that a question is never found without its answer. Notes of staff are not in it: they are about a
customer more often than about a matter, and no search for names would find all that they say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from core.domain.alterations import as_altered, changed_message
from core.domain.messages import Author, Message
from core.ports.tickets import ClosedTicket
from handoff.learning.personal import without_persons
from handoff.thread.altering import as_corrected
from knowledge.convert.audience import says_staff
from knowledge.convert.markdown import language_code

_LONGEST_TITLE = 300
"""Characters of the question as it is cited; the whole of it stands above the answer then."""
_LONGEST_ASKED, _LONGEST_TOLD, _LONGEST_MESSAGE = 1_900, 8_000, 3_000
"""Characters. A customer may send a book, and an entry is given to the model as a whole."""
_AUDIENCE = re.compile("(audi)(ence)", re.IGNORECASE)
_SOFT_HYPHEN = "\u00ad"


def said_in(found: ClosedTicket) -> Sequence[Message]:
    """In order, and as the customer is to read it now: without what was taken back, with the words that took others' place."""
    ours = {one.id for one in found.said}
    changes = [one for one in found.since if changed_message(one.meta) in ours]
    said = as_corrected(as_altered([*found.said, *changes]))
    return [one for one in said if one.deleted_at is None and one.action is None and one.text.strip()]


def document_of(found: ClosedTicket) -> bytes | None:
    """The file; None for a ticket that no person has answered."""
    said = said_in(found)
    theirs = [place for place, one in enumerate(said) if one.author is Author.STAFF]
    if not theirs:
        return None
    names = [found.customer_name, *(one.author_name for one in said)]
    asked = _last(said[: theirs[0]], names, _LONGEST_ASKED)
    subject = without_persons(found.ticket.subject[:_LONGEST_TITLE], names)
    if subject.lower() not in asked.lower():
        asked = f"{subject}\n\n{asked}".strip()
    told = _last(said[theirs[0] : theirs[-1] + 1], names, _LONGEST_TOLD, dialogue=True)
    return _faq(found, asked or found.ticket.number, told) if told else None


def _last(said: Sequence[Message], names: Sequence[str | None], most: int, *, dialogue: bool = False) -> str:
    """So many messages as fit, counted from the last: it led to a person, or to the end of the matter.

    Each is looked through for names by itself, since a greeting is one at its head; others are not looked at. In a
    ``dialogue`` the customer's words are quotations: without them an answer may mean nothing.
    """
    kept: list[str] = []
    room, unread = most, 2 * most
    for one in reversed(said):
        text = one.text.strip()
        text = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"
        unread -= len(text)
        words = without_persons(text, names)
        words = _quoted(words) if dialogue and one.author is Author.CUSTOMER else words
        if kept and len(words) > room:
            break
        if words:
            kept.insert(0, words[-most:])
            room -= len(words) + 2
        if unread < 0:
            break
    return "\n\n".join(kept)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _faq(found: ClosedTicket, asked: str, told: str) -> bytes:
    question = " ".join(asked.split())
    entry: dict[str, Any] = {"question": _audible(question), "answer": _audible(told)}
    if len(question) > _LONGEST_TITLE:
        entry["question"] = _audible(question[:_LONGEST_TITLE].rstrip() + "…")
        entry["answer"] = _audible(f"{_quoted(asked)}\n\n{told}")
        entry["alternatives"] = [_audible(question[:_LONGEST_ASKED])]
    number = found.ticket.number
    entry["section"] = f"{number}, {found.closed_at:%Y-%m-%d}"
    head = {
        "title": number,
        "audience": "staff",
        "category": (found.ticket.category or "")[:_LONGEST_TITLE] or None,
        "language": language_code(found.locale or ""),
    }
    whole = {name: value for name, value in head.items() if value} | {"questions": [entry]}
    text: str = yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=100)
    return text.encode("utf-8", "replace")


def _audible(text: str) -> str:
    """A line of a customer's that looks like a setting would make it a document that cannot be read."""
    return _AUDIENCE.sub(rf"\1{_SOFT_HYPHEN}\2", text) if says_staff(text) else text
