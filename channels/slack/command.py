"""What the person who gave a slash command sees at once, and nobody else."""

from __future__ import annotations

import json

from channels.slack import wire
from channels.slack.plain import Names
from channels.slack.words import words
from core.domain.errors import InvalidInput
from core.ports.channel import WebhookReply


def thanks(body: bytes, names: Names, language: str) -> WebhookReply:
    """An ephemeral note for a command; nothing for anything else, which Slack would show."""
    try:
        whole = wire.payload(body)
    except InvalidInput:
        return WebhookReply()
    if "command" not in whole:
        return WebhookReply()
    said = words(names.locale(str(whole.get("user_id"))), language)
    answer = {"response_type": "ephemeral", "text": said.taken}
    return WebhookReply(body=json.dumps(answer).encode(), content_type="application/json; charset=utf-8")
