"""Whether a message of ours arrived, found by the mark that it carries unseen."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.slack.client import SlackClient
from channels.slack.files import MARK
from channels.slack.place import Place, Sent
from channels.slack.wire import Posted
from core.domain.errors import AuthFailed, OutcomeUnknown, Rejected

_BACK = timedelta(hours=26)
"""Longer than the outbox goes on trying."""
_PAGES = 5


async def find(client: SlackClient, channel: str, place: Place, key: str, now: datetime) -> Sent | None:
    """The message with that key; None when it is certainly not there. Raises OutcomeUnknown, Unreachable, RateLimited."""
    oldest = f"{(now - _BACK).timestamp():.6f}"
    read = 0
    try:
        async for page in client.messages(channel, place.thread_ts, oldest=oldest):
            read += 1
            for message in page:
                if _key(message) == key:
                    return Sent(channel, str(message.get("ts")))
            if read == _PAGES:
                raise OutcomeUnknown("There is too much in that channel to look for the message.")
    except (Rejected, AuthFailed) as error:
        raise OutcomeUnknown(f"Slack does not let us look: {error.detail}") from error
    return None


def _key(message: Posted) -> str | None:
    mark: object = message.get("metadata")
    if not isinstance(mark, dict) or mark.get("event_type") != MARK:
        return None
    payload = mark.get("event_payload")
    found = payload.get("key") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else None
