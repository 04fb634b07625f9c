"""Contact details in what a customer wrote. Wrong ones are worse than none: an order number is not a phone number."""

from __future__ import annotations

import re
from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType, format_number, number_type

from core.domain.customer import ContactDetails
from core.domain.messages import CustomerAction, Message

_EMAIL = re.compile(r"[^\s<>\"'(),;:|\[\]{}]{1,64}@[^\s<>\"'(),;:|@\[\]{}]{1,255}")
# A number in national form counts only where the customer says that it is a way to reach them.
_PHONE_WORDS = re.compile(
    r"\b(?:phone|call|tel|mobile|cell|whatsapp|reach me|my number|telefon\w*|handy\w*|anruf\w*|"
    r"ruf(?:en?)? (?:\w+ )?mich|rufnummer|meine nummer|"
    r"téléphone|tél|appel\w*|portable|mon numéro|teléfono|móvil|celular|llám\w+|llam\w+|mi número)\b"
    r"|هاتف|جوال|موبايل|اتصل|رقمي|واتساب",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_NATIONAL_PREFIX = re.compile(r"^\s*00")
_REGIONS = {"de": "DE", "fr": "FR", "es": "ES"}
_LONGEST = 4000


def region_of(locale: str | None) -> str | None:
    """The country whose way of writing numbers is meant: the locale's own region, or the language's home."""
    parts = (locale or "").replace("_", "-").split("-")
    for part in parts[1:]:
        if len(part) == 2 and part.isalpha():
            return part.upper()
    return _REGIONS.get(parts[0].lower())


def merged(before: ContactDetails, found: ContactDetails | None) -> ContactDetails:
    """What is known with what was just left, which is newer."""
    if found is None:
        return before
    return ContactDetails(email=found.email or before.email, phone=found.phone or before.phone)


def contact_details(messages: Iterable[Message], region: str | None) -> ContactDetails | None:
    """The last e-mail address and the last phone number in ``messages``; None when there is neither."""
    email: str | None = None
    phone: str | None = None
    for message in messages:
        text = message.text[:_LONGEST]
        email = _last_email(text) or email
        phone = _last_phone(text, region, asked=message.action is CustomerAction.CONTACT) or phone
    return ContactDetails(email=email, phone=phone) or None


def _last_email(text: str) -> str | None:
    for candidate in reversed(_EMAIL.findall(text)):
        try:
            return validate_email(candidate.rstrip(".!?*_"), check_deliverability=False).normalized
        except EmailNotValidError:
            continue
    return None


def _last_phone(text: str, region: str | None, *, asked: bool) -> str | None:
    """International form (E.164 grouped for reading)."""
    readable = _NATIONAL_PREFIX.sub("+", text)
    national = asked or _PHONE_WORDS.search(readable) is not None or not _LETTER.search(readable)
    found = None
    for match in PhoneNumberMatcher(readable, region if national else None, leniency=Leniency.VALID):
        if number_type(match.number) is not PhoneNumberType.UNKNOWN:
            found = format_number(match.number, PhoneNumberFormat.INTERNATIONAL)
    return found
