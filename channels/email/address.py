"""Whose an address is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from channels.email.charset import clean, raw_headers, words

_WHOLE = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+").fullmatch
_FOUND = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")
_LONGEST = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """``address`` in small letters: two spellings of one mailbox are one person."""

    address: str
    name: str | None = None

    @property
    def domain(self) -> str:
        """Behind the last @."""
        return self.address.rpartition("@")[2]

    @property
    def local(self) -> str:
        """Before the last @, without what follows a plus."""
        return self.address.rpartition("@")[0].partition("+")[0]


def mailboxes(message: Message, name: str) -> list[Mailbox]:
    """All addresses of a header; what is none is left out."""
    found: list[Mailbox] = []
    for value in raw_headers(message, name):
        for mailbox in _read(value):
            if mailbox not in found:
                found.append(mailbox)
    return found


def sender(message: Message) -> Mailbox | None:
    """The one author, or None when nobody is named, or several are."""
    authors = mailboxes(message, "From")
    return authors[0] if len(authors) == 1 and len(raw_headers(message, "From")) == 1 else None


def _read(value: str) -> Iterable[Mailbox]:
    try:
        pairs = getaddresses([value])
    except (ValueError, TypeError, IndexError, AttributeError):
        pairs = []
    usable = [(name, address.strip().lower()) for name, address in pairs]
    usable = [(name, address) for name, address in usable if _WHOLE(address) and len(address) <= _LONGEST]
    if not usable:
        found = {address.lower() for address in _FOUND.findall(value)}  # of two that cannot be told apart, none
        usable = [("", address) for address in found if len(found) == 1 and len(address) <= _LONGEST]
    for name, address in usable:
        shown = " ".join(words(clean(name)).split())[:100]
        yield Mailbox(clean(address), shown if shown and shown.lower() != address else None)
