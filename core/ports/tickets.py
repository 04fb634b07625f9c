"""Tickets. Those of escalations are opened and moved with the turns that decide it (core.ports.outcomes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.customer import Customer, Identity, KnownIdentity
from core.domain.messages import Message
from core.domain.ticket import Ticket, TicketPriority, TicketStatus


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose tickets are meant, as the server knows it.

    Who has proved nothing has only those of the one conversation; so has everybody where others read along. Whoever has proven
    to be the same person on another channel has theirs as well.

    ``private``: nobody else reads what is said there, so that what was proven by a code counts.
    """

    customer_id: str
    conversation_id: str
    verified: bool
    private: bool = True

    @classmethod
    def of(cls, customer: Customer, conversation_id: str, *, private: bool = True) -> Holder:
        """A customer who writes in a conversation. ``private``: nobody else reads what is said there."""
        return cls(customer.id, conversation_id, customer.verified and private, private)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that is to be opened. ``note``: what is to be known about it."""

    subject: str
    priority: TicketPriority = TicketPriority.NORMAL
    category: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What is to be changed; None leaves it. ``fields``: values by name; an empty one takes away what was there."""

    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    category: str | None = None
    note: str | None = None
    fields: Mapping[str, str] | None = None


class Tickets(Protocol):
    """Every method is one transaction, and raises StoreUnavailable.

    ``origin`` says what a number, a ticket or a change is for: the same origin again gets what it got before, so that a
    turn which is run again after a crash repeats nothing.
    """

    async def ticket_number_for(self, origin: str) -> str:
        """A number for a ticket that will be opened with it."""

    async def create_ticket(self, holder: Holder, new: NewTicket, *, actor: str, origin: str) -> Ticket: ...

    async def ticket(self, holder: Holder, number: str) -> Ticket | None:
        """With its history. None for one that is not there, and for one that is somebody else's."""

    async def tickets(self, holder: Holder, limit: int) -> Sequence[Ticket]:
        """The newest first, without their histories."""

    async def update_ticket(
        self, holder: Holder, number: str, change: TicketChange, *, actor: str, origin: str
    ) -> Ticket | None:
        """As it is then, with its history; None as for ``ticket``, and where the holder's sender could be forged for one that
        was opened elsewhere.
        """

    async def known_customer(self, who: Identity) -> str | None:
        """The id of the customer behind an identity, verified or not as it says; None for one who never wrote."""

    async def conversations_of(self, holder: Holder) -> int:
        """How many conversations they have had."""

    async def identities(self, holder: Holder) -> Sequence[KnownIdentity]:
        """Their own identity first, and those that a code has proven to be theirs as well."""

    async def said_elsewhere(self, holder: Holder, limit: int) -> Sequence[str]:
        """What they wrote last by identities that a code has proven to be theirs, the newest first."""


@dataclass(frozen=True, slots=True)
class ClosedTicket:
    """A ticket without its history, and the conversation that its case was about, as far as it reached the customer.

    ``said``: by the customer and by staff, in order, since the case before it. ``since``: what staff sent when a later case had
    begun; of this only what changes something in ``said`` belongs here. ``customer_name``: so that it can be taken out.
    """

    ticket: Ticket
    opened_at: datetime
    closed_at: datetime
    said: tuple[Message, ...]
    since: tuple[Message, ...] = ()
    customer_name: str | None = None
    locale: str | None = None


class ClosedTickets(Protocol):
    """What became of cases that people had."""

    async def closed_tickets(self, *, before: str | None, limit: int) -> Sequence[ClosedTicket]:
        """The next ``limit`` tickets below the number ``before``, the newest first: resolved or closed, their cases too.

        None of a conversation that its customer has ended. One of which a row cannot be read comes with nothing said.
        Each page is a transaction of its own. Raises StoreUnavailable.
        """
