"""Twilio's form to the domain: messages and status reports. Pure.

Source: Twilio, "Request to your incoming message webhook URL" and "Track outbound message status".
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from channels.sms import keywords
from channels.sms.address import Address, Kind, Pair
from channels.sms.errors import described
from channels.sms.keywords import Keyword
from core.domain.attachments import AttachmentRef
from core.domain.customer import Identity
from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import DeliveryReported, InboundEvent, MessageReceived, RawEvent, ReceiptStatus

CHANNEL = "sms"
Form = Mapping[str, str]

_SID = re.compile(r"[A-Za-z0-9]{2,64}").fullmatch
_MOST_FILES = 10
_INBOUND = frozenset({"received", "receiving"})
_REPORTS = {
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
    "undelivered": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
    "partially_delivered": ReceiptStatus.FAILED,
}


def events(raw: RawEvent, own: Collection[str] = ()) -> list[InboundEvent]:
    """What a form means. Raises InvalidInput."""
    return parse_form(read(raw), raw, own)


def parse_form(form: Form, raw: RawEvent, own: Collection[str] = ()) -> list[InboundEvent]:
    """The same of its fields: nothing where no answer is due (keywords, short codes, names, ``own`` numbers)."""
    if raw.received_at is None:
        raise InvalidInput("A message from Twilio needs the time at which it came.")
    sid = sid_of(form)
    account = form.get("AccountSid", raw.account)
    if account != raw.account:
        raise InvalidInput(f"This message is for another account ({account[:40]}).")
    if is_report(form):
        return _report(form, sid, raw.account, raw.received_at)
    ours, theirs = ends(form)
    if is_quiet(ours, theirs, own) or keyword(form) is not None:
        return []
    return _message(form, sid, Pair(ours.value, theirs.value), raw)


def read(raw: RawEvent) -> dict[str, str]:
    """The form's fields; of a name that occurs twice, the first. Raises InvalidInput."""
    types = [value for name, value in raw.headers.items() if name.lower() == "content-type"]
    try:
        text = raw.body.decode()
        if "application/json" in "".join(types).lower():
            fields = json.loads(text)
            pairs = [(name, str(value)) for name, value in fields.items() if isinstance(value, str | int)]
        else:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidInput("This is not a form as Twilio sends it.") from error
    return dict(reversed(pairs))


def posted(form: Form, account: str, at: datetime) -> RawEvent:
    """The request that would have brought a form which was found in Twilio's list."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return RawEvent(CHANNEL, account, urlencode(form).encode(), headers, at)


def sid_of(form: Form) -> str:
    """The message's id at Twilio. Raises InvalidInput."""
    sid = form.get("MessageSid") or form.get("SmsSid") or form.get("SmsMessageSid") or ""
    if not _SID(sid):
        raise InvalidInput("This form names no message (MessageSid).")
    return sid


def ends(form: Form) -> tuple[Address, Address]:
    """Ours and theirs. A number without a country code is taken as one of our own number's country. Raises InvalidInput."""
    if not form.get("From") or not form.get("To"):
        raise InvalidInput("This form does not say who writes to whom (From, To).")
    ours = Address.read(form["To"])
    theirs = Address.read(form["From"], form.get("FromCountry") or ours.region)
    return ours, theirs


def keyword(form: Form) -> Keyword | None:
    """STOP, START or HELP; None for anything else."""
    return keywords.read(form.get("Body", ""), form.get("OptOutType"))


def is_report(form: Form) -> bool:
    """Whether it speaks of a message that we sent."""
    return form.get("MessageStatus", "received") not in _INBOUND


def is_final(status: str) -> bool:
    """Whether a status says what became of a message, and not only that it is on its way."""
    return status in _REPORTS


def is_failure(status: str) -> bool:
    """Whether it did not arrive."""
    return _REPORTS.get(status) is ReceiptStatus.FAILED


def is_quiet(ours: Address, theirs: Address, own: Collection[str]) -> bool:
    """Whether it comes from a machine: a short code, a name instead of a number, or a number of our own."""
    return theirs.kind is not Kind.NUMBER or theirs.value == ours.value or theirs.value in own


def _report(form: Form, sid: str, account: str, at: datetime) -> list[InboundEvent]:
    status = _REPORTS.get(form["MessageStatus"])
    if status is None:
        return []  # queued, sending, sent: on its way
    detail = None
    if status is ReceiptStatus.FAILED:
        detail = described(form.get("ErrorCode"), form.get("ErrorMessage")) or f"Twilio: {form['MessageStatus']}."
    key = EventKey(CHANNEL, account, f"status/{sid}/{form['MessageStatus']}")
    return [DeliveryReported(key, sid, status, at, detail)]


def _message(form: Form, sid: str, pair: Pair, raw: RawEvent) -> list[InboundEvent]:
    assert raw.received_at is not None
    text, files = _text(form), _files(form)
    if not text and not files:
        return []
    return [
        MessageReceived(
            key=EventKey(CHANNEL, raw.account, sid),
            conversation=ConversationKey(CHANNEL, raw.account, str(pair)),
            sender=Identity(
                CHANNEL,
                raw.account,
                pair.theirs,
                display_name=form.get("ProfileName") or None,
                verified=pair.whatsapp,  # a text message's sender can be forged
            ),
            text=text,
            sent_at=raw.received_at,
            attachments=files,
            reply_to=form.get("OriginalRepliedMessageSid") or None,
        )
    ]


def _text(form: Form) -> str:
    said = form.get("Body", "").strip() or form.get("ButtonText", "").strip()
    latitude, longitude = form.get("Latitude"), form.get("Longitude")
    if not latitude or not longitude:
        return said
    place = ", ".join(part for part in (form.get("Label"), form.get("Address"), f"{latitude}, {longitude}") if part)
    return f"{said}\n{place}".strip() if said != form.get("Address") else place


_SHOWN_AS = frozenset({"image", "audio", "video"})


def _files(form: Form) -> tuple[AttachmentRef, ...]:
    try:
        count = min(int(form.get("NumMedia") or 0), _MOST_FILES)
    except ValueError:
        raise InvalidInput("NumMedia is not a number.") from None
    numbered = ((form.get(f"MediaUrl{number}"), form.get(f"MediaContentType{number}")) for number in range(count))
    return tuple(_file(url, kind or None, number) for number, (url, kind) in enumerate(numbered, 1) if url)


def _file(url: str, kind: str | None, number: int) -> AttachmentRef:
    """The address is all that is needed to fetch it, so it is the id. Its name comes with its content, if at all."""
    ending = (mimetypes.guess_extension(kind) if kind else None) or ""
    major = (kind or "").partition("/")[0]
    name = f"{major if major in _SHOWN_AS else 'file'}-{number}{ending}"
    return AttachmentRef(id=url, name=name, media_type=kind, url=url)
