"""Recognise that a customer wants to link another address of theirs, or to undo it, in the languages of ``languages/*.toml``.

A message asks to link an address only when it says nothing else: an address in a longer message may be there for anything. To
undo a link, a sentence in the first line is enough: a signature may follow it, and who did not ask for the link must be heard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.agent.person_wish import wants_person
from core.agent.phrases import Phrases
from core.agent.questions import asks
from core.agent.sentences import sentences
from core.agent.wording import phrase
from core.domain.capabilities import AnswersBy
from core.domain.contact_details import spot_contact_details, without_contact_details
from core.domain.customer import ContactDetails

_LONGEST = 300
_LONGEST_REST = 2_000
_MOST_NAMES = 2
"""Words directly before the address: "it's me, Alice Miller, alice@example.com"."""
_WORD = re.compile(r"[^\W_]+")
_QUESTION = ("?", "؟", "？")
_ASK, _UNDO = Phrases("link.ask"), Phrases("link.undo")
_PHONE, _EMAIL = Phrases("link.phone"), Phrases("link.email")
_BESIDE = Phrases("link.ask", "link.undo", "link.phone", "link.email", "link.beside")


@dataclass(frozen=True, slots=True)
class LinkWish:
    """``contact``: the address that is meant, as far as it was written. ``undo``: links are to be undone.

    ``kind``: what kind of address is meant (mail is answered by THREAD, text messages by SENDER); None where that is not said.
    ``asks_more``: beside an undo, the message asks a question or for a person.
    """

    contact: ContactDetails = field(default_factory=ContactDetails)
    undo: bool = False
    kind: AnswersBy | None = None
    asks_more: bool = False


def link_wish(text: str) -> LinkWish | None:
    """The wish in this message; None where it says something else."""
    if (undo := _undo_wish(text)) is not None:
        return undo
    if len(text) > _LONGEST or _asks(text):
        return None
    contact, spoken = spot_contact_details(text), _spoken(text)
    if not _ASK.are_in(spoken) or wants_person(text):
        return None
    before, _, after = text.partition(contact.email or contact.phone or "\n")
    kind = _kind(spoken, contact)
    says_it = (
        _at_most_a_name(before) and not _other_words(after) if contact else kind is not None and not _other_words(text)
    )
    return LinkWish(contact, kind=kind) if says_it else None


def _undo_wish(text: str) -> LinkWish | None:
    """The wish to undo links, in a sentence of the first line that is more than a greeting."""
    lines = (line for line in text[:_LONGEST_REST].splitlines() if _other_words(line) or _UNDO.are_in(_spoken(line)))
    for sentence in sentences(next(lines, "")[:_LONGEST]):
        if not _UNDO.are_in(spoken := _spoken(sentence)) or _other_words(sentence) or _asks(sentence):
            continue
        contact, rest = spot_contact_details(sentence), text[:_LONGEST_REST].replace(sentence, "\n", 1)
        more = wants_person(rest) or any(map(asks, sentences(rest)))
        return LinkWish(contact, undo=True, kind=_kind(spoken, contact), asks_more=more)
    return None


def _spoken(text: str) -> str:
    return phrase(without_contact_details(text))


def _asks(text: str) -> bool:
    return any(mark in text for mark in _QUESTION)


def _other_words(text: str) -> list[str]:
    """Words that have nothing to do with links."""
    return _BESIDE.removed_from(_spoken(text)).split()


def _at_most_a_name(text: str) -> bool:
    """Whether the other words before an address, if any, are a name directly in front of it: a request may be as short."""
    others = _other_words(text)
    names = _WORD.findall(text)[-len(others) :] if others else []
    is_last = [phrase(name) for name in names] == others
    return is_last and len(names) <= _MOST_NAMES and all(name[0].isupper() for name in names)


def _kind(spoken: str, contact: ContactDetails) -> AnswersBy | None:
    if contact.email or _EMAIL.are_in(spoken):
        return AnswersBy.THREAD
    return AnswersBy.SENDER if contact.phone or _PHONE.are_in(spoken) else None
