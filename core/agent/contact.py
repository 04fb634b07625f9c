"""Messages that hold nothing but contact details."""

from __future__ import annotations

from core.agent.phrases import Phrases
from core.agent.wording import phrase
from core.domain.contact_details import spot_contact_details, without_contact_details
from core.domain.customer import ContactDetails

_FILLER = Phrases("talk.contact")


def only_contact_details(text: str) -> ContactDetails:
    """Contact details when the message holds nothing else ("my e-mail is …"); falsy otherwise."""
    found = spot_contact_details(text)
    if not found:
        return found
    rest = _FILLER.removed_from(phrase(without_contact_details(text)))
    return found if not rest else ContactDetails()
