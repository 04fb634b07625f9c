"""The marks that the hub's messages in Slack carry: each delivery has its own."""

from __future__ import annotations

from channels.slack.orphaned_placeholders import WORDLESS
from config.simulation.slack_fake import SlackFake, text_of

_BEGUN = WORDLESS["event_payload"]["key"]


def doubled(slack: SlackFake) -> list[str]:
    """Messages that carry the same mark.

    An answer that was shown while it was written, and withheld when people took over, keeps the mark of all beginnings.
    """
    seen: dict[str, str] = {}
    wrong = []
    for channel in slack.channels.values():
        for message in channel.messages:
            key = ((message.get("metadata") or {}).get("event_payload") or {}).get("key")
            if key and key != _BEGUN and message.get("bot_id"):
                if key in seen:
                    wrong.append(f"twice: {seen[key]!r} and {text_of(message)!r}")
                seen[key] = text_of(message)
    return wrong
