"""The forms that staff open from a card, as Slack's modals. Pure.

Limits after docs.slack.dev/reference/views/modal-views: 24 characters in a title, 3,000 in a field, 100 blocks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from channels.slack.views import CHOOSES
from channels.slack.wire import View
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket
from core.ports.case_files import PastCase, PastConversation
from handoff.places import place_name, place_of
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
    paragraph,
    phrase,
    plain,
    plain_button,
    quoted_below,
    small,
    spaced,
    words,
)
from handoff.texts import say
from handoff.thread.macros import Macro

MACRO, PAGE = "macro", "page"
"""What can be chosen in an open form: a saved reply, another page of the history."""
PER_PAGE = 10
_FIELD = 3_000
_LONGEST_REASON = 500
_MENU = 75


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
        blocks.append({"type": "actions", "elements": [_menu(macros, language)]})
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
    label = {"type": "plain_text", "text": say("form_assign_label", language)}
    element = {"type": "users_select", "action_id": str(StaffAction.ASSIGN)}
    field = {"type": "input", "block_id": "who", "label": label, "element": element}
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


def _menu(macros: Sequence[Macro], language: str) -> Block:
    options = [{"text": {"type": "plain_text", "text": one.title[:_MENU]}, "value": one.name} for one in macros]
    placeholder = {"type": "plain_text", "text": say("form_macro", language)}
    return {"type": "static_select", "action_id": f"{CHOOSES}{MACRO}", "placeholder": placeholder, "options": options}


def text_field(action: str, label: str, text: str, block_id: str, longest: int = _FIELD) -> Block:
    """A field to write in."""
    element: Block = {"type": "plain_text_input", "action_id": str(action), "multiline": True, "max_length": longest}
    if text:
        element["initial_value"] = text[:longest]
    return {"type": "input", "block_id": block_id, "label": {"type": "plain_text", "text": label}, "element": element}


def select(action: str, block_id: str, title: str, labels: Mapping[str, str], chosen: str | None = None) -> Block:
    """A menu of ``labels`` by value."""
    options = [{"text": {"type": "plain_text", "text": text}, "value": value} for value, text in labels.items()]
    menu: Block = {"type": "static_select", "action_id": action, "options": options}
    if chosen is not None:
        menu["initial_option"] = next(one for one in options if one["value"] == chosen)
    label = {"type": "plain_text", "text": title}
    return {"type": "input", "block_id": block_id, "label": label, "element": menu}


def form(action: StaffAction, carried: Mapping[str, str], language: str, blocks: list[Block], submit: str) -> View:
    """One that is sent off."""
    view = _view(str(action), carried, language, blocks)
    view["submit"] = {"type": "plain_text", "text": say(submit, language)}
    return view


def notice(title: str, key: str, language: str) -> View:
    """A form that has nothing but a sentence."""
    return _view(title.removeprefix("form_"), {}, language, [paragraph(phrase(key, language))])


def _view(name: str, carried: Mapping[str, str], language: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(dict(carried), ensure_ascii=False),
        "title": {"type": "plain_text", "text": say(f"form_{name.removeprefix('staff_')}", language)},
        "close": {"type": "plain_text", "text": say("form_close", language)},
        "blocks": blocks,  # type: ignore[typeddict-item]
    }
