"""The forms that staff open from a card, as Slack's modals. Pure.

Limits after docs.slack.dev/reference/views/modal-views: 24 characters in a title, 3,000 in a field, 100 blocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from channels.slack.views import CHOOSES
from channels.slack.wire import View
from core.domain.customer import Block as CustomerBlock
from core.domain.customer import Writer
from core.domain.issues import LONGEST_TITLE, TEXT, TITLE, URL
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket, TicketPriority
from core.ports.case_files import PastCase, PastConversation
from handoff.places import place_name, place_of
from handoff.settings import TicketField
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Moment,
    Words,
    cut,
    joined,
    lined,
    one_line,
    options,
    paragraph,
    phrase,
    plain,
    plain_button,
    plain_text,
    quoted_below,
    small,
    spaced,
    words,
)
from handoff.summary import TRIED
from handoff.texts import say
from handoff.thread.macros import Macro
from handoff.tickets import (
    CATEGORY,
    CHOICES,
    LONGEST_SUBJECT,
    LONGEST_VALUE,
    NOTE,
    NOTHING,
    OWN_FIELD,
    PRIORITY,
    STATUS,
    TEAM,
)

MACRO, PAGE = "macro", "page"
"""What can be chosen in an open form: a saved reply, another page of the history."""
PER_PAGE = 10
_FIELD = 3_000
_LONGEST_REASON = 500
_MENU = 75
_TITLE, _LONGEST_CATEGORY, _MOST_TEAMS = 100, 75, 100
CHOICE: Final = "writer"
"""The name of the menu of writers, which the form has where several wrote."""
WRITER: Final = f"{CHOOSES}{CHOICE}"
REASON: Final = "reason"
"""The fields of a form with that menu. A form without it has one field, which is named as its action."""
_NAME, _ADDRESS = 36, 36
"""Characters; a menu of Slack's has 75 for both. A long name must not push the address out."""


def reply(
    carried: Mapping[str, str],
    language: str,
    text: str,
    macros: Sequence[Macro],
    *,
    claims: bool,
    sources: Sequence[str] = (),
) -> View:
    """``claims``: nobody has the conversation yet. ``sources``: what the suggested ``text`` rests on.

    Each text that is put into the field needs a block of another name: Slack keeps what was typed in one that it knows.
    """
    blocks: list[Block] = []
    if macros:
        blocks.append({"type": "actions", "elements": [_macro_menu(macros, language)]})
    number = int(carried.get("version", "0"))
    blocks.append(text_field(StaffAction.REPLY, say("form_reply_label", language), text, f"text-{number}"))
    if sources:
        blocks += small(spaced((Emoji("book"),), one_line(", ".join(sources), LONGEST)))
    if claims:
        blocks += small(phrase("form_claims", language))
    return form(StaffAction.REPLY, carried, language, blocks, "form_send")


def words_form(action: StaffAction, carried: Mapping[str, str], language: str, text: str = "") -> View:
    """For a note, for a proposed answer in other words (the question in the first line, the answer below it), or in one line
    for the case that the card's one belongs to.
    """
    field = text_field(action, say(f"form_{action.removeprefix('staff_')}_label", language), text, "text")
    field["element"]["multiline"] = (merges := action is StaffAction.MERGE) is False
    means = small(phrase("form_merge_means", language)) if merges else []
    return form(action, carried, language, [field, *means], "form_keep")


def decline(carried: Mapping[str, str], language: str) -> View:
    """Why a tool call is not approved, which the customer reads; staff need not say it."""
    reason = text_field(StaffAction.DECLINE, say("form_decline_label", language), "", "reason", _LONGEST_REASON)
    means = small(phrase("form_decline_means", language))
    return form(StaffAction.DECLINE, carried, language, [{**reason, "optional": True}, *means], "press_decline")


def assign(carried: Mapping[str, str], language: str) -> View:
    """Who takes it: Slack lists everybody, so who is not in the channel is refused when the form is sent off."""
    element = {"type": "users_select", "action_id": str(StaffAction.ASSIGN)}
    field = _field("who", say("form_assign_label", language), element)
    return form(StaffAction.ASSIGN, carried, language, [field], "form_keep")


def history(
    carried: Mapping[str, str],
    language: str,
    past: Sequence[PastConversation],
    here: str,
    *,
    page: int,
    more: bool,
    proof: str | None = None,
) -> View:
    """A page of what a customer came with before. ``here``: the card's conversation. ``proof``: why it may be somebody else's."""
    blocks: list[Block] = small(phrase(proof, language)) if proof else []
    for one in past:
        blocks.append(_conversation(one, language, here=one.id == here))
        lines = [*(_case(case, language) for case in one.cases), *map(_ticket, one.tickets)]
        blocks += [paragraph(_fitting(lines))] if lines else []
    if not past:
        blocks.append(paragraph(phrase("history_none", language)))
    # Two buttons of a block need different ids: what follows the second name is for nobody.
    pages = [plain_button(f"{CHOOSES}{PAGE}_newer", say("history_newer", language), str(page - 1))] if page > 0 else []
    pages += [plain_button(f"{CHOOSES}{PAGE}", say("history_older", language), str(page + 1))] if more else []
    if pages:
        blocks.append({"type": "actions", "elements": pages})
    return _view("history", carried, language, blocks)


