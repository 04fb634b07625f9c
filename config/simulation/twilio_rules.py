"""What Twilio refuses in a message that is to be sent, by the codes of its error dictionary."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

FIELDS = {
    *("To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ShortenUrls", "SmartEncoded"),
    *("ValidityPeriod", "ProvideFeedback", "ContentSid", "ContentVariables", "MaxPrice", "SendAsMms"),
}
_E164 = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}").fullmatch
_WINDOW = timedelta(hours=24)


@dataclass
class Account:
    """What the account owns, and who may be written to."""

    numbers: set[str]
    pools: Mapping[str, Collection[str]] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    landlines: set[str] = field(default_factory=set)
    closed_countries: tuple[str, ...] = ()
    refused_media: set[str] = field(default_factory=set)
    wrote_last: dict[str, datetime] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)


def refusal(form: Mapping[str, str], account: Account, now: datetime) -> tuple[int, str] | None:
    """The code and Twilio's words; None when the message is taken."""
    return (
        _shape(form)
        or _template(form, account)
        or _sender(form, account)
        or _recipient(form, account, now)
        or _file(form, account)
    )


def _shape(form: Mapping[str, str]) -> tuple[int, str] | None:
    unknown = set(form) - FIELDS
    if unknown:
        return 20001, f"Unknown parameter: {sorted(unknown)}"
    if not form.get("To"):
        return 21604, "A 'To' phone number is required."
    if not (form.get("Body") or "").strip() and not form.get("MediaUrl") and not form.get("ContentSid"):
        return 21602, "Message body is required."
    if len((form.get("Body") or "").encode("utf-16-le")) // 2 > 1600:
        return 21617, "The concatenated message body exceeds the 1600 character limit."
    callback = form.get("StatusCallback")
    if callback is not None and not urlsplit(callback).netloc:
        return 21609, f"The StatusCallback URL {callback} is not a valid URL."
    return None


def _template(form: Mapping[str, str], account: Account) -> tuple[int, str] | None:
    """As the pages of errors 21654 to 21658 and 63016 have it."""
    if "ContentSid" not in form:
        return (21654, "A ContentSid must be specified.") if "ContentVariables" in form else None
    if form["ContentSid"] not in account.templates:
        return 21655, "The ContentSid is invalid."
    if "Body" in form or "MediaUrl" in form:
        return 63016, "Remove Body and MediaUrl when you send a content template."
    values = variables(form)
    if not values or not all(values.values()) or any(re.search(r"[\n\t]| {5}", value) for value in values.values()):
        return 21656, "The ContentVariables Parameter is invalid."
    if any(len(value) > 1600 for value in values.values()):
        return 21658, "Parameter exceeded character limit."
    return None


def variables(form: Mapping[str, str]) -> dict[str, str]:
    """What is put into a template; nothing when it is not as Twilio wants it."""
    try:
        found = json.loads(form.get("ContentVariables", ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()) else {}


def _sender(form: Mapping[str, str], account: Account) -> tuple[int, str] | None:
    sender, service = form.get("From"), form.get("MessagingServiceSid")
    if not sender and not service:
        return 21603, "A 'From' phone number is required."
    if service and service not in account.pools:
        return 21705, "The Messaging Service Sid is invalid."
    if service and sender and sender not in account.pools[service]:
        return 21712, "The 'From' phone number is not in the Messaging Service."
    if sender and not service and sender not in account.numbers:
        return 21606, f"The 'From' phone number provided ({sender}) is not a valid message-capable Twilio phone number."
    return None


def _recipient(form: Mapping[str, str], account: Account, now: datetime) -> tuple[int, str] | None:
    to = form["To"]
    if not _E164(to):
        return 21211, f"Invalid 'To' Phone Number: {to}"
    if to.startswith("whatsapp:") != (form.get("From") or "").startswith("whatsapp:"):
        return 21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"
    if to in account.opted_out:
        return 21610, "Attempt to send to unsubscribed recipient"
    if to in account.landlines:
        return 21614, f"'To' number is not a valid mobile number: {to}"
    if to.startswith(account.closed_countries or ("never",)):
        return 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
    wrote = account.wrote_last.get(to)
    if to.startswith("whatsapp:") and "ContentSid" not in form and (wrote is None or now - wrote > _WINDOW):
        return 63016, "Failed to send freeform message because you are outside the allowed window."
    return None


def _file(form: Mapping[str, str], account: Account) -> tuple[int, str] | None:
    url = form.get("MediaUrl")
    if url is None:
        return None
    if urlsplit(url).scheme not in ("http", "https") or url in account.refused_media:
        return 21620, "Invalid media URL(s)"
    return None
