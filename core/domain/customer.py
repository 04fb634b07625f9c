"""Who is writing: an identity on one channel, and the customer that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from core.domain.memory import Fact

LINK = "link"
"""In ``meta`` of the agent's message: the code that is open since then. Empty: none is any more."""


class Evidence(IntEnum):
    """How well it is known that an identity is the writer's own, the weakest first.

    ``CLAIMED``: anybody may write in its name. ``PROVIDER_VERIFIED``: the channel proves each message (a signed mail, an account
    of the platform, a signed token). ``PROVEN``: a one-time code showed that another identity is the same person's, so both have
    what either of them has.
    """

    CLAIMED = 0
    PROVIDER_VERIFIED = 1
    PROVEN = 2

    @classmethod
    def of(cls, *, verified: bool, linked: bool) -> Evidence:
        """Of an identity that its channel has ``verified``, or that a code has ``linked``."""
        return cls.PROVEN if linked else cls.PROVIDER_VERIFIED if verified else cls.CLAIMED


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as one channel knows them. ``verified`` only when the channel proved it (signature, signed token)."""

    channel: str
    account: str
    external_id: str
    display_name: str | None = None
    email: str | None = None
    verified: bool = False
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """How to reach a customer later, as they wrote it. Never used to prove who they are."""

    email: str | None = None
    phone: str | None = None

    def __bool__(self) -> bool:
        return bool(self.email or self.phone)


@dataclass(frozen=True, slots=True)
class Customer:
    """The person behind a conversation as the server knows them; ids a model names are never trusted instead.

    ``since``: when they first wrote. ``evidence``: of the identity with which they write. ``facts``: what they have said of
    themselves, where the turn may know it.
    """

    id: str
    external_id: str
    display_name: str | None = None
    verified: bool = False
    contact: ContactDetails = field(default_factory=ContactDetails)
    locale: str | None = None
    since: datetime | None = None
    evidence: Evidence = Evidence.CLAIMED
    facts: tuple[Fact, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether the channel or a code proves who they are."""
        return self.verified or self.evidence is Evidence.PROVEN


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """One of the identities of a customer. ``address``: the person's id on that channel, such as a phone number."""

    channel: str
    address: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """Two identities of one person, as channel and address. ``conversation_id``: where the code was typed.

    ``undone_at`` and ``undone_by``: set once it does not hold any more.
    """

    at: datetime
    identities: tuple[str, str]
    conversation_id: str
    undone_at: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote in a conversation. ``customer_ids``: of their address, the one who wrote last first; where some messages are
    proven to be from it and others are not, it has two.
    """

    customer_ids: tuple[str, ...]
    address: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A customer whom staff have blocked. ``by``: who did it; ``case_id``: from which case."""

    customer_id: str
    by: str
    reason: str
    at: datetime
    case_id: str
    name: str | None = None
    identities: tuple[str, ...] = ()