def _conversation(one: PastConversation, language: str, *, here: bool) -> Block:
    parts = [(Moment(one.began_at.timestamp()),), words(place_name(place_of(one.key), language))]
    parts.append(phrase("history_messages", language, count=str(one.messages)))
    if here:
        parts.append(phrase("history_here", language, italic=True))
    first, head = one_line(one.first, 300), joined(" · ", parts)
    return quoted_below(head, first) if first else paragraph(head)


def _case(case: PastCase, language: str) -> Line:
    closed = (Moment(case.closed_at.timestamp()),) if case.closed_at else ()
    status = phrase("history_closed", language, when=closed) if closed else phrase("history_open", language)
    ticket = one_line(f"{case.ticket} ({case.ticket_status})") if case.ticket else ()
    fields = one_line(", ".join(f"{name}: {value}" for name, value in case.ticket_fields.items()), 300)
    stars = (Emoji("star"),) * (case.score or 0)
    said = one_line(f"“{cut(case.comment, 150)}”", 200) if case.comment else ()
    number = phrase("card_case", language, number=str(case.number))
    return (Words("• "), *joined(" · ", [number, status, ticket, fields, one_line(case.reason, 150), stars, said]))


def _ticket(ticket: Ticket) -> Line:
    return one_line(f"• {ticket.number} ({ticket.status}) · {cut(ticket.subject, 150)}", 300)


def _fitting(lines: Sequence[Line], limit: int = LONGEST) -> Line:
    """As many whole lines as go into a block, the newest of them."""
    found: Line = ()
    for line in lines:
        if len(plain(found)) + len(plain(line)) + 3 > limit:
            return lined(found, words("…"))
        found = lined(found, line)
    return found


def _macro_menu(macros: Sequence[Macro], language: str) -> Block:
    menu = {
        "type": "static_select",
        "action_id": f"{CHOOSES}{MACRO}",
        "placeholder": plain_text(say("form_macro", language)),
    }
    return {**menu, "options": options({one.name: one.title[:_MENU] for one in macros})}


def text_field(action: str, label: str, text: str, block_id: str, longest: int = _FIELD) -> Block:
    """A field to write in."""
    element: Block = {"type": "plain_text_input", "action_id": str(action), "multiline": True, "max_length": longest}
    if text:
        element["initial_value"] = text[:longest]
    return _field(block_id, label, element)


def select(action: str, block_id: str, title: str, labels: Mapping[str, str], chosen: str | None = None) -> Block:
    """A menu of ``labels`` by value."""
    menu: Block = {"type": "static_select", "action_id": action, "options": options(labels)}
    if chosen is not None:
        (menu["initial_option"],) = options({chosen: labels[chosen]})
    return _field(block_id, title, menu)


def _field(block_id: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": block_id, "label": plain_text(label), "element": element}


def form(action: StaffAction, carried: Mapping[str, str], language: str, blocks: list[Block], submit: str) -> View:
    """One that is sent off."""
    return {**_view(str(action), carried, language, blocks), "submit": plain_text(say(submit, language))}


def notice(title: str, key: str, language: str) -> View:
    """A form that has nothing but a sentence."""
    return _view(title.removeprefix("form_"), {}, language, [paragraph(phrase(key, language))])


def _view(name: str, carried: Mapping[str, str], language: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(dict(carried), ensure_ascii=False),
        "title": plain_text(say(f"form_{name.removeprefix('staff_')}", language)),
        "close": plain_text(say("form_close", language)),
        "blocks": blocks,  # type: ignore[typeddict-item]
    }


def block_form(
    carried: Mapping[str, str],
    language: str,
    found: CustomerBlock | None,
    by: str | None,
    writers: Sequence[Writer] = (),
    chosen: Writer | None = None,
) -> View:
    """``found``: the block in force, after which the form unblocks; ``by``: the name of who made it.

    ``writers``: the menu, empty where one alone wrote. ``chosen``: the one of them whom the form is about now, or None.
    """
    blocks = [_writer_menu(writers, chosen, language)] if chosen is not None else []
    if found is None:
        action, submit = StaffAction.BLOCK, "form_block"
        means = "form_block_means" if chosen is None else "form_block_means_writer"
        blocks.append(paragraph(phrase(means, language)))
    else:
        action, submit = StaffAction.UNBLOCK, "form_unblock"
        who = phrase("form_blocked_by", language, name=one_line(by or found.by))
        told = quoted_below(spaced(who, (Moment(found.at.timestamp()),)), one_line(found.reason, _LONGEST_REASON))
        blocks.append(told)
    name = str(action) if chosen is None else REASON
    reason = text_field(name, say("form_block_reason", language), "", "reason", _LONGEST_REASON)
    return form(action, carried, language, [*blocks, {**reason, "optional": True}], submit)


def writer_label(writer: Writer) -> str:
    """The name that a writer gave themselves, and their address, which tells them from others."""
    name = cut(writer.name or "", _NAME)
    return f"{name} ({cut(writer.address, _ADDRESS)})" if name else cut(writer.address, _NAME + _ADDRESS)


def _writer_menu(writers: Sequence[Writer], chosen: Writer, language: str) -> Block:
    """Slack reports each choice at once, and the form changes: a writer who is blocked can only be unblocked."""
    labels = {one.customer_ids[0]: writer_label(one) for one in writers}
    menu = select(WRITER, "writer", say("form_block_who", language), labels, chosen.customer_ids[0])
    return {**menu, "dispatch_action": True}


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
        labels = {one: one for one in teams[:_MOST_TEAMS]}
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
