"""Whose secret a word is, and where it may be read: what the hub did is held against this, and it knows nothing of the hub.

A secret is two words: a topic, which strangers know and search for, and a payload, which only its owner may read.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

PAYLOAD = re.compile(r"zz[a-y]{10}")
MARK = re.compile(r"\bmk[a-y]{10}\b")
_LETTERS = "abcdefghilmnoprstu"


def word(rng: random.Random, head: str) -> str:
    """A word that nobody else has; ``head``: zz for payloads, mk for the marks of messages, qt for topics."""
    return head + "".join(rng.choices(_LETTERS, k=10))


@dataclass(eq=False)
class Identity:
    """An address or account of one person. ``held``: payloads that are theirs here, and those that they were shown here.

    ``kind`` and ``subject``: by what a company's server knows it. ``external``: by what the hub knows it.
    """

    person: int
    route: str
    kind: str
    subject: str
    external: str
    proven: bool
    held: set[str] = field(default_factory=set)
    links: set[Identity] = field(default_factory=set)

    def linked(self) -> Iterator[Identity]:
        """Itself and all that are linked with it today, also by way of one another."""
        found, left = {self}, [self]
        while left:
            one = left.pop()
            yield one
            left += one.links - found
            found |= one.links

    def link(self, other: Identity) -> None:
        """A code was typed."""
        self.links.add(other)
        other.links.add(self)

    def unlink(self) -> None:
        """All links of this one end."""
        for other in self.links:
            other.links.discard(self)
        self.links.clear()


@dataclass(eq=False)
class Place:
    """A conversation on one road. ``writer``: how people write there and what they read.

    ``authors``: the people in it, by number; ``public``: payloads that were said where all of them read. ``ever``: all that was
    ever allowed here. ``read``: how many of the hub's texts were judged.
    """

    route: str
    writer: Any
    authors: dict[int, Identity]
    public: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    read: int = 0

    @property
    def shared(self) -> bool:
        """Whether several people read it."""
        return len(self.authors) > 1

    @property
    def identity(self) -> Identity:
        """Of the one person in it."""
        (found,) = self.authors.values()
        return found

    def allowed(self) -> set[str]:
        """The payloads that may be shown here now."""
        now = self.public if self.shared else {payload for one in self.identity.linked() for payload in one.held}
        self.ever |= now
        return now

    def keep(self, payloads: Iterable[str]) -> None:
        """They were said here, or shown to whom they may be shown."""
        if self.shared:
            self.public |= set(payloads)
        for one in () if self.shared else self.authors.values():
            one.held |= set(payloads)
        self.allowed()


@dataclass
class Ledger:
    """``origin``: of each payload where it was planted, for the message of a failure. ``by_subject``: who a company's ids are."""

    origin: dict[str, str] = field(default_factory=dict)
    by_subject: dict[tuple[str, str], list[Identity]] = field(default_factory=dict)
    marks: dict[str, tuple[Place, Identity]] = field(default_factory=dict)

    def add(self, identity: Identity) -> Identity:
        """Somebody new."""
        for key in ((identity.kind, identity.subject), ("account", identity.external)):
            self.by_subject.setdefault(key, []).append(identity)
        return identity

    def foreign(self, text: str, allowed: set[str]) -> list[str]:
        """The secrets in a text that must not be there, each with its origin."""
        return [f"{one} ({self.origin.get(one, 'nobody')})" for one in set(PAYLOAD.findall(text)) - allowed]
