"""Translations as Slack shows them: the translation, and small below it what was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, mrkdwn, section
from core.domain.messages import OutboundMessage
from handoff.translations import BELOW, ORIGINAL

_PIECE = 2_000
_MOST_PIECES = 5


def below(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The original, readable without a click, and what is to be said about it. Nothing where nothing was translated."""
    original = str(meta.get(ORIGINAL) or "")
    pieces = [original[start : start + _PIECE] for start in range(0, len(original), _PIECE)][:_MOST_PIECES]
    blocks = [context(f":speech_balloon: {escaped(piece)}") for piece in pieces]
    return blocks + ([context(f":warning: {escaped(str(meta[BELOW]))}")] if meta.get(BELOW) else [])


def sent_as(message: OutboundMessage) -> dict[str, Any]:
    """What the customer reads of what the owner wrote above."""
    pieces = [piece for piece in mrkdwn(message.text, 2_900) if piece.strip()][: _MOST_PIECES * 2]
    label = context(f":globe_with_meridians: → {escaped(str(message.meta['language']))}")
    return {"do": "reply", "text": escaped(message.text[:900]), "blocks": [label, *map(section, pieces)]}
