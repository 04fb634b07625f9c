"""Numbers in E.164, and what is no number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms.address import Address, Kind, Pair
from channels.sms.settings import SmsSettings
from core.domain.errors import ConfigError, InvalidInput

SID = "AC" + "0" * 32


@pytest.mark.parametrize(
    ("text", "region", "value", "kind"),
    [
        ("+14155550123", None, "+14155550123", Kind.NUMBER),
        ("+1 (415) 555-0123", None, "+14155550123", Kind.NUMBER),
        ("(415) 555-0123", "US", "+14155550123", Kind.NUMBER),
        ("0151 12345678", "DE", "+4915112345678", Kind.NUMBER),
        ("06 12 34 56 78", "FR", "+33612345678", Kind.NUMBER),
        ("4915112345678", None, "+4915112345678", Kind.NUMBER),
        ("whatsapp:+4915112345678", None, "whatsapp:+4915112345678", Kind.NUMBER),
        ("whatsapp:0151 12345678", "DE", "whatsapp:+4915112345678", Kind.NUMBER),
        ("22395", "US", "22395", Kind.SHORT_CODE),
        ("+22395", "US", "+22395", Kind.SHORT_CODE),
        ("AMAZON", "US", "AMAZON", Kind.NAME),
        ("Bank 24", "DE", "Bank 24", Kind.NAME),
        ("", None, "", Kind.NAME),
        ("messenger:1234567890", None, "messenger:1234567890", Kind.NAME),
    ],
)
def test_addresses(text: str, region: str | None, value: str, kind: Kind) -> None:
    assert Address.read(text, region) == Address(value, kind)


@given(st.text(max_size=40), st.sampled_from([None, "US", "DE", "EG"]))
def test_reading_what_was_read_changes_nothing(text: str, region: str | None) -> None:
    once = Address.read(text, region)
    assert Address.read(once.value, region) == once or once.kind is Kind.NUMBER
    assert Address.read(once.value).value == once.value


@pytest.mark.parametrize(
    ("number", "region"),
    [("+4915112345678", "DE"), ("+15552223333", "US"), ("whatsapp:+33612345678", "FR"), ("ACME", None)],
)
def test_the_country_of_a_number(number: str, region: str | None) -> None:
    assert Address.read(number).region == region


def test_a_pair_survives_being_written() -> None:
    pair = Pair("whatsapp:+14155238886", "whatsapp:+4915112345678")
    assert Pair.read(str(pair)) == pair
    assert pair.whatsapp


@pytest.mark.parametrize("thread", ["", "nobody", "/", "+1/", "/+1", "+1/+2/+3", "+1 2/+3"])
def test_other_threads_are_refused(thread: str) -> None:
    with pytest.raises(InvalidInput):
        Pair.read(thread)


def test_settings_know_who_sends() -> None:
    plain = SmsSettings(SID, ("t",), "+1 (415) 555-0123", "whatsapp:+14155238886", api_base_url="http://127.0.0.1:1/")
    assert (plain.number, plain.service, plain.whatsapp) == ("+14155550123", None, "whatsapp:+14155238886")
    assert plain.origin == "http://127.0.0.1:1"
    pool = SmsSettings(SID, ("t",), "MG" + "0" * 32, "+14155238886")
    assert (pool.number, pool.service, pool.whatsapp) == (None, "MG" + "0" * 32, "whatsapp:+14155238886")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account_sid": "SK123"}, "TWILIO_ACCOUNT_SID"),
        ({"auth_tokens": ()}, "TWILIO_AUTH_TOKEN"),
        ({"auth_tokens": ("",)}, "TWILIO_AUTH_TOKEN"),
        ({"sender": None}, "TWILIO_FROM"),
        ({"sender": "ACME"}, "TWILIO_FROM"),
        ({"whatsapp_sender": "me"}, "TWILIO_WHATSAPP_FROM"),
    ],
)
def test_settings_that_cannot_work_say_what_to_write(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SmsSettings(**{"account_sid": SID, "auth_tokens": ("t",), "sender": "+14155550123", **changes})  # type: ignore[arg-type]
