"""When Twilio had a message, as far as it tells."""

from __future__ import annotations

from datetime import UTC, datetime

from twilio.rest.api.v2010.account.message import MessageInstance

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def created_at(message: MessageInstance) -> datetime:
    """When Twilio made it, also of one that still waits."""
    return message.date_created or message.date_sent or _LONG_AGO


def came_at(message: MessageInstance) -> datetime:
    """When Twilio told us of a message to us, or would have."""
    return message.date_sent or message.date_created or _LONG_AGO
