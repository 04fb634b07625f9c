"""The agent's answers to staff, as blocks of Slack's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.mrkdwn import escaped
from channels.slack.render import context, mrkdwn, section
from core.domain.messages import OutboundMessage

_MOST_PIECES = 10
_LINE = 300


def advice(message: OutboundMessage) -> dict[str, Any]:
    """One reply in the thread. Only who asked is mentioned; of what stands in questions and documents nobody is."""
    meta = message.meta
    asker = f"<@{meta['asked_by']}> " if meta.get("asked_by") else ""
    pieces = [piece for piece in mrkdwn(message.text, 2_900) if piece.strip()][:_MOST_PIECES]
    blocks = [context(f":robot_face: :lock: {asker}{escaped(str(meta['question']))}"), *map(section, pieces)]
    sources = [_source(number, one) for number, one in enumerate(meta["sources"], start=1)]
    if sources:
        blocks.append(context("\n".join(sources)[:2_900]))
    return {"do": "reply", "text": escaped(message.text[:900]), "blocks": blocks}


def _source(number: int, source: Mapping[str, Any]) -> str:
    label = escaped(str(source["place"])[:_LINE])
    url = str(source.get("url") or "")
    linked = url.startswith(("https://", "http://")) and not set(url) & set("<>| ")
    return f":book: [{number}] " + (f"<{escaped(url)}|{label}>" if linked else label)
