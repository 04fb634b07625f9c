"""The ticket that goes with a case: its number in what the customer and staff read, and its row in the commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.case import Case
from core.domain.messages import Author
from core.domain.ticket import TicketPriority, TicketStatus
from core.ports.outcomes import MoveTicket, OpenTicket
from core.ports.store import NewMessage, TurnState
from core.ports.tickets import TicketChange, Tickets
from handoff.customer_language import known_locale
from handoff.settings import HandoffSettings, TicketField
from handoff.texts import say

STATUS, PRIORITY, CATEGORY, NOTE, TEAM = (
    "ticket_status",
    "ticket_priority",
    "ticket_category",
    "ticket_note",
    "case_team",
)
"""The fields of the forms in which staff change a ticket and open a case."""
OWN_FIELD, NOTHING = "ticket_field:", "–"
"""What the name of a company's own field begins with in that form, and the choice that takes a value away."""
CHOICES = (TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
"""The statuses that staff choose from. A ticket becomes resolved or closed by the buttons of its case."""
_CUSTOMER = "customer"
LONGEST_SUBJECT, LONGEST_VALUE = 200, 90


class CaseTickets:
    """A number is given before the commit that opens the ticket, and again the same when the turn is run again."""

    def __init__(self, tickets: Tickets, settings: HandoffSettings) -> None:
        self._tickets = tickets
        self._settings = settings

    async def number(self, case_id: str) -> str:
        """The case's."""
        return await self._tickets.ticket_number_for(case_id)

    async def told(self, turn: TurnState, notice: NewMessage, case_number: int) -> NewMessage:
        """A transfer notice with the number of the ticket of the conversation's case of that number."""
        number = await self.number(Case.named(turn.conversation.id, case_number))
        said = say("ticket", known_locale(turn), fallback=self._settings.default_locale, name=number)
        return replace(notice, text=f"{notice.text}\n\n{said}", meta={**notice.meta, "ticket": number})

    async def opened(self, case: Case, turn: TurnState, team: str | None = None, subject: str = "") -> OpenTicket:
        """To be committed with the case. Its kind is the matter of the ``team`` that it is for. Without a ``subject`` of the
        staff's it has the customer's words.
        """
        urgent = case.urgency if case.urgency in set(TicketPriority) else TicketPriority.NORMAL
        return OpenTicket(
            case_id=case.id,
            number=await self.number(case.id),
            customer_id=turn.customer.id,
            conversation_id=case.conversation_id,
            subject=subject or _in_their_words(turn),
            priority=TicketPriority(urgent),
            actor=case.requested_by,
            category=team,
        )


def _in_their_words(turn: TurnState) -> str:
    """Never the reason of the escalation: that is for staff, and a ticket is the customer's to see."""
    said = [*(read := turn.as_read()).pending, *reversed(read.with_history_of_author().history)]
    words = (one.text for one in said if one.author is Author.CUSTOMER and one.deleted_at is None and one.text.strip())
    return " ".join(next(words, "").split())[:LONGEST_SUBJECT]


def reopened(case_id: str) -> MoveTicket:
    """The customer wrote again."""
    return MoveTicket(case_id, TicketStatus.OPEN, _CUSTOMER)


def withdrawn(case_id: str) -> MoveTicket:
    """The customer needs nobody any more."""
    return MoveTicket(case_id, TicketStatus.CLOSED, _CUSTOMER)


def ended(case_id: str, who: str, *, resolved: bool) -> MoveTicket:
    """By a staff member: what they handed back to the agent waits for the customer to say more."""
    return MoveTicket(case_id, TicketStatus.RESOLVED if resolved else TicketStatus.PENDING, who)


def new_case_in(text: str) -> tuple[str | None, str, str]:
    """The team, the urgency and the note (of a case that is split off: the subject) of a new case, as far as staff said so."""
    given = _given(text)
    return given.get(TEAM), given.get(PRIORITY) or TicketPriority.NORMAL, given.get(NOTE, "")


def change_in(text: str, fields: Sequence[TicketField] = ()) -> TicketChange | None:
    """What a form that was sent off asks for; None where it changes nothing, or is none of ours."""
    found = _given(text)
    own = {name.removeprefix(OWN_FIELD): "" if value == NOTHING else value for name, value in found.items()}
    status, priority = found.get(STATUS), found.get(PRIORITY)
    change = TicketChange(
        status=TicketStatus(status) if status in CHOICES else None,
        priority=TicketPriority(priority) if priority in set(TicketPriority) else None,
        category=found.get(CATEGORY),
        note=found.get(NOTE) or None,
        fields=given_values(fields, own) or None,
    )
    return None if change == TicketChange() else change


def _given(text: str) -> dict[str, str]:
    """What was filled in, by the names of the fields; nothing where it is no form of ours."""
    try:
        given: Any = json.loads(text or "{}")
    except ValueError:
        return {}
    return {name: str(value).strip() for name, value in given.items()} if isinstance(given, dict) else {}


def given_values(fields: Sequence[TicketField], given: Mapping[str, str]) -> dict[str, str]:
    """Of the values by name those that the fields take, in one line. An empty value takes away what was there."""
    found = {}
    for one in (each for each in fields if each.name in given):
        value = " ".join("".join(sign for sign in given[one.name] if sign.isprintable() or sign.isspace()).split())
        if not value or not one.choices or value in one.choices:
            found[one.name] = value[:LONGEST_VALUE]
    return found
