"""The shapes of Twilio's API (2010-04-01) and Messaging Services (v1), as far as they are read."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypedDict


class MessageResource(TypedDict, total=False):
    """A message, sent or received. Dates are RFC 2822; ``num_media`` is a number written as text."""

    sid: str
    account_sid: str
    messaging_service_sid: str | None
    to: str
    body: str | None
    status: str
    direction: str
    num_media: str
    num_segments: str
    date_created: str | None
    date_sent: str | None
    error_code: int | None
    error_message: str | None


def created_at(message: MessageResource) -> datetime:
    """When Twilio made it, also of one that still waits."""
    return _time(message.get("date_created") or message.get("date_sent"))


def came_at(message: MessageResource) -> datetime:
    """When Twilio told us of a message to us, or would have."""
    return _time(message.get("date_sent") or message.get("date_created"))


def _time(text: str | None) -> datetime:
    """A date that cannot be read is long ago."""
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        try:
            found = datetime.fromisoformat(text or "")
        except ValueError:
            return datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


SENDER = "from"
"""The one field of a message whose name is a word of Python."""


class MediaResource(TypedDict, total=False):
    """A file of a message; ``uri`` ends in ``.json``, and the file itself is where it ends without."""

    sid: str
    content_type: str
    uri: str


class NumberResource(TypedDict, total=False):
    """A number of the account."""

    sid: str
    phone_number: str
    capabilities: dict[str, bool]
    sms_url: str | None
    sms_method: str | None
    sms_application_sid: str | None


class ServiceResource(TypedDict, total=False):
    """A Messaging Service."""

    sid: str
    friendly_name: str
    inbound_request_url: str | None
    inbound_method: str | None
    use_inbound_webhook_on_number: bool


class AccountResource(TypedDict, total=False):
    """The account itself."""

    sid: str
    friendly_name: str
    status: str
    type: str


class Problem(TypedDict, total=False):
    """What Twilio answers with a status of 400 and above."""

    code: int
    message: str
    more_info: str
    status: int


Page = dict[str, Any]
