"""What is remembered of customers: facts, and running summaries of their conversations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.memory import CustomerMemory, Fact, Key
from core.domain.messages import Message
from core.ports.tickets import Holder

Newest = tuple[float, str]
"""Up to where conversations were looked through: when one was last written in, and its id."""


@dataclass(frozen=True, slots=True)
class Unremembered:
    """A part of a private conversation that nothing was learned from yet: ``messages`` behind ``remembered_seq``, up to ``upto``.

    ``messages``: what the customer wrote and was told. ``summary``: of what was said before them. ``group``: of customers who
    share a part of the budget, see ``core.domain.budget.group_of_address``.
    """

    conversation_id: str
    customer_id: str
    remembered_seq: int
    upto: int
    summary: str | None
    memory: CustomerMemory
    messages: Sequence[Message]
    place: Newest
    group: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a part of a conversation told. ``used``: keys of known facts that mattered in it. ``summary``: None keeps it."""

    facts: Sequence[Fact] = ()
    used: Collection[Key] = ()
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a customer's history."""

    at: datetime
    by: str
    text: str
    conversation_id: str
    message_id: str


HistorySearch = Callable[[Holder, str], Awaitable[Sequence[Said]]]
"""Finds messages that fit a query in all conversations that the holder may see. Raises StoreUnavailable."""


class Learner(Protocol):
    """Finds facts and preferences in what a customer wrote."""

    async def learn(self, part: Unremembered) -> Learned | None:
        """None where it cannot be done now; raises nothing."""


class Memories(Protocol):
    """Every method is one transaction, and raises StoreUnavailable. Nothing is shared but by links that hold today (ADR 17)."""

    async def unremembered(self, rest: float, *, after: Newest | None, limit: int) -> Sequence[Unremembered]:
        """Private conversations in which nothing was written for ``rest`` seconds, or much since the last time."""

    async def keep_learned(self, part: Unremembered, found: Learned) -> bool:
        """Keep it, once: False where another process was faster, or a message was changed or something forgotten meanwhile."""

    async def facts_of(self, holder: Holder) -> Sequence[Fact]: ...

    async def keep_fact(self, holder: Holder, fact: Fact) -> None:
        """The customer wants it remembered. The same again changes nothing, nor does what its message says no more."""

    async def forget_facts(self, holder: Holder, keys: Collection[Key] | None, at: datetime) -> int:
        """How many facts went: those of ``keys``, with None all. Summaries of before go as well."""

    async def history_of(self, holder: Holder, limit: int) -> Sequence[Said]:
        """What they wrote and were told, over all their conversations, the newest first."""
