"""Proposed answers as Slack shows them, with the buttons that decide about them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.markdown.pieces import unmarked
from channels.slack.views import OPENS
from core.domain.messages import OutboundMessage, StaffAction
from handoff.learning.personal import has_gap
from handoff.posts import POST, Post
from handoff.slack.formatted import formatted
from handoff.slack.rich_text import LONGEST, Emoji, fallback, one_line, paragraph, phrase, small, spaced, words
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
    proposed = spaced((Emoji("bulb"),), phrase("learn_proposed", language, origin=one_line(str(meta["origin"]))))
    question = one_line(str(meta["question"]), LONGEST, bold=True)
    blocks = [*small(proposed), paragraph(question), *formatted(str(meta["answer"]))]
    if open_ and has_gap(f"{meta['question']} {meta['answer']}"):
        blocks += small(spaced((Emoji("warning"),), phrase("learn_gaps", language)))
    if open_:
        elements = [_button(action, key, str(meta["case"]), language) for action, key in _BUTTONS]
        blocks.append({"type": "actions", "elements": elements})
    else:
        blocks += small(one_line(str(meta["verdict"]), LONGEST))
    body: dict[str, Any] = {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}
    return body if open_ or not meta.get("copy") else body | {"do": "update", "of": meta["copy"]}


def _button(action: str, key: str, case_id: str, language: str) -> Mapping[str, Any]:
    button: dict[str, Any] = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": say(key, language)},
        "value": case_id,
    }
    return button | ({"style": "primary"} if action == StaffAction.LEARN else {})
