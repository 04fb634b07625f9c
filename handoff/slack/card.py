"""A case's card in Slack: who, where, why, what it is about, and what can be done. Pure.

Waiting time is Slack's to keep right: a date element with ``{ago}`` is shown relative to the reader's clock
(docs.slack.dev/reference/block-kit/block-elements/date-element), so nothing has to be sent for it to move on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from channels.slack.views import OPENS
from core.domain.conversation import OwnershipState
from core.domain.issues import ISSUES, Issue
from core.domain.messages import StaffAction
from core.domain.ticket import TicketPriority
from handoff.places import place_name
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Link,
    Moment,
    Words,
    ago,
    joined,
    lined,
    one_line,
    options,
    paragraph,
    phrase,
    plain_button,
    plain_text,
    quoted_below,
    small,
    source,
    spaced,
    words,
)
from handoff.texts import proof_of, say
from handoff.tickets import CHOICES
from handoff.waits.case_rules import PAUSING

_QUOTE = 600
_SUGGESTED = 400
_BUTTONS = {
    OwnershipState.QUEUED: (StaffAction.CLAIM, StaffAction.HAND_BACK, StaffAction.RESOLVE),
    OwnershipState.STAFF: (StaffAction.RELEASE, StaffAction.HAND_BACK, StaffAction.RESOLVE, StaffAction.TAKE_OVER),
}
FORMS = ("reply", "assign", "note", "merge", "split", "ticket", "history", "block", "issue")
"""What is opened from a card, from ``ticket`` on also from one of a closed case; ``issue`` where a tracker is connected."""
MOST_FIELDS = 15
"""Fields that a card shows: the company's own, and the tickets of cases that were merged with this one."""
_SNOOZE = ("hour", "tomorrow", "opening")
"""The menu with which a case is put aside; below these the statuses."""


def card(
    facts: Mapping[str, Any],
    language: str = "en",
    links: Mapping[int, str] | None = None,
    others: Mapping[str, str] | None = None,
) -> list[Block]:
    """The first message of a case. ``links``: addresses of the thread's posts by their places, as far as they are known.

    ``others``: likewise of other cases, by their ids or their tickets' numbers. A tracker that is connected has its issues in
    ``facts``.
    """
    others = others or {}
    state = OwnershipState(facts["state"])
    found = [paragraph(_head(facts, state, language)), paragraph(_why(facts, language))]
    if facts.get("context"):
        named = [spaced((Words(f"{name}:", bold=True),), one_line(value)) for name, value in facts["context"].items()]
        found.append(paragraph(joined(" · ", named)))
    found += _about(facts, language, links or {})
    fields = [(name, value) for name, value in (facts.get("fields") or {}).items() if value][:MOST_FIELDS]
    if own := [_named(name, one_line(value), others.get(name)) for name, value in fields]:
        found.append(paragraph(joined(" · ", own)))
    found += [paragraph(_issue(one, language)) for one in facts.get(ISSUES) or ()]
    if facts.get("suggestion") and state in _BUTTONS:
        found.append(paragraph(_suggested(facts["suggestion"], language)))
    found += _actions(facts["case"], state, language, FORMS if ISSUES in facts else FORMS[:-1])
    if facts.get("snoozed_until"):
        found += small((Emoji("zzz"), Moment(facts["snoozed_until"])))
    if state is OwnershipState.QUEUED:
        since = ago(facts.get("queued_at") or facts["opened_at"])
        found += small((Emoji("hourglass_flowing_sand"), *phrase("card_waits", language, when=since)))
        if assigned := facts.get("assigned"):
            found += small(spaced((Emoji("bust_in_silhouette"),), one_line(assigned)))
    return [*found, *small(_foot(facts, language, others))]


def _foot(facts: Mapping[str, Any], language: str, others: Mapping[str, str]) -> Line:
    kinds = dict.fromkeys(one for one in (facts.get("team"), facts.get("category")) if one)
    urgency = facts.get("urgency") or TicketPriority.NORMAL
    known = urgency in set(TicketPriority) and urgency != TicketPriority.NORMAL
    priority = f"{say('form_ticket_priority', language)}: {say(f'priority_{urgency}', language)}" if known else ""
    named = [one_line(str(one)) for one in (facts.get("ticket") or "", *kinds, priority)]
    number = phrase("card_case", language, number=str(facts["number"]))
    before = _earlier(facts["earlier"], language, others) if facts.get("earlier") else ()
    return joined(" · ", [*named, number, (Moment(facts["opened_at"]),), before])


