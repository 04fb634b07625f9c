"""Proposed answers as Slack shows them, with the buttons that decide about them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, mrkdwn, section
from channels.slack.views import OPENS
from core.domain.messages import OutboundMessage, StaffAction
from handoff.learning.personal import has_gap
from handoff.posts import POST, Post
from handoff.texts import say

_BUTTONS = (
    (str(StaffAction.LEARN), "learn_approve"),
    (f"{OPENS}reword", "learn_edit"),
    (str(StaffAction.DISCARD), "learn_discard"),
)


def proposal(message: OutboundMessage, language: str) -> dict[str, Any]:
    """Question and answer as customers would get them. Once it is decided the buttons are gone."""
    meta = message.meta
    open_ = meta.get(POST) == Post.PROPOSAL
    answer = [piece for piece in mrkdwn(str(meta["answer"]), 2_900) if piece.strip()]
    blocks = [
        context(f":bulb: {escaped(say('learn_proposed', language, origin=str(meta['origin'])))}"),
        section(f"*{escaped(str(meta['question']))[:2_900]}*"),
        *map(section, answer),
    ]
    if open_ and has_gap(f"{meta['question']} {meta['answer']}"):
        blocks.append(context(f":warning: {escaped(say('learn_gaps', language))}"))
    if open_:
        elements = [_button(action, key, str(meta["case"]), language) for action, key in _BUTTONS]
        blocks.append({"type": "actions", "elements": elements})
    else:
        blocks.append(context(escaped(str(meta["verdict"]))[:2_900]))
    body: dict[str, Any] = {"do": "reply", "text": escaped(message.text[:900]), "blocks": blocks}
    return body if open_ or not meta.get("copy") else body | {"do": "update", "of": meta["copy"]}


def _button(action: str, key: str, case_id: str, language: str) -> Mapping[str, Any]:
    button: dict[str, Any] = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": say(key, language)},
        "value": case_id,
    }
    return button | ({"style": "primary"} if action == StaffAction.LEARN else {})
