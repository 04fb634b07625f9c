"""What clients send is understood or refused with a reason, and never breaks anything."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.web import parse
from channels.web.refusals import BadFrame, Empty, TooLong, TooManyAttachments
from channels.web.settings import WebLimits
from channels.web.tokens import Session
from core.domain.errors import InvalidInput
from core.domain.messages import CustomerAction
from tests.servers.programs import ROOT

LIMITS = WebLimits()
SESSION = Session("s_1", datetime(2027, 1, 1, tzinfo=UTC), locale="de")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.fixed_dictionaries(
    {"type": st.just("message") | json_values, "content": st.text(max_size=50) | json_values},
    optional=dict.fromkeys(("client_id", "attachments", "action", "locale", "after"), json_values),
)


def _message(**fields: Any) -> parse.ClientMessage:
    return parse.client_message(fields, LIMITS, text="content")


def test_a_whole_message() -> None:
    message = _message(
        content="  Hi\r\na@b.example\t<b>",
        client_id="c-1",
        attachments=["f1", "f1", "f2"],
        action="contact",
        locale="pt-BR",
    )
    event = message.event(SESSION, datetime(2026, 1, 1, tzinfo=UTC))
    assert event.text == "  Hi\na@b.example\t<b>"
    assert event.key.provider_event_id == "s_1/c-1"
    assert event.stored_attachments == ("f1", "f2")
    assert event.action is CustomerAction.CONTACT
    assert event.locale == "pt-BR"


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("My contact details: Ada, ada@example.com", True),
        ("+49 30 1234567", True),
        ("(030) 123-4567", True),
        ("Ada 555 123 4567", True),
        ("هاتفي ٠٥٠١٢٣٤٥٦٧", True),
        ("Can you call me on +49 30 1234567?", True),
        ("How do I reset my password?", False),
        ("Where is my order 123456789?", False),
        ("12", False),
        ("me @ home", False),
        ("1234567890123456789", False),
    ],
)
def test_only_what_holds_contact_details_is_taken_for_them(text: str, contact: bool) -> None:
    assert _message(content=text, action="contact").action is (CustomerAction.CONTACT if contact else None)
    assert _message(content=text, action="request_person").action is CustomerAction.REQUEST_PERSON


PHONE_NUMBERS = json.loads((ROOT / "tests/fixtures/phone_numbers.json").read_text(encoding="utf-8"))
"""The widget's tests read the same list: what its form takes must be contact details here."""


@pytest.mark.parametrize("number", PHONE_NUMBERS["numbers"])
def test_a_number_that_the_widget_takes_is_taken_here(number: str) -> None:
    assert _message(content=f"My contact details:\n{number}", action="contact").action is CustomerAction.CONTACT


@pytest.mark.parametrize("other", PHONE_NUMBERS["others"])
def test_what_the_widget_refuses_is_refused_here(other: str) -> None:
    assert _message(content=f"My contact details:\n{other}", action="contact").action is None


@pytest.mark.parametrize("part", ["1 ", "+(", "1(", "1 x", "1\n"])
def test_a_long_text_is_judged_at_once(part: str) -> None:
    started = time.thread_time()
    _message(content=(part * 8000)[:8000], action="contact")
    assert time.thread_time() - started < 1


def test_what_is_left_out_is_filled_in() -> None:
    message = _message(content="Hi")
    assert re.fullmatch("[0-9a-f]{32}", message.client_id)
    assert _message(content="Hi").client_id != message.client_id
    assert message.event(SESSION, datetime(2026, 1, 1, tzinfo=UTC)).locale == "de"


def test_every_kind_of_line_end_is_one() -> None:
    assert _message(content="a\r\nb\rc\nd").content == "a\nb\nc\nd"


def test_a_file_alone_is_a_message() -> None:
    assert _message(content="", attachments=["f1"]).attachments == ("f1",)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, Empty),
        ({"content": " \n\t "}, Empty),
        ({"content": " \u200b\ufeff \n"}, Empty),
        ({"content": None}, BadFrame),
        ({"content": ["a"]}, BadFrame),
        ({"content": "x" * 8001}, TooLong),
        ({"content": "a\x00"}, BadFrame),
        ({"content": "a\x1b[31m"}, BadFrame),
        ({"content": "a\ud83d"}, BadFrame),
        ({"content": "a", "client_id": ""}, BadFrame),
        ({"content": "a", "client_id": "x" * 65}, BadFrame),
        ({"content": "a", "client_id": "a/b"}, BadFrame),
        ({"content": "a", "client_id": 5}, BadFrame),
        ({"content": "a", "attachments": "f1"}, BadFrame),
        ({"content": "a", "attachments": [1]}, BadFrame),
        ({"content": "a", "attachments": ["../etc"]}, BadFrame),
        ({"content": "a", "attachments": [f"f{n}" for n in range(6)]}, TooManyAttachments),
        ({"content": "a", "action": "delete_everything"}, BadFrame),
        ({"content": "a", "action": {}}, BadFrame),
        ({"content": "a", "locale": "<script>"}, BadFrame),
    ],
)
def test_bad_fields_are_refused(given: dict[str, Any], refusal: type[InvalidInput]) -> None:
    with pytest.raises(refusal):
        _message(**given)


def test_exactly_the_limit_fits() -> None:
    assert len(_message(content="👍" * LIMITS.message_chars).content) == LIMITS.message_chars


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b"\xff", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000, b"9" * 9_000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadFrame):
        parse.decode(body)


@pytest.mark.parametrize("value", [-1, 1.5, "x", "-1", "1e3", None, True, [], "٣", "9" * 19, 2**60])
def test_a_cursor_is_a_whole_number(value: Any) -> None:
    with pytest.raises(BadFrame):
        parse.cursor(value)


@given(body=st.binary(max_size=500))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    with suppress(BadFrame):
        assert isinstance(parse.decode(body), dict)


@given(frame=fields)
def test_any_fields_are_a_message_or_refused(frame: dict[str, Any]) -> None:
    decoded = parse.decode(json.dumps(frame).encode())
    with suppress(InvalidInput):
        parse.frame_type(decoded)
        message = parse.client_message(decoded, LIMITS, text="content")
        event = message.event(SESSION, datetime(2026, 1, 1, tzinfo=UTC))
        assert len(str(event.key)) <= 160
        assert event.text.encode("utf-8")
