"""The forms that staff open from a card, as Slack's modals. Pure.

Limits after docs.slack.dev/reference/views/modal-views: 24 characters in a title, 3,000 in a field, 100 blocks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, section
from channels.slack.views import CHOOSES
from channels.slack.wire import View
from core.domain.messages import StaffAction
from core.domain.ticket import Ticket
from core.ports.case_files import PastCase, PastConversation
from handoff.slack.card import cut, date, place_name
from handoff.texts import say
from handoff.thread.macros import Macro

Block = dict[str, Any]
MACRO, PAGE = "macro", "page"
"""What can be chosen in an open form: a saved reply, another page of the history."""
PER_PAGE = 10
_FIELD = 3_000
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
        blocks.append(context(f":book: {escaped(', '.join(sources))}"[:2_900]))
    if claims:
        blocks.append(context(say("form_claims", language)))
    return form(StaffAction.REPLY, carried, language, blocks, "form_send")


def note(carried: Mapping[str, str], language: str) -> View:
    """For colleagues."""
    field = text_field(StaffAction.NOTE, say("form_note_label", language), "", "text")
    return form(StaffAction.NOTE, carried, language, [field], "form_keep")


def reword(carried: Mapping[str, str], language: str, text: str) -> View:
    """A proposed answer in other words: the question in the first line, the answer below it."""
    field = text_field(StaffAction.REWORD, say("form_reword_label", language), text, "text")
    return form(StaffAction.REWORD, carried, language, [field], "form_keep")


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
    verified: bool,
) -> View:
    """A page of what a customer came with before. ``here``: the conversation that the card is about."""
    blocks: list[Block] = [] if verified else [context(say("history_unproved", language))]
    for one in past:
        blocks.append(section(_conversation(one, language, here=one.id == here)))
        lines = [*(_case(case, language) for case in one.cases), *map(_ticket, one.tickets)]
        blocks += [context(_fitting(lines))] if lines else []
    if not past:
        blocks.append(section(say("history_none", language)))
    pages = [_page("history_newer", page - 1, language)] if page > 0 else []
    pages += [_page("history_older", page + 1, language)] if more else []
    if pages:
        blocks.append({"type": "actions", "elements": pages})
    return _view("history", carried, language, blocks)


def _conversation(one: PastConversation, language: str, *, here: bool) -> str:
    parts = [date(one.began_at.timestamp()), place_name(one.channel, language)]
    parts.append(say("history_messages", language, count=str(one.messages)))
    if here:
        parts.append(f"_{say('history_here', language)}_")
    first = f"\n> {cut(' '.join(one.first.split()), 300)}" if one.first.strip() else ""
    return " · ".join(parts) + first


def _case(case: PastCase, language: str) -> str:
    closed = date(case.closed_at.timestamp()) if case.closed_at else ""
    status = say("history_closed", language, when=closed) if closed else say("history_open", language)
    ticket = f"{escaped(case.ticket)} ({case.ticket_status})" if case.ticket else ""
    stars = ":star:" * case.score if case.score else ""
    said = f"“{cut(' '.join(case.comment.split()), 150)}”" if case.comment else ""
    parts = [say("card_case", language, number=str(case.number)), status, ticket, cut(case.reason, 150), stars, said]
    return "• " + " · ".join(part for part in parts if part)


def _ticket(ticket: Ticket) -> str:
    return f"• {escaped(ticket.number)} ({ticket.status}) · {cut(' '.join(ticket.subject.split()), 150)}"


def _fitting(lines: Sequence[str], limit: int = 2_900) -> str:
    """As many whole lines as go into a block, the newest of them."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 3 > limit:
            return text + "\n…"
        text = f"{text}\n{line}" if text else line
    return text


def _page(key: str, page: int, language: str) -> Block:
    text = {"type": "plain_text", "text": say(key, language)}
    return {"type": "button", "action_id": f"{CHOOSES}{PAGE}", "text": text, "value": str(page)} | _unlike(key)


def _unlike(key: str) -> Block:
    """Two buttons of a block need different ids: what follows the second name is for nobody."""
    return {"action_id": f"{CHOOSES}{PAGE}_newer"} if key == "history_newer" else {}


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


def form(action: StaffAction, carried: Mapping[str, str], language: str, blocks: list[Block], submit: str) -> View:
    """One that is sent off."""
    view = _view(str(action), carried, language, blocks)
    view["submit"] = {"type": "plain_text", "text": say(submit, language)}
    return view


def _view(name: str, carried: Mapping[str, str], language: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(dict(carried)),
        "title": {"type": "plain_text", "text": say(f"form_{name.removeprefix('staff_')}", language)},
        "close": {"type": "plain_text", "text": say("form_close", language)},
        "blocks": blocks,  # type: ignore[typeddict-item]
    }
