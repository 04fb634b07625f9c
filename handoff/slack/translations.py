"""Translations as Slack shows them: the translation, and small below it what was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, mrkdwn, section
from core.domain.messages import ORIGINAL, OutboundMessage
from handoff.translating.translations import BELOW

_PIECE = 2_000
"""Characters as they are escaped: Slack refuses more than 3,000 in a piece and 13,200 in a message."""
_MOST_PIECES = 4


def below(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The original, readable without a click, and what is to be said about it. Nothing where nothing was translated."""
    original = str(meta.get(ORIGINAL) or "")
    pieces: list[str] = [""]
    for character in map(escaped, original):
        if len(pieces[-1]) + len(character) > _PIECE:
            pieces.append("")
        pieces[-1] += character
    blocks = [context(f":speech_balloon: {piece}") for piece in pieces[:_MOST_PIECES] if piece]
    return blocks + ([context(f":warning: {escaped(str(meta[BELOW]))}")] if meta.get(BELOW) else [])


def sent_as(message: OutboundMessage) -> dict[str, Any]:
    """What the customer reads of what the owner wrote above."""
    pieces = [piece for piece in mrkdwn(message.text, 2_900) if piece.strip()][:_MOST_PIECES]
    label = context(f":globe_with_meridians: → {escaped(str(message.meta['language']))}")
    return {"do": "reply", "text": escaped(message.text[:900]), "blocks": [label, *map(section, pieces)]}
