"""Where a customer is reached who has left the channel on which they wrote."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.keys import ConversationKey


@dataclass(frozen=True, slots=True)
class ContactRoute:
    """``key``: where it leads, a thread on another channel. ``address``: as that channel knows it. ``contact``: as it was left.

    It says where words go, and nothing about who reads them: nobody is better known for having left an address.
    """

    key: ConversationKey
    address: str
    contact: str


def one_mailbox(address: str) -> str:
    """An address as its mailbox is counted: in small letters, without what follows a plus. A number stays as it is."""
    local, at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


@dataclass(frozen=True, slots=True)
class Contacted:
    """What an address got in follow-ups: when the last one, in seconds since 1970, and how many since it last answered."""

    sent_at: float = 0.0
    unanswered: int = 0
