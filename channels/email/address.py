"""Whose an address is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from typing import Annotated

from pydantic import StringConstraints

from channels.email.charset import clean, raw_headers, words

_ADDRESS = r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+"
_WHOLE = re.compile(_ADDRESS).fullmatch
_FOUND = re.compile(rf"(?<![^\s@<>,;:\"()]){_ADDRESS}")
_LONGEST_NAME = 100
_LONGEST = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets."""
_LONGEST_LIST = 16_000
"""Characters of one header that are read: some hundred addresses. The library takes quadratic time over groups."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """``address`` in small letters: two spellings of one mailbox are one person."""

    address: Annotated[str, StringConstraints(pattern=f"^{_ADDRESS}$", max_length=_LONGEST)]
    name: Annotated[str, StringConstraints(max_length=_LONGEST_NAME)] | None = None

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
    return list(dict.fromkeys(mailbox for value in raw_headers(message, name) for mailbox in _read(value)))


def sender(message: Message, own: str | None = None) -> Mailbox | None:
    """Its author; of several the one that Sender names (RFC 5322, section 3.6.2), or else the first; ``own``: never us beside
    somebody else.
    """
    named = mailboxes(message, "From")
    authors = [one for one in named if one.address != own] or named
    by = {one.address for one in mailboxes(message, "Sender")}
    return next((one for one in authors if one.address in by), authors[0] if authors else None)


def has_several_authors(message: Message) -> bool:
    """Also where From stands twice: then programs disagree about whose mail it is."""
    return len(mailboxes(message, "From")) > 1 or len(raw_headers(message, "From")) > 1


def _read(value: str) -> Iterable[Mailbox]:
    if len(value) > _LONGEST_LIST:
        value = value[:_LONGEST_LIST].rpartition(",")[0]  # half an address would be another one
    try:
        pairs = getaddresses([value])
    except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
        pairs = []
    usable = [(name, address.strip().lower()) for name, address in pairs]
    usable = [(name, address) for name, address in usable if _WHOLE(address) and len(address) <= _LONGEST]
    usable = [(name, address) for name, address in usable if "=?" not in address]  # no address, but an encoded word
    if not usable:
        found = {address.lower() for address in _FOUND.findall(value)}  # of two that cannot be told apart, none
        usable = [("", address) for address in found if len(found) == 1 and len(address) <= _LONGEST]
    for name, address in usable:
        shown = " ".join(words(clean(name)).split())[:_LONGEST_NAME]
        yield Mailbox(clean(address), shown if shown and shown.lower() != address else None)
