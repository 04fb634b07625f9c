"""Recognise that a customer wants to link another address of theirs, or to undo it, in the languages of ``languages/*.toml``.

A message counts only when it says little else: an address in a longer message may be there for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.agent.contact import contact_details, without_contact_details
from core.agent.person_wish import wants_person
from core.agent.phrases import Phrases
from core.agent.wording import phrase
from core.domain.capabilities import AnswersBy
from core.domain.customer import ContactDetails

_LONGEST = 300
_MOST_OTHER_WORDS = 2
"""Such as a name: "it's me, Alice Miller, alice@example.com"."""
_QUESTION = ("?", "؟", "？")
_ASK, _UNDO = Phrases("link.ask"), Phrases("link.undo")
_PHONE, _EMAIL = Phrases("link.phone"), Phrases("link.email")
_BESIDE = Phrases("link.ask", "link.undo", "link.phone", "link.email", "link.beside")


@dataclass(frozen=True, slots=True)
class LinkWish:
    """``contact``: the address to link, as far as it was written. ``undo``: links are to be undone.

    ``kind``: what kind of address is meant (mail is answered by THREAD, text messages by SENDER); None where that is not said.
    """

    contact: ContactDetails = field(default_factory=ContactDetails)
    undo: bool = False
    kind: AnswersBy | None = None


def link_wish(text: str) -> LinkWish | None:
    """The wish in this message; None where it says something else."""
    if len(text) > _LONGEST or any(mark in text for mark in _QUESTION):
        return None
    contact, spoken = contact_details(text), phrase(without_contact_details(text))
    asks, undoes = _ASK.are_in(spoken), _UNDO.are_in(spoken)
    if not (asks or undoes) or wants_person(text):
        return None
    others = len(_BESIDE.removed_from(spoken).split())
    kind = _kind(spoken, contact)
    if undoes:
        return LinkWish(contact, undo=True, kind=kind) if not others else None
    says_it = others <= _MOST_OTHER_WORDS if contact else kind is not None and not others
    return LinkWish(contact, kind=kind) if says_it else None


def _kind(spoken: str, contact: ContactDetails) -> AnswersBy | None:
    if contact.email or _EMAIL.are_in(spoken):
        return AnswersBy.THREAD
    return AnswersBy.SENDER if contact.phone or _PHONE.are_in(spoken) else None
