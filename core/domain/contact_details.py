"""Spots contact details in a text. Only to notice that a customer wants to be reached, never to prove who they are."""

from __future__ import annotations

import re

from core.domain.customer import ContactDetails

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""It begins at the beginning of a word only: tried at each letter of a very long one, it would take the square of its time."""
_PHONE = re.compile(
    r"(?<![\w.])(?:\+|00|0|\()[\d\s()./-]{6,22}\d(?!\w)|(?<![\w.])\d{3,4}[ .-]\d{3,4}[ .-]\d{3,4}(?!\w)"
)


def spot_contact_details(text: str) -> ContactDetails:
    """The first e-mail address and the first phone number (7 to 15 digits) of a text; falsy when there is none."""
    email = _EMAIL.search(text)
    rest = _EMAIL.sub(" ", text)
    phones = (match.group().strip() for match in _PHONE.finditer(rest))
    phone = next((p for p in phones if 7 <= sum(c.isdigit() for c in p) <= 15), None)
    return ContactDetails(email=email.group() if email else None, phone=phone)


def without_contact_details(text: str) -> str:
    """The text without addresses and what may be phone numbers."""
    return _PHONE.sub(" ", _EMAIL.sub(" ", text))
