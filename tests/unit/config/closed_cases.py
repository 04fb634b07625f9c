"""Tickets that are over, made by hand, and a desk that tells of them as the store does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.errors import StoreUnavailable
from core.domain.messages import Author, Message
from core.domain.ticket import Ticket, TicketPriority, TicketStatus
from core.ports.tickets import ClosedTicket

OPENED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def message(place: int, author: Author, text: str, **fields: Any) -> Message:
    return Message(f"m{place}", "c0ffee", place, author, text, OPENED + timedelta(minutes=place), **fields)


def asked(place: int, text: str, **fields: Any) -> Message:
    return message(place, Author.CUSTOMER, text, **fields)


def told(place: int, text: str, **fields: Any) -> Message:
    return message(place, Author.STAFF, text, **{"author_name": "Grace Hopper", **fields})


def closed(number: int, *said: Message, subject: str = "It arrived broken", **fields: Any) -> ClosedTicket:
    name = f"TKT-20261121-{number:04d}"
    ticket = Ticket(name, "ada", "c0ffee", subject, TicketStatus.RESOLVED, TicketPriority.NORMAL, OPENED, OPENED)
    ticket = replace(ticket, category=fields.pop("category", "billing"))
    given = {"customer_name": "Ada Lovelace", "locale": "de-AT", **fields}
    return ClosedTicket(ticket, OPENED, OPENED + timedelta(days=1), said, **given)


class Desk:
    """Implements ClosedTickets. ``away``: so many pages come, then the database is gone."""

    def __init__(self, *tickets: ClosedTicket) -> None:
        self.tickets = list(tickets)
        self.pages = 0
        self.away: int | None = None

    async def closed_tickets(self, *, before: str | None, limit: int) -> Sequence[ClosedTicket]:
        """See ClosedTickets."""
        if self.away is not None and self.pages >= self.away:
            raise StoreUnavailable("connection refused")
        self.pages += 1
        newest = sorted(self.tickets, key=lambda one: one.ticket.number, reverse=True)
        return [one for one in newest if before is None or one.ticket.number < before][:limit]
