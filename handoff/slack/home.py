"""The app's home tab of staff: the cases that wait for them, and what they look for. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.slack.views import CHOOSES
from channels.slack.wire import View
from core.domain.conversation import OwnershipState
from core.domain.messages import StaffAction
from core.ports.cases import ListedCase
from handoff.places import place_name, place_of
from handoff.slack.card import button
from handoff.slack.rich_text import (
    Block,
    Emoji,
    Line,
    Link,
    Mention,
    ago,
    cut,
    joined,
    one_line,
    paragraph,
    phrase,
    plain_button,
    plain_text,
    spaced,
    words,
)
from handoff.texts import say

SEARCH, TURN_PAGE, BACK = f"{CHOOSES}search", f"{CHOOSES}home_page", f"{CHOOSES}home_back"
"""What can be done on it beside pressing a case's button."""
LONGEST_SEARCH = 100
_PER_SECTION = 10
"""Three sections of so many cases, each with a button below it, are fewer than the 100 blocks that Slack takes."""


@dataclass(frozen=True, slots=True)
class HomeLine:
    """A case as one line. ``thread``: its place in Slack, ``link``: its address; None while it has no card."""

    case: ListedCase
    thread: str | None
    link: str | None


def home(
    lines: Sequence[HomeLine], viewer: str, language: str, asked: Mapping[str, str], *, is_cut: bool = False
) -> View:
    """``asked``: the ``words`` that were looked for, and the ``page``. ``is_cut``: there are more cases than were read."""
    sought, page = asked.get("words", ""), int(asked.get("page", "0"))
    sections = {"home_found": list(lines)} if sought else _sections(lines, viewer)
    start = page * _PER_SECTION
    shown = {key: some[start : start + _PER_SECTION] for key, some in sections.items()}
    blocks: list[Block] = [_search_field(sought, language)]
    for key, some in shown.items():
        count = f"{len(sections[key])}{'+' if is_cut else ''}"
        title = say(key, language, count=count, text=cut(sought))
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}})
        blocks += [block for line in some for block in _case(line, viewer, language)]
    if not any(shown.values()):
        blocks.append(paragraph(phrase("home_nothing_found" if sought else "home_empty", language)))
    more = any(len(some) > start + _PER_SECTION for some in sections.values())
    turns = [plain_button(f"{TURN_PAGE}_before", say("home_before", language), str(page - 1))] if page else []
    turns += [plain_button(TURN_PAGE, say("home_more", language), str(page + 1))] if more else []
    turns += [plain_button(BACK, say("home_back", language), "0")] if sought else []
    if turns:
        blocks.append({"type": "actions", "elements": turns})
    kept = json.dumps({"words": sought, "page": str(page)}, ensure_ascii=False)
    return {"type": "home", "callback_id": "home", "private_metadata": kept, "blocks": blocks}  # type: ignore[typeddict-item]


def _sections(lines: Sequence[HomeLine], viewer: str) -> dict[str, list[HomeLine]]:
    """Each case in one of them, so that nobody takes two lines for two customers. Those without any are left out."""
    found: dict[str, list[HomeLine]] = {"home_mine": [], "home_overdue": [], "home_unclaimed": []}
    for line in lines:
        if line.case.owner == viewer:
            found["home_mine"].append(line)
        else:
            found["home_overdue" if line.case.is_overdue else "home_unclaimed"].append(line)
    return {key: some for key, some in found.items() if some}


def _search_field(sought: str, language: str) -> Block:
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": SEARCH,
        "max_length": LONGEST_SEARCH,
        "placeholder": plain_text(say("home_search_hint", language)),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if sought:
        element["initial_value"] = sought
    label = plain_text(say("home_search", language))
    # By another name after each search: Slack keeps what was typed in a field that it knows.
    name = f"search {sought}"
    return {"type": "input", "block_id": name, "dispatch_action": True, "label": label, "element": element}


def _case(line: HomeLine, viewer: str, language: str) -> list[Block]:
    case = line.case
    who: Line = one_line(case.customer or say("staff_stranger", language), bold=True)
    owner: Line = (Mention(case.owner),) if case.owner else words(say("staff_somebody", language))
    state = phrase(f"card_{case.state}", language, name=owner)
    late: Line = (Emoji("alarm_clock"),) if case.is_overdue else ()
    about = [words(place_name(place_of(case.key), language)), ago(case.since.timestamp()), one_line(case.team or "")]
    link: Line = (Link(line.link, case.ticket or say("card_see", language)),) if line.link else words(case.ticket or "")
    found = [paragraph(joined(" · ", [spaced(late, who), state, *about, link]))]
    action = _ACTIONS.get(case.state)
    if action is not None and line.thread is not None and case.owner != viewer:
        found.append({"type": "actions", "elements": [button(action, line.thread, language)]})
    return found


_ACTIONS = {OwnershipState.QUEUED: StaffAction.CLAIM, OwnershipState.STAFF: StaffAction.TAKE_OVER}
