"""What staff are told, as blocks of Slack's Block Kit. Pure. What customers wrote is escaped, so that it mentions nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import NOTHING, context, mrkdwn, section
from core.domain.conversation import OwnershipState
from core.domain.messages import Author, OutboundMessage, StaffAction
from handoff.posts import POST, Post
from handoff.slack_advice import advice
from handoff.slack_translations import below, sent_as

Block = dict[str, Any]
_QUOTE = 600
_NAMES = {"web": "Web", "sms": "SMS", "email": "E-mail", "slack": "Slack", "telegram": "Telegram", "console": "Console"}
_WHO = {Author.CUSTOMER: "Customer", Author.AGENT: "Agent", Author.STAFF: "Staff", Author.SYSTEM: "Hub"}
_LIGHTS = {
    OwnershipState.QUEUED: ":large_yellow_circle: Waiting",
    OwnershipState.STAFF: ":large_green_circle: With",
    OwnershipState.BOT: ":robot_face: With the agent",
    OwnershipState.RESOLVED: ":white_check_mark: Resolved",
}
_BUTTONS = {
    OwnershipState.QUEUED: (StaffAction.CLAIM, StaffAction.HAND_BACK, StaffAction.RESOLVE),
    OwnershipState.STAFF: (
        StaffAction.RELEASE,
        StaffAction.HAND_BACK,
        StaffAction.RESOLVE,
        StaffAction.TAKE_OVER,
    ),
}
_LABELS = {
    StaffAction.CLAIM: "Claim",
    StaffAction.TAKE_OVER: "Take over",
    StaffAction.RELEASE: "Release",
    StaffAction.HAND_BACK: "Hand back",
    StaffAction.RESOLVE: "Resolve",
    StaffAction.RELEASE_SILENT: "Give back",
}
_SNOOZE = (("1 hour", "hour"), ("Tomorrow, when we open", "tomorrow"), ("Next opening", "opening"))


def bodies(message: OutboundMessage) -> list[dict[str, Any]]:
    """The calls that show a message of a case's feed; ``do`` says which."""
    meta = message.meta
    match Post(str(meta.get(POST))):
        case Post.CARD:
            return [{"do": "card", **_said(message.text, card(meta["facts"]))}]
        case Post.CARD_NOW:
            return [{"do": "update_card", **_said(message.text, card(meta["facts"]))}]
        case Post.TRANSCRIPT:
            return [{"do": "reply", **_said(piece, [section(piece)])} for piece in transcript(meta)]
        case Post.REMARK:
            return [{"do": "reply", **_said(message.text, [context(escaped(message.text))])}]
        case Post.ADVICE:
            return [advice(message)]
        case Post.REMINDER:
            return [reminder(message)]
        case Post.SENT_AS:
            return [sent_as(message)]
        case Post.MARK:
            return _marked(meta)
        case Post.EDITED | Post.DELETED | Post.REACTED as post:
            return [_happened(message, post)]
        case _:
            return _spoken(message)


def card(facts: Mapping[str, Any]) -> list[Block]:
    """The first message of a case: who, where, why, the last words, and what can be done."""
    state = OwnershipState(facts["state"])
    where = _NAMES.get(facts["channel"], facts["channel"])
    proof = "verified" if facts["verified"] else "not verified"
    reach = [one for one in (facts.get("email"), facts.get("phone")) if one]
    line = " · ".join([where, proof, *([facts["language"]] if facts.get("language") else []), *map(_cut, reach)])
    urgent = ":rotating_light: " if facts.get("urgency") == "high" else ""
    owner = f" {_cut(facts['owner'])}" if facts.get("owner") and state is OwnershipState.STAFF else ""
    found = [section(f"{urgent}*{_cut(facts['customer'])}*   {_LIGHTS[state]}{owner}\n{line}")]
    found.append(section(_why(facts)))
    if facts.get("last"):
        quoted = "\n".join(f"> {part}" for part in _cut(facts["last"], _QUOTE).split("\n"))
        found.append(section(quoted))
    buttons = _BUTTONS.get(state, ())
    if buttons:
        elements = [*(_button(action, facts["case"]) for action in buttons), _snooze()]
        found.append({"type": "actions", "elements": elements})
    if facts.get("snoozed_until"):
        found.append(context(f":zzz: {_date(facts['snoozed_until'])}"))
    ticket = f"{escaped(facts['ticket'])} · " if facts.get("ticket") else ""
    ticket += f"{escaped(facts['team'])} · " if facts.get("team") else ""
    found.append(context(f"{ticket}Case {facts['number']} · {_date(facts['opened_at'])}"))
    return found


