"""The forms for a ticket, a new case and an issue: how it stands, how urgent it is, whose matter, what is to be known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.slack.wire import View
from core.domain.issues import LONGEST_TITLE, TEXT, TITLE, URL
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket, TicketPriority
from handoff.fields import LONGEST_VALUE, TicketField
from handoff.slack.forms import form, select, text_field
from handoff.slack.rich_text import Block, cut, phrase, small
from handoff.summary import TRIED
from handoff.texts import say
from handoff.tickets import CATEGORY, CHOICES, LONGEST_SUBJECT, NOTE, NOTHING, OWN_FIELD, PRIORITY, STATUS, TEAM

_TITLE, _LONGEST_CATEGORY = 100, 75
_MENU = 100


def ticket_form(
    carried: Mapping[str, str], language: str, ticket: Ticket, own: Sequence[TicketField] = (), *, over: bool = False
) -> View:
    """As it stands. What it stood as is carried along, so that only what somebody changed here is changed.

    ``own``: the company's fields. ``over``: its case is closed, so its status is not for staff to choose.
    """
    category = (ticket.category or "")[:_LONGEST_CATEGORY]
    chooses_status = not over and ticket.status in CHOICES
    fields = [
        *([_menu(STATUS, "status", CHOICES, ticket.status, language)] if chooses_status else []),
        _menu(PRIORITY, "priority", TicketPriority, ticket.priority, language),
        _line(CATEGORY, say("form_ticket_category", language), category, "category", _LONGEST_CATEGORY),
        *(_own_field(one, ticket.fields.get(one.name, "")) for one in own),
        {**text_field(NOTE, say("form_note_label", language), "", "note"), "optional": True},
    ]
    values = {OWN_FIELD + one.name: _stood(one, ticket.fields.get(one.name, "")) for one in own}
    stood = {STATUS: str(ticket.status), PRIORITY: str(ticket.priority), CATEGORY: category}
    return form(StaffAction.TICKET, {**carried, **stood, **values}, language, fields, "form_keep")


def case_form(
    carried: Mapping[str, str], language: str, teams: Sequence[str], action: StaffAction = StaffAction.OPEN_CASE
) -> View:
    """For a case that staff open, or split off another. Without a team, what the customer wrote decides, as with every other."""
    splits = action is StaffAction.SPLIT
    subject = _line(NOTE, say("form_split_label", language), "", "note", LONGEST_SUBJECT)
    note = subject if splits else text_field(NOTE, say("form_note_label", language), "", "note")
    means = small(phrase("form_split_means", language)) if splits else []
    fields = [
        {**note, "optional": not splits},
        *means,
        _menu(PRIORITY, "priority", TicketPriority, TicketPriority.NORMAL, language),
    ]
    if teams:
        labels = {one: one for one in teams[:_MENU]}
        fields.append({**select(TEAM, "team", say("form_open_case_team", language), labels), "optional": True})
    stood = {PRIORITY: str(TicketPriority.NORMAL)}
    return form(action, {**carried, **stood}, language, fields, "form_split" if splits else "form_open_case")


def issue_form(carried: Mapping[str, str], language: str, facts: Mapping[str, Any], *, creates: bool) -> View:
    """With what the customer asked, for staff to change: nothing else goes to the tracker. ``creates``: a tool can."""
    said = [str(one["text"]) for one in facts.get("summary") or () if one["kind"] != TRIED]
    title = _line(TITLE, say("form_issue_title", language), cut("".join(said[:1]), _TITLE), TITLE, LONGEST_TITLE)
    text = {**text_field(TEXT, say("form_issue_text", language), "\n\n".join(said), TEXT), "optional": True}
    field = {"type": "url_text_input", "action_id": URL}
    address = {**_line(URL, say("form_issue_url", language), "", URL, 1), "element": field, "optional": creates}
    new = [{**title, "optional": False}, text, *small(phrase("form_issue_means", language))] if creates else []
    return form(StaffAction.ISSUE, carried, language, [*new, address], "form_keep")


def _menu(action: str, name: str, choices: Iterable[str], chosen: str, language: str) -> Block:
    labels = {str(one): say(f"{name}_{one}", language) for one in choices}
    return select(action, name, say(f"form_ticket_{name}", language), labels, chosen)


def _own_field(one: TicketField, value: str) -> Block:
    """A value that the setting does not name any more can stay as it is."""
    action = OWN_FIELD + one.name
    if one.choices:
        stood = _stood(one, value)
        return select(action, action, one.name, {each: each for each in (NOTHING, stood, *one.choices)}, stood)
    return _line(action, one.name, value, action, LONGEST_VALUE)


def _line(action: str, title: str, value: str, block_id: str, longest: int) -> Block:
    block = text_field(action, title, value, block_id, longest)
    block["element"]["multiline"] = False
    return {**block, "optional": True}


def _stood(one: TicketField, value: str) -> str:
    return (value or NOTHING)[:_LONGEST_CATEGORY] if one.choices else value[:LONGEST_VALUE]
