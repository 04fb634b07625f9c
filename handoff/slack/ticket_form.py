"""The form for a case's ticket: how it stands, how urgent it is, what kind of matter, and what is to be known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from channels.slack.wire import View
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket, TicketPriority
from handoff.slack.forms import form, text_field
from handoff.slack.rich_text import Block
from handoff.texts import say
from handoff.tickets import CATEGORY, CHOICES, NOTE, PRIORITY, STATUS

_LONGEST_CATEGORY = 75


def ticket_form(carried: Mapping[str, str], language: str, ticket: Ticket, *, over: bool = False) -> View:
    """As it stands. What it stood as is carried along, so that only what somebody changed here is changed.

    ``over``: its case is closed, so its status is not for staff to choose.
    """
    category = (ticket.category or "")[:_LONGEST_CATEGORY]
    kind = text_field(CATEGORY, say("form_ticket_category", language), category, "category", _LONGEST_CATEGORY)
    kind["element"]["multiline"] = False
    chooses_status = not over and ticket.status in CHOICES
    fields = [
        *([_menu(STATUS, "status", CHOICES, ticket.status, language)] if chooses_status else []),
        _menu(PRIORITY, "priority", TicketPriority, ticket.priority, language),
        {**kind, "optional": True},
        {**text_field(NOTE, say("form_note_label", language), "", "note"), "optional": True},
    ]
    stood = {STATUS: str(ticket.status), PRIORITY: str(ticket.priority), CATEGORY: category}
    return form(StaffAction.TICKET, {**carried, **stood}, language, fields, "form_keep")


def _menu(action: str, name: str, choices: Iterable[str], chosen: str, language: str) -> Block:
    options = [
        {"text": {"type": "plain_text", "text": say(f"{name}_{one}", language)}, "value": str(one)} for one in choices
    ]
    initial = next(one for one in options if one["value"] == chosen)
    menu = {"type": "static_select", "action_id": action, "options": options, "initial_option": initial}
    label = {"type": "plain_text", "text": say(f"form_ticket_{name}", language)}
    return {"type": "input", "block_id": name, "label": label, "element": menu}
