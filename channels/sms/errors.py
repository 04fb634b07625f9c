"""Twilio's error codes in our error tree, in words that say what to do (Twilio, "Error and Warning Dictionary")."""

from __future__ import annotations

from http import HTTPStatus

from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

OPTED_OUT_CODE = 21610
_PAUSE = 5.0

_WORDS = {
    21211: "This is not a telephone number that can get messages.",
    21212: "Our own number is not valid: check TWILIO_FROM.",
    21408: "The Twilio account may not send to this country: allow it under Messaging, Settings, Geo permissions.",
    21606: "Our number does not belong to this account or cannot send text messages: check TWILIO_FROM.",
    21608: "A trial account sends to verified numbers only: verify this number, or upgrade the account.",
    21610: "The customer wrote STOP: nothing can be sent until they write START.",
    21612: "There is no route from our number to this one: the carrier or country does not take our kind of number.",
    21614: "This number cannot get text messages (a landline, or no mobile number).",
    21617: "The text is longer than Twilio takes (1,600 characters).",
    21620: "Twilio could not use the address of the file.",
    21623: "Twilio does not take this number of files.",
    21655: "The content template does not exist in this account: check TWILIO_WHATSAPP_TEMPLATE.",
    21656: "The content template does not take this text: TWILIO_WHATSAPP_TEMPLATE has one variable, {{1}}.",
    21658: "The text is longer than a content template takes (1,600 characters).",
    21659: "Our number is not a number of this Twilio account: check TWILIO_FROM.",
    21660: "Our number belongs to another Twilio account than TWILIO_ACCOUNT_SID.",
    21703: "The Messaging Service has no number in its pool: add one in the Twilio Console.",
    21704: "The Messaging Service has no number in its pool: add one in the Twilio Console.",
    21705: "The Messaging Service does not exist in this account: check TWILIO_FROM.",
    21712: "Our number is not in the Messaging Service's pool any more.",
    30003: "The telephone is switched off or out of reach.",
    30004: "The recipient or their carrier blocks our messages.",
    30005: "The number does not exist any more, or is out of service.",
    30006: "A landline, or a carrier that cannot be reached.",
    30007: "The carrier took the message for spam.",
    30008: "The carrier gave no reason.",
    30032: "Our toll-free number is not verified: verify it in the Twilio Console.",
    30034: "Our number is not registered for A2P 10DLC: register it in the Twilio Console.",
    63003: "This number has no WhatsApp.",
    63007: "Our number is not a WhatsApp sender of this account: check TWILIO_WHATSAPP_FROM.",
    63016: "The customer wrote last more than 24 hours ago: WhatsApp takes only approved templates now.",
    63019: "WhatsApp could not fetch the file.",
    63024: "This number cannot get WhatsApp messages.",
}
_AUTH = frozenset({20003, 20005, 20403, 30002})
_RATE = frozenset({20429, 14107, 21611, 30022, 63018})
_MEDIA = frozenset({11751, 12300, 21620, 21623, 21627, 30019, 63019, 63021, 63005})


class OptedOut(Rejected):
    """The customer said STOP to Twilio; we may not have heard of it."""


class FileRefused(Rejected):
    """The text of this message would have been taken, its file was not."""


def described(code: str | int | None, said: str | None = None) -> str | None:
    """A reason for people, with the code under which Twilio's documentation explains it."""
    if code in (None, "", "0", 0):
        return said or None
    number = int(code) if str(code).isdigit() else None
    words = _WORDS.get(number) if number is not None else None
    return f"{words or said or 'Twilio gives no reason.'} (Twilio error {code})"


def refuses_file(code: str | int | None) -> bool:
    """Whether the file was the reason, so that a link may do instead."""
    return str(code).isdigit() and int(str(code)) in _MEDIA


def refusal(status: int, code: int | None, said: str | None, retry_after: str | None = None) -> ChannelError:
    """What an answer of 400 and above means for a message that was to be sent."""
    detail = described(code, said) or f"Twilio answered {status}."
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE:
        return RateLimited(detail, retry_after=_seconds(retry_after))
    if status == HTTPStatus.UNAUTHORIZED or code in _AUTH:
        return AuthFailed(f"Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN: {said or status}.")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Unreachable(f"Twilio is not available: {said or status}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return OutcomeUnknown(f"Twilio failed while it took the message: {said or status}.")
    if code == OPTED_OUT_CODE:
        return OptedOut(detail)
    if code in _MEDIA:
        return FileRefused(detail)
    return Rejected(detail)


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header)) if header else _PAUSE
    except ValueError:
        return _PAUSE
