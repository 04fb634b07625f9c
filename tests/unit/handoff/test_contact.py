"""What counts as contact details, and what must not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain.customer import ContactDetails
from core.domain.messages import Author, CustomerAction, Message
from handoff.waits.contact import contact_details, region_of


def _message(text: str, action: CustomerAction | None = None) -> Message:
    return Message("m", "c", 1, Author.CUSTOMER, text, datetime(2026, 11, 21, tzinfo=UTC), action=action)


@pytest.mark.parametrize(
    ("text", "region", "email", "phone"),
    [
        ("ada@example.com", None, "ada@example.com", None),
        ("Write to Ada.Lovelace@Example.COM.", None, "Ada.Lovelace@example.com", None),
        ("(ada@example.com)", None, "ada@example.com", None),
        ("old@example.com, no: new@example.com", None, "new@example.com", None),
        ("+49 30 901820", None, None, "+49 30 901820"),
        ("0049 30 901820", None, None, "+49 30 901820"),
        ("Meine Nummer ist 030 901820", "DE", None, "+49 30 901820"),
        ("Ruf mich bitte an: 0171 2345678", "DE", None, "+49 171 2345678"),
        ("Mon numéro : 01 42 68 53 00", "FR", None, "+33 1 42 68 53 00"),
        ("ada@example.com or call +1 202-456-1111", None, "ada@example.com", "+1 202-456-1111"),
        ("رقمي \u200e+971 4 366 8888", None, None, "+971 4 366 8888"),
    ],
)
def test_details_are_read(text: str, region: str | None, email: str | None, phone: str | None) -> None:
    assert contact_details([_message(text)], region) == ContactDetails(email, phone)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "My order 2024561111 has not arrived",
        "Invoice 030 901820 is wrong",
        "ada@localhost",
        "ada@@example.com",
        "@example.com",
        "The total was 1,202,456.00",
        "4111 1111 1111 1111",
        "0001234567",
        "Call me between 08.00-17.00",
        "Please call me on 01/02/2024",
        "",
        "a" * 100_000,
        "@" * 10_000,
    ],
)
@pytest.mark.parametrize("region", ["US", None])
def test_other_things_are_left_alone(text: str, region: str | None) -> None:
    assert contact_details([_message(text)], region) is None


def test_a_national_number_counts_when_it_is_all_there_is_or_was_asked_for() -> None:
    assert contact_details([_message("(202) 456-1111")], "US") == ContactDetails(phone="+1 202-456-1111")
    asked = _message("it is 2024561111 thanks", CustomerAction.CONTACT)
    assert contact_details([asked], "US") == ContactDetails(phone="+1 202-456-1111")


def test_the_last_of_several_messages_wins() -> None:
    messages = [_message("a@example.com"), _message("+49 30 901820"), _message("b@example.com")]
    assert contact_details(messages, None) == ContactDetails("b@example.com", "+49 30 901820")


@pytest.mark.parametrize(
    ("locale", "region"),
    [("de-AT", "AT"), ("de", "DE"), ("en", None), (None, None), ("pt_BR", "BR")],
)
def test_the_region_comes_from_the_locale(locale: str | None, region: str | None) -> None:
    assert region_of(locale) == region
