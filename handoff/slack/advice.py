"""The agent's answers to staff, as blocks of Slack's. Pure."""

from __future__ import annotations

from typing import Any

from channels.markdown.pieces import unmarked
from core.domain.messages import OutboundMessage
from handoff.slack.formatted import formatted
from handoff.slack.rich_text import (
    LONGEST,
    Emoji,
    Mention,
    Words,
    fallback,
    lined,
    one_line,
    paragraph,
    small,
    source,
    spaced,
    words,
)

_MOST_PIECES = 10
_LINE = 300
_SOURCES = 10


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