def reminder(message: OutboundMessage) -> dict[str, Any]:
    """Mentions are the desk's own, so they are the only part that is not escaped."""
    meta = message.meta
    named = " ".join(f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>" for one in meta["mentions"])
    text = f":bell: {named} {escaped(message.text)}".replace("  ", " ")[:2_900]
    blocks = [section(text)]
    if meta["buttons"]:
        buttons = [_button(StaffAction(one), meta["case"]) for one in meta["buttons"]]
        blocks.append({"type": "actions", "elements": buttons})
    return {"do": "reply", "text": text, "blocks": blocks, "loud": meta["loud"]}


def _why(facts: Mapping[str, Any]) -> str:
    why = f"*Why:* {_cut(facts['reason'], _QUOTE)}"
    return f"{why}\n*Mood:* {escaped(facts['mood'])}" if facts.get("mood") else why


def _marked(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new sign first, so that there is always one."""
    found = [{"do": "react", "on": meta["on"], "sign": meta["sign"]}]
    if meta.get("instead_of"):
        found.append({"do": "unreact", "on": meta["on"], "sign": meta["instead_of"]})
    return found


def transcript(meta: Mapping[str, Any]) -> list[str]:
    """What was said before, in pieces that fit into a section."""
    lines = [f"_{meta['left_out']} earlier messages are not shown._"] if meta.get("left_out") else []
    for line in meta["lines"]:
        who = _cut(line["name"] or _WHO[Author(line["author"])])
        text = "\n".join(mrkdwn(line["text"])) or "…"
        lines.append(f"*{who}* {_date(line['at'])}\n{text}")
        if line["files"]:
            lines[-1] += "\n:paperclip: " + escaped(", ".join(line["files"]))
        if line["sources"]:
            lines[-1] += "\n:book: " + escaped(", ".join(line["sources"]))
    return _packed(lines)


def _packed(lines: Sequence[str], limit: int = 2_900) -> list[str]:
    pieces: list[str] = []
    for line in lines:
        for part in [line[start : start + limit] for start in range(0, len(line), limit)]:
            if pieces and len(pieces[-1]) + len(part) + 2 <= limit:
                pieces[-1] += "\n\n" + part
            else:
                pieces.append(part)
    return pieces or [NOTHING]


def _spoken(message: OutboundMessage) -> list[dict[str, Any]]:
    """Somebody's words, under their name. The hub's own are set small: they went to the customer already."""
    who = _cut(message.author_name or _WHO[message.author])
    parts = [part for part in mrkdwn(message.text, 2_900) if part.strip()]
    missing = message.meta.get("missing") or []
    if missing:
        parts.append(":warning: " + escaped(", ".join(missing)) + " could not be fetched.")
    found: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        text = f"*{who}*\n{part}" if number == 0 else part
        own = message.author in (Author.AGENT, Author.SYSTEM)
        found.append({"do": "reply", **_said(f"{who}: {part}", [context(text[:2_000]) if own else section(text)])})
    if not found and not message.attachments:
        found = [{"do": "reply", **_said(f"{who}: {NOTHING}", [section(f"*{who}*\n{NOTHING}")])}]
    if found:
        found[-1]["blocks"] += below(message.meta)
    return found


def _happened(message: OutboundMessage, post: Post) -> dict[str, Any]:
    who = _cut(message.author_name or _WHO[message.author])
    if post is Post.REACTED:
        word = "reacted with" if message.meta.get("present") else "took back"
        text = f"{who} {word} {escaped(str(message.meta.get('emoji')))}"
        return {"do": "reply", **_said(text, [context(text)])}
    if post is Post.DELETED:
        text = f"*{who}*\n_deleted this message_"
    else:
        text = f"*{who}*\n{mrkdwn(message.text, 2_800)[0] if message.text.strip() else NOTHING}\n_(edited)_"
    shown = _said(f"{who}: {message.text or NOTHING}", [section(text), *below(message.meta)])
    copy = message.meta.get("copy")
    return {"do": "update" if copy else "reply", "of": copy, **shown}


def _cut(text: str, limit: int = 120) -> str:
    """Escaped, and not longer than a line of a card may be: Slack refuses a section of more than 3,000 characters."""
    return escaped(text if len(text) <= limit else text[: limit - 1] + "…")


def _said(text: str, blocks: Sequence[Block]) -> dict[str, Any]:
    return {"text": _cut(text, 1_000) or NOTHING, "blocks": list(blocks)}


def _button(action: StaffAction, case_id: str) -> Block:
    button: Block = {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": _LABELS[action]},
        "value": case_id,
    }
    return button | ({"style": "primary"} if action is StaffAction.CLAIM else {})


def _snooze() -> Block:
    options = [{"text": {"type": "plain_text", "text": text}, "value": value} for text, value in _SNOOZE]
    placeholder = {"type": "plain_text", "text": "Snooze"}
    return {
        "type": "static_select",
        "action_id": str(StaffAction.SNOOZE),
        "placeholder": placeholder,
        "options": options,
    }


def _date(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f"<!date^{int(seconds)}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"
