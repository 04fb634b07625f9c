"""A ticket: a matter of a customer's with a number that both sides can name, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

_NUMBER = re.compile(r"(?<!\w)TKT[-\s_‐-―]?(\d{8})[-\s_‐-―]?(\d{4,9})(?!\d)", re.IGNORECASE)
_OPEN_ACTORS = frozenset({"customer", "agent"})
_SHOWN_AS = {"customer": "customer", "agent": "agent", "rule": "agent"}


class TicketStatus(StrEnum):
    """open: somebody has to look at it. pending: it waits for the customer. on_hold: it waits for somebody else.
    resolved: answered. closed: over.
    """

    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketPriority(StrEnum):
    """How soon somebody has to look at it."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class EntryKind(StrEnum):
    """What a row of a ticket's history tells."""

    OPENED = "opened"
    STATUS = "status"
    PRIORITY = "priority"
    CATEGORY = "category"
    NOTE = "note"
    FIELD = "field"


_INSIDE = frozenset({EntryKind.NOTE, EntryKind.FIELD})


@dataclass(frozen=True, slots=True)
class TicketEntry:
    """``actor``: ``customer``, ``agent``, ``rule`` or a staff member's id. ``text``: the note, or what it is now."""

    place: int
    actor: str
    kind: EntryKind
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """``case_id``: the desk's case that made it, where one did. ``history``: oldest first, where it was read.

    ``subject``: in the customer's words, empty where there were none. Why staff were called is the case's, and theirs.
    ``fields``: the values of the company's own fields, by name, for staff.
    """

    number: str
    customer_id: str
    conversation_id: str
    subject: str
    status: TicketStatus
    priority: TicketPriority
    created_at: datetime
    updated_at: datetime
    category: str | None = None
    case_id: str | None = None
    history: tuple[TicketEntry, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def for_customer(self) -> Ticket:
        """As its customer may see it: without what staff noted, and without who of them did what."""
        shown = (one for one in self.history if one.kind not in _INSIDE or one.actor in _OPEN_ACTORS)
        history = tuple(replace(one, actor=_SHOWN_AS.get(one.actor, "staff")) for one in shown)
        return replace(self, history=history, fields={})


def ticket_number(day: str, count: int) -> str:
    """As it is written: ``day`` is YYYYMMDD in UTC. Past 9999 on one day it has more digits."""
    return f"TKT-{day}-{count:04d}"


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of tickets in what somebody wrote, in whatever digits, as they are written properly, each once."""
    found = (ticket_number(f"{int(match[1]):08d}", int(match[2])) for match in _NUMBER.finditer(text))
    return tuple(dict.fromkeys(found))