def label(action: str, language: str) -> str:
    """What stands on a button."""
    return say(f"press_{action.removeprefix('staff_')}", language)


def button(action: str, value: str, language: str) -> Block:
    """One that does something at once, or opens the form of that name."""
    made = plain_button(OPENS + action if action in FORMS else str(action), label(action, language), value)
    return made | ({"style": "primary"} if action == StaffAction.CLAIM else {})


def _head(facts: Mapping[str, Any], state: OwnershipState, language: str) -> Line:
    proof = words(say(proof_of(facts), language))
    reached = dict.fromkeys(facts.get(one) for one in ("language", "email", "phone", "address"))
    reach = [one_line(str(one or "")) for one in reached if one != facts["customer"]]
    where = words(place_name(facts["channel"], language))
    urgent = (Emoji("rotating_light"),) if facts.get("urgency") == "high" else ()
    owner = one_line(facts.get("owner") or "") if state is OwnershipState.STAFF else ()
    becoming = phrase(f"card_{state}", language, name=owner)
    paused = state in _BUTTONS and facts.get("status") in PAUSING
    status = phrase(f"card_{facts['status']}", language) if paused else ()
    who = joined("   ", [one_line(facts["customer"], bold=True), becoming, status])
    return lined(spaced(urgent, who), joined(" · ", [where, proof, *reach]))


def _earlier(case: Mapping[str, Any], language: str, others: Mapping[str, str]) -> Line:
    named, address = say("card_case", language, number=str(case["number"])), others.get(str(case["case"]))
    return phrase("card_earlier", language, case=(Link(address, named),) if address else named)


def _why(facts: Mapping[str, Any], language: str) -> Line:
    why = _labelled("card_why", one_line(facts["reason"], _QUOTE), language)
    return lined(why, _labelled("card_mood", one_line(facts["mood"]), language)) if facts.get("mood") else why


def _labelled(key: str, line: Line, language: str) -> Line:
    return _named(say(key, language), line)


def _named(name: str, line: Line, address: str | None = None) -> Line:
    return spaced((Link(address, name) if address else Words(f"{name}:", bold=True),), line)


def _about(facts: Mapping[str, Any], language: str, links: Mapping[int, str]) -> list[Block]:
    """The summary; on a card of a time before there were summaries, the last words."""
    if "summary" not in facts:
        return [quoted_below((), one_line(facts["last"], _QUOTE))] if facts.get("last") else []
    lines = []
    for one in facts["summary"]:
        link = links.get(one.get("place") or 0)
        see = (Link(link, say("card_see", language)),) if link else ()
        lines.append(spaced(_labelled(f"card_{one['kind']}", one_line(one["text"], 300), language), see))
    return [paragraph(lined(*lines))] if lines else []


def _suggested(found: Mapping[str, Any], language: str) -> Line:
    read = " ".join(render(str(found["text"]), PlainDialect(), limit=LONGEST))  # without signs of Markdown
    text = _labelled("card_suggestion", one_line(read, _SUGGESTED), language)
    sources = one_line(", ".join(found.get("sources") or ()), _QUOTE)
    return lined(text, spaced((Emoji("book"),), sources)) if sources else text


def _issue(issue: Issue, language: str) -> Line:
    state = "" if issue.is_open is None else say("issue_open" if issue.is_open else "issue_closed", language)
    named = source(f"{issue.key} {issue.title}", issue.url)
    return _named(say("card_issue", language), joined(" · ", [named, words(state)]))


def _actions(case_id: str, state: OwnershipState, language: str, named: Sequence[str]) -> list[Block]:
    """What changes who has the conversation, and below it what is filled in or looked at."""
    buttons = _BUTTONS.get(state, ())
    named = named if buttons else named[FORMS.index("ticket") :]
    owned = state is OwnershipState.STAFF  # only what somebody has can be split
    forms = [button(form, case_id, language) for form in named if owned or form != "split"]
    if not buttons:
        return [{"type": "actions", "elements": forms}]
    presses = [button(action, case_id, language) for action in buttons]
    return [{"type": "actions", "elements": [*presses, _snooze(language)]}, {"type": "actions", "elements": forms}]


def _snooze(language: str) -> Block:
    labels = {one: say(f"press_snooze_{one}", language) for one in _SNOOZE}
    labels |= {str(one): say(f"status_{one}", language) for one in CHOICES}
    menu = {"type": "static_select", "action_id": str(StaffAction.SNOOZE)}
    return {**menu, "placeholder": plain_text(label("snooze", language)), "options": options(labels)}
