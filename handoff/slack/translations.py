"""Translations as Slack shows them: the translation, and small below it what was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.markdown.pieces import unmarked
from core.domain.messages import ORIGINAL, OutboundMessage
from handoff.slack.formatted import formatted
from handoff.slack.rich_text import Block, Emoji, Words, fallback, one_line, small, spaced, words
from handoff.slack.speech import pieces_of
from handoff.translating.translations import BELOW

_PIECE = 2_000
"""Characters: Slack refuses more than 13,200 in a message."""
_MOST_PIECES = 4
_NOTE = 1_000


def below(meta: Mapping[str, Any]) -> list[Block]:
    """The original, readable without a click, and what is to be said about it. Nothing where nothing was translated."""
    pieces = pieces_of(str(meta.get(ORIGINAL) or ""), _PIECE)[:_MOST_PIECES]
    lines = [spaced((Emoji("speech_balloon"),), words(piece)) for piece in pieces]
    if meta.get(BELOW):
        lines.append(spaced((Emoji("warning"),), one_line(str(meta[BELOW]), _NOTE)))
    return [block for line in lines for block in small(line)]


def sent_as(message: OutboundMessage) -> dict[str, Any]:
    """What the customer reads of what the owner wrote above."""
    into = (Words("→"), *one_line(str(message.meta["language"])))
    label = small(spaced((Emoji("globe_with_meridians"),), into))
    blocks = [*label, *formatted(message.text)[:_MOST_PIECES]]
    return {"do": "reply", "text": fallback(words(unmarked(message.text))), "blocks": blocks}
