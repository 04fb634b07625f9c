"""Twilio's forms become events of the domain."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms import parse
from core.domain.errors import InvalidInput
from core.domain.messages import DeliveryReported, MessageReceived, RawEvent, ReceiptStatus
from tests.unit.sms_channel.forms import ACCOUNT, FOLDER, NOW, form, raw

US = "+12125550100/+14155550123"
WHATSAPP = "whatsapp:+14155238886/whatsapp:+4915112345678"


def _message(name: str, **changes: str) -> MessageReceived:
    (event,) = parse.events(raw(form(name, **changes)))
    assert isinstance(event, MessageReceived)
    return event


@pytest.mark.parametrize(
    ("name", "thread", "text", "files"),
    [
        ("sms", US, "Where is my order?", []),
        ("sms_in_pool", US, "Where is my order?", []),
        ("sms_national_number", US, "Hello", []),
        ("mms", US, "It looks like this", ["image/jpeg", "application/pdf"]),
        ("mms_without_text", US, "", ["image/png"]),
        ("mms_voice", US, "", ["audio/amr"]),
        ("mms_video", US, "", ["video/3gpp"]),
        ("vcard", US, "", ["text/vcard"]),
        ("yes", US, "Yes", []),
        ("unicode", "+12125550100/+966501234567", "أين طلبي؟ 🙏", []),
        ("whatsapp", WHATSAPP, "Wo ist meine Bestellung?", []),
        ("whatsapp_image", WHATSAPP, "So sieht es aus", ["image/jpeg"]),
        ("whatsapp_voice", WHATSAPP, "", ["audio/ogg"]),
        ("whatsapp_location", WHATSAPP, "Shop, Alexanderplatz 1, Berlin, 52.520008, 13.404954", []),
        ("whatsapp_reply", WHATSAPP, "Yes, this one", []),
        ("whatsapp_button", WHATSAPP, "Talk to us", []),
    ],
)
def test_a_message(name: str, thread: str, text: str, files: list[str]) -> None:
    event = _message(name)
    assert event.conversation.thread == thread
    assert event.text == text
    assert [ref.media_type for ref in event.attachments] == files
    assert event.key.provider_event_id == form(name)["MessageSid"]
    assert event.sender.external_id == thread.split("/")[1]
    assert event.sent_at == NOW


@pytest.mark.parametrize(
    "name",
    [
        *("stop", "stop_advanced", "start", "help", "short_code", "alphanumeric", "own_number", "empty"),
        *("status_queued", "status_sent"),
    ],
)
def test_nothing_for_the_agent(name: str) -> None:
    assert parse.events(raw(form(name))) == []


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("status_delivered", ReceiptStatus.DELIVERED, None),
        ("status_read", ReceiptStatus.READ, None),
        ("status_undelivered", ReceiptStatus.FAILED, "out of service"),
        ("status_failed", ReceiptStatus.FAILED, "wrote STOP"),
        ("status_whatsapp_window", ReceiptStatus.FAILED, "24 hours"),
    ],
)
def test_a_report(name: str, status: ReceiptStatus, words: str | None) -> None:
    (event,) = parse.events(raw(form(name)))
    assert isinstance(event, DeliveryReported)
    assert (event.provider_id, event.status) == (form(name)["MessageSid"], status)
    assert (words or "") in (event.detail or "")
    assert (event.detail is None) == (words is None)


def test_every_form_is_of_a_kind_that_is_tested() -> None:
    assert len(list(FOLDER.glob("*.json"))) == 31


def test_reports_of_one_message_differ_and_are_the_same_when_repeated() -> None:
    keys = [
        parse.events(raw(form("status_delivered", MessageStatus=one)))[0].key for one in ("delivered", "read", "read")
    ]
    assert keys[0] != keys[1] == keys[2]


def test_a_reply_names_what_it_is_about() -> None:
    assert _message("whatsapp_reply").reply_to == "SM" + f"{30:032x}"


def test_another_number_of_ours_is_not_a_customer() -> None:
    fields = form("sms")
    assert parse.events(raw(fields), {fields["From"]}) == []


def test_json_is_understood_too() -> None:
    event = RawEvent("sms", ACCOUNT, json.dumps(form("sms")).encode(), {"content-type": "application/json"}, NOW)
    assert len(parse.events(event)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"MessageSid": "", "SmsSid": "", "SmsMessageSid": ""},
        {"MessageSid": "../../etc"},
        {"From": ""},
        {"To": ""},
        {"NumMedia": "many"},
        {"AccountSid": "AC" + "f" * 32},
    ],
)
def test_what_cannot_be_understood_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        parse.events(raw(form("sms", **changes)))


def test_a_form_without_its_time_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse.events(RawEvent("sms", ACCOUNT, raw(form("sms")).body))


def test_more_files_than_twilio_sends_are_not_read() -> None:
    url = form("mms")["MediaUrl0"]
    many = {f"MediaUrl{number}": url for number in range(50)}
    assert len(_message("mms", NumMedia="50", **many).attachments) == 10


@given(st.dictionaries(st.sampled_from(sorted(form("mms"))), st.text(max_size=40)), st.booleans())
def test_any_values_are_understood_or_refused(changes: dict[str, str], status: bool) -> None:
    fields = form("status_failed" if status else "mms", **changes)
    try:
        events = parse.events(raw({key: value.encode("utf-8", "replace").decode() for key, value in fields.items()}))
    except InvalidInput:
        return
    assert all(isinstance(event, MessageReceived | DeliveryReported) for event in events)
