"""The form for a case's ticket: how urgent it is, what kind of matter, and what is to be known of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from channels.slack.wire import View
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket, TicketPriority
from handoff.slack.forms import form, text_field
from handoff.texts import say
from handoff.tickets import CATEGORY, NOTE, PRIORITY

_LONGEST_CATEGORY = 75


def ticket_form(carried: Mapping[str, str], language: str, ticket: Ticket) -> View:
    """As it stands. What it stood as is carried along, so that only what somebody changed here is changed."""
    category = (ticket.category or "")[:_LONGEST_CATEGORY]
    options = [
        {"text": {"type": "plain_text", "text": say(f"priority_{one}", language)}, "value": str(one)}
        for one in TicketPriority
    ]
    initial = next(one for one in options if one["value"] == ticket.priority)
    menu = {"type": "static_select", "action_id": PRIORITY, "options": options, "initial_option": initial}
    label = {"type": "plain_text", "text": say("form_ticket_priority", language)}
    kind = text_field(CATEGORY, say("form_ticket_category", language), category, "category", _LONGEST_CATEGORY)
    kind["element"]["multiline"] = False
    fields = [
        {"type": "input", "block_id": "priority", "label": label, "element": menu},
        {**kind, "optional": True},
        {**text_field(NOTE, say("form_note_label", language), "", "note"), "optional": True},
    ]
    stood = {PRIORITY: str(ticket.priority), CATEGORY: category}
    return form(StaffAction.TICKET, {**carried, **stood}, language, fields, "form_keep")
