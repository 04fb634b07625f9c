"""The customers who wait for a person, as operators see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.case import Case
from core.ports.outcomes import Aside, CaseRecord


@dataclass(frozen=True, slots=True)
class WaitingCustomer:
    """``id``: of the open case, or of the conversation where no desk has opened one. ``since``: when a person was asked for.

    ``address``: theirs on the channel, where that is an address or a number. ``email`` and ``phone`` are what they left.
    """

    id: str
    since: datetime
    channel: str
    name: str | None
    email: str | None
    phone: str | None
    address: str | None
    reason: str
    last_words: str


class WaitingCustomers(Protocol):
    """Each method is one transaction, and raises StoreUnavailable."""

    async def who_waits(self, limit: int) -> Sequence[WaitingCustomer]:
        """Those of queued conversations, the longest waiting first."""
        ...

    async def open_cases(self, after: str, limit: int) -> Sequence[Case]:
        """Cases that are not closed, by their ids; those behind ``after``."""
        ...

    async def decide(self, asides: Sequence[Aside], cases: Sequence[CaseRecord]) -> bool:
        """Commit what an operator decided. False where a conversation changed hands since: then nothing is written."""
        ...
