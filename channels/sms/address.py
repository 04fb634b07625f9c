"""Who writes to whom: telephone numbers in E.164, short codes, names, and WhatsApp addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from core.domain.errors import InvalidInput

WHATSAPP = "whatsapp:"
_SHORT = re.compile(r"\+?\d{3,6}").fullmatch
_DIALLED = re.compile(r"\+?[\d\s().\-/]{7,25}").fullmatch
_FITTING = re.compile(r"[^/\s]{1,80}").fullmatch


class Kind(Enum):
    """What stands where a number should: only a number belongs to a person who can be answered."""

    NUMBER = auto()
    SHORT_CODE = auto()
    NAME = auto()


@dataclass(frozen=True, slots=True)
class Address:
    """``value`` as Twilio writes it: ``+15551234567``, ``whatsapp:+15551234567``, ``12345`` or ``ACME``."""

    value: str
    kind: Kind

    @classmethod
    def read(cls, text: str, region: str | None = None) -> Address:
        """``region``: the country (ISO 3166) that a number without a country code is from."""
        text = text.strip()
        if text.startswith(WHATSAPP):
            inner = cls.read(text.removeprefix(WHATSAPP), region)
            return cls(WHATSAPP + inner.value, Kind.NUMBER if inner.value else Kind.NAME)
        if _SHORT(text):
            return cls(text, Kind.SHORT_CODE)
        if not _DIALLED(text):
            return cls(text, Kind.NAME)
        return cls(_e164(text, region), Kind.NUMBER)

    @property
    def whatsapp(self) -> bool:
        """Whether it is reached through WhatsApp."""
        return self.value.startswith(WHATSAPP)

    @property
    def number(self) -> str:
        """Without the channel in front."""
        return self.value.removeprefix(WHATSAPP)

    @property
    def region(self) -> str | None:
        """The number's country (ISO 3166), where its prefix tells."""
        try:
            number = phonenumbers.parse(self.number, None)
        except NumberParseException:
            return None
        region = phonenumbers.region_code_for_number(number)
        return region or phonenumbers.region_code_for_country_code(number.country_code or 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two ends of a conversation, ours first. Its written form is the conversation's thread."""

    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.ours}/{self.theirs}"

    @classmethod
    def read(cls, thread: str) -> Pair:
        """Raises InvalidInput for a thread of another channel."""
        ours, slash, theirs = thread.partition("/")
        if not (slash and _FITTING(ours) and _FITTING(theirs)):
            raise InvalidInput(f"{thread!r} names no pair of numbers.")
        return cls(ours, theirs)

    @property
    def whatsapp(self) -> bool:
        """Whether it is a WhatsApp conversation."""
        return self.theirs.startswith(WHATSAPP)


def _e164(text: str, region: str | None) -> str:
    """A number that no plan knows (test numbers) keeps its digits."""
    digits = re.sub(r"\D", "", text)
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return f"+{digits}"
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
