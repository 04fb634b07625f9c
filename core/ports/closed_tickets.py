"""Tickets that people have closed, with what was said about them: what staff look through when a matter comes up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.messages import Message
from core.domain.ticket import Ticket


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
