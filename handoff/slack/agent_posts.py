"""What the agent tells staff, as Slack shows it: its answers, what was not answered, and what it proposes to learn. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.markdown.pieces import unmarked
from channels.slack.views import OPENS
from core.domain.messages import OutboundMessage, StaffAction
from handoff.learning.personal import has_gap
from handoff.posts import POST, Post
from handoff.slack.formatted import formatted
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    Mention,
    Words,
    fallback,
    joined,
    lined,
    one_line,
    paragraph,
    phrase,
    plain_button,
    small,
    source,
    spaced,
    words,
)
from handoff.texts import say

_MOST_PIECES = 10
_LINE = 300
_SOURCES = 10
_BUTTONS = (
    (str(StaffAction.LEARN), "learn_approve"),
    (f"{OPENS}reword", "learn_edit"),
    (str(StaffAction.DISCARD), "learn_discard"),
)


def advice(message: OutboundMessage) -> dict[str, Any]:
    """One reply in the thread. Only who asked is mentioned; of what stands in questions and documents nobody is."""
    meta = message.meta
    asker = (Mention(str(meta["asked_by"])),) if meta.get("asked_by") else ()
    asked = spaced((Emoji("robot_face"), Emoji("lock")), asker, one_line(str(meta["question"]), LONGEST))
    blocks = [*small(asked), *formatted(message.text)[:_MOST_PIECES]]
    sources = [
        spaced((Emoji("book"), Words(f" [{number}]")), source(str(one["place"]), one.get("url"), _LINE))
        for number, one in enumerate(meta["sources"][:_SOURCES], start=1)
    ]
    if sources:
        blocks.append(paragraph(lined(*sources)))
    return {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}


def gaps(clusters: Sequence[Mapping[str, Any]], language: str) -> list[Block]:
    """A block for each, below a title."""
    found = [paragraph(spaced((Emoji("mag"),), phrase("gaps_title", language, bold=True)))]
    for one in clusters:
        asked = spaced((Words(f"{one['count']}×", bold=True),), one_line(one["example"], _LINE))
        found.append(paragraph(joined(" · ", [asked, one_line(", ".join(one["languages"]))])))
        found += small(lined(_near(one["near"], language), *(one_line(did, _LINE) for did in one["staff"])))
    return [*found, *small(phrase("gaps_all", language))]


def _near(near: Mapping[str, Any] | None, language: str) -> Line:
    if near is None:
        return phrase("gaps_nothing_near", language)
    return phrase("gaps_nearest", language, title=source(str(near["title"]), near["url"], _LINE))


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
        elements = [plain_button(action, say(key, language), str(meta["case"])) for action, key in _BUTTONS]
        elements[0]["style"] = "primary"
        blocks.append({"type": "actions", "elements": elements})
    else:
        blocks += small(one_line(str(meta["verdict"]), LONGEST))
    body: dict[str, Any] = {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}
    return body if open_ or not meta.get("copy") else body | {"do": "update", "of": meta["copy"]}
