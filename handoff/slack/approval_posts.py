"""A tool call that waits for staff, as Slack shows it: what would be done for whom and why, with two buttons. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.slack.views import OPENS
from core.domain.messages import OutboundMessage, StaffAction
from handoff.posts import POST, Post
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Moment,
    Words,
    fallback,
    joined,
    lined,
    one_line,
    paragraph,
    phrase,
    plain_button,
    quoted_below,
    small,
    spaced,
    words,
)
from handoff.texts import say

_VALUE = 1_600
"""Characters: all of what may be approved (core.domain.approvals), with what JSON adds to it."""


def approval(message: OutboundMessage, language: str) -> dict[str, Any]:
    """Once it is decided the buttons are gone, and what came of it stands there."""
    meta = message.meta
    asked: Mapping[str, Any] = meta["approval"]
    asks = spaced((Emoji("raised_hand"),), phrase("approval_asks", language))
    tool = one_line(str(asked["tool"]).replace("_", " "), bold=True)
    who = joined(" · ", [one_line(str(meta["customer"]), bold=True), words(str(meta["proof"]))])
    blocks = [*small(asks), paragraph(lined(tool, *_details(str(asked["arguments"])))), paragraph(who)]
    if asked["said"]:
        blocks.append(quoted_below(phrase("approval_said", language), one_line(str(asked["said"]), LONGEST)))
    if meta[POST] == Post.APPROVAL:
        blocks += small((*phrase("approval_until", language), Words(" "), Moment(float(asked["until"]))))
        value = f"{meta['case']} {meta['id']}"
        blocks.append({"type": "actions", "elements": _buttons(value, language)})
    else:
        blocks += small(one_line(str(meta["verdict"]), LONGEST))
    body = {"do": "reply", "text": fallback(words(message.text)), "blocks": blocks}
    return body | {"do": "update", "of": meta["copy"]} if meta.get("copy") else body


def _details(arguments: str) -> list[Line]:
    """Each argument with its value, none left out: staff answer for all of it."""
    return [
        spaced(one_line(f"{name.replace('_', ' ')}:", _VALUE), one_line(_readable(value), _VALUE))
        for name, value in json.loads(arguments).items()
    ]


def _readable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _buttons(value: str, language: str) -> list[Block]:
    """Slack asks once more before it tells us of an approval; the other opens a form for the reason."""
    yes, no = say("press_approve", language), say("press_decline", language)
    sure = {
        "title": {"type": "plain_text", "text": yes},
        "text": {"type": "plain_text", "text": say("approval_sure", language)},
        "confirm": {"type": "plain_text", "text": yes},
        "deny": {"type": "plain_text", "text": say("approval_back", language)},
    }
    approve = plain_button(str(StaffAction.APPROVE), yes, value) | {"style": "primary", "confirm": sure}
    return [approve, plain_button(f"{OPENS}decline", no, value)]
