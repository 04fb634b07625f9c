"""What the person who gave a slash command sees at once, and nobody else."""

from __future__ import annotations

import json

from channels.slack.plain import Names
from channels.slack.wire import Json
from channels.slack.words import words
from core.ports.channel import WebhookReply


def thanks(payload: Json, names: Names, language: str) -> WebhookReply:
    """An ephemeral note for a command; nothing for anything else, which Slack would show."""
    if "command" not in payload:
        return WebhookReply()
    said = words(names.locale(str(payload.get("user_id"))), language)
    answer = {"response_type": "ephemeral", "text": said.taken}
    return WebhookReply(body=json.dumps(answer).encode(), content_type="application/json; charset=utf-8")
