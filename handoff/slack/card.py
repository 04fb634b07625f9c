"""A case's card in Slack: who, where, why, what it is about, and what can be done. Pure.

Waiting time is Slack's to keep right: ``<!date^…^{ago}|…>`` is shown relative to the reader's clock
(docs.slack.dev/messaging/formatting-message-text), so nothing has to be sent for it to move on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, section
from channels.slack.views import OPENS
from core.domain.conversation import OwnershipState
from core.domain.messages import StaffAction
from handoff.texts import say

Block = dict[str, Any]
_QUOTE = 600
_SUGGESTED = 400
_NAMES = {"web": "Web", "sms": "SMS", "slack": "Slack", "telegram": "Telegram"}
_BUTTONS = {
    OwnershipState.QUEUED: (StaffAction.CLAIM, StaffAction.HAND_BACK, StaffAction.RESOLVE),
    OwnershipState.STAFF: (
        StaffAction.RELEASE,
        StaffAction.HAND_BACK,
        StaffAction.RESOLVE,
        StaffAction.TAKE_OVER,
    ),
}
FORMS = ("reply", "assign", "note", "ticket", "history")
"""What is opened from a card; the last two from one of a closed case as well."""
_SNOOZE = ("hour", "tomorrow", "opening")


def card(
    facts: Mapping[str, Any], language: str = "en", links: Mapping[int, str] | None = None, earlier: str | None = None
) -> list[Block]:
    """The first message of a case. ``links``: addresses of the thread's posts by their places, as far as they are known.

    ``earlier``: the address of the case before, if that is known.
    """
    state = OwnershipState(facts["state"])
    found = [section(_head(facts, state, language)), section(_why(facts, language))]
    about = _about(facts, language, links or {})
    if about:
        found.append(section(about))
    if facts.get("suggestion") and state in _BUTTONS:
        found.append(section(_suggested(facts["suggestion"], language)))
    found += _actions(facts["case"], state, language)
    if facts.get("snoozed_until"):
        found.append(context(f":zzz: {date(facts['snoozed_until'])}"))
    if state is OwnershipState.QUEUED:
        since = ago(facts.get("queued_at") or facts["opened_at"])
        found.append(context(":hourglass_flowing_sand: " + say("card_waits", language, when=since)))
    ticket = f"{escaped(facts['ticket'])} · " if facts.get("ticket") else ""
    kinds = dict.fromkeys(one for one in (facts.get("team"), facts.get("category")) if one)
    ticket += "".join(f"{cut(one)} · " for one in kinds)
    number = say("card_case", language, number=str(facts["number"]))
    before = f" · {_earlier(facts['earlier'], language, earlier)}" if facts.get("earlier") else ""
    found.append(context(f"{ticket}{number} · {date(facts['opened_at'])}{before}"))
    return found


def label(action: str, language: str) -> str:
    """What stands on a button."""
    return say(f"press_{action.removeprefix('staff_')}", language)


def button(action: StaffAction, value: str, language: str) -> Block:
    """One that does something at once."""
    made = _button(str(action), label(str(action), language), value)
    return made | ({"style": "primary"} if action is StaffAction.CLAIM else {})


def place_name(channel: str, language: str) -> str:
    """A customer's channel, as staff call it."""
    return say(f"card_{channel}", language) if channel in ("email", "console") else _NAMES.get(channel, channel)


def cut(text: str, limit: int = 120) -> str:
    """Escaped, and then not longer than a line of a card may be: Slack refuses a section of more than 3,000 characters."""
    whole = escaped(text)
    if len(whole) <= limit:
        return whole
    # Of all that a customer wrote, no more than this can fit.
    ends = accumulate(len(escaped(character)) for character in text[:limit])
    return escaped(text[: sum(end < limit for end in ends)]) + "…"


def date(seconds: float) -> str:
    """A moment, in the reader's zone."""
    return f"<!date^{int(seconds)}^{{date_short_pretty}} {{time}}|{_written(seconds)}>"


def ago(seconds: float) -> str:
    """How long since a moment, as it is when somebody looks."""
    return f"<!date^{int(seconds)}^{{ago}}|{_written(seconds)}>"


def _written(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _head(facts: Mapping[str, Any], state: OwnershipState, language: str) -> str:
    proof = say("card_verified" if facts["verified"] else "card_unverified", language)
    reach = [cut(one) for one in (facts.get("email"), facts.get("phone")) if one]
    where = place_name(facts["channel"], language)
    line = " · ".join([where, proof, *([facts["language"]] if facts.get("language") else []), *reach])
    urgent = ":rotating_light: " if facts.get("urgency") == "high" else ""
    owner = cut(facts.get("owner") or "") if state is OwnershipState.STAFF else ""
    return f"{urgent}*{cut(facts['customer'])}*   {say(f'card_{state}', language, name=owner)}\n{line}"


def _earlier(case: Mapping[str, Any], language: str, address: str | None) -> str:
    named = say("card_case", language, number=str(case["number"]))
    return say("card_earlier", language, case=f"<{address}|{named}>" if address else named)


def _why(facts: Mapping[str, Any], language: str) -> str:
    why = f"*{say('card_why', language)}:* {cut(facts['reason'], _QUOTE)}"
    return f"{why}\n*{say('card_mood', language)}:* {escaped(facts['mood'])}" if facts.get("mood") else why


def _about(facts: Mapping[str, Any], language: str, links: Mapping[int, str]) -> str:
    """The summary; on a card of a time before there were summaries, the last words."""
    if "summary" not in facts:
        return (
            "\n".join(f"> {part}" for part in cut(facts.get("last") or "", _QUOTE).split("\n"))
            if facts.get("last")
            else ""
        )
    lines = []
    for one in facts["summary"]:
        link = links.get(one.get("place") or 0)
        see = f" <{link}|{say('card_see', language)}>" if link else ""
        lines.append(f"*{say('card_' + one['kind'], language)}:* {cut(one['text'], 300)}{see}")
    return "\n".join(lines)


def _suggested(found: Mapping[str, Any], language: str) -> str:
    text = " ".join(str(found["text"]).split())
    sources = f"\n:book: {escaped(', '.join(found['sources']))}" if found.get("sources") else ""
    return f"*{say('card_suggestion', language)}:* {cut(text, _SUGGESTED)}{sources}"


def _actions(case_id: str, state: OwnershipState, language: str) -> list[Block]:
    """What changes who has the conversation, and below it what is filled in or looked at."""
    forms = [_button(OPENS + form, label(form, language), case_id) for form in FORMS]
    buttons = _BUTTONS.get(state, ())
    if not buttons:
        return [{"type": "actions", "elements": forms[-2:]}]
    presses = [button(action, case_id, language) for action in buttons]
    return [{"type": "actions", "elements": [*presses, _snooze(language)]}, {"type": "actions", "elements": forms}]


def _button(action_id: str, text: str, value: str) -> Block:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, "value": value}


def _snooze(language: str) -> Block:
    options = [
        {"text": {"type": "plain_text", "text": say(f"press_snooze_{one}", language)}, "value": one} for one in _SNOOZE
    ]
    placeholder = {"type": "plain_text", "text": label("snooze", language)}
    return {
        "type": "static_select",
        "action_id": str(StaffAction.SNOOZE),
        "placeholder": placeholder,
        "options": options,
    }
