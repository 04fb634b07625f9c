"""Answers as text messages: plain, short, in numbered parts; and as WhatsApp shows them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms import gsm
from channels.sms.adapter import capabilities
from channels.sms.address import Pair
from channels.sms.files import as_media
from channels.sms.render import BODY_LIMIT, TEXT_LIMIT, payloads, shortened
from channels.sms.settings import SmsSettings
from core.domain.attachments import Attachment
from core.domain.capabilities import Pace
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind, OutboundMessage

SMS = "+12125550100/+14155550123"
WHATSAPP = "whatsapp:+14155238886/whatsapp:+4915112345678"
SETTINGS = SmsSettings("AC" + "0" * 32, ("t",), "+12125550100")


def _message(text: str, thread: str = SMS, *citations: Citation) -> OutboundMessage:
    key = ConversationKey("sms", SETTINGS.account_sid, thread)
    return OutboundMessage("m1", key, Author.AGENT, text, MessageKind.ANSWER, citations=citations)


def _texts(text: str, thread: str = SMS, *citations: Citation) -> list[str]:
    return [payload.body["text"] for payload in payloads(_message(text, thread, *citations))]


def _source(title: str, url: str | None = None) -> Citation:
    return Citation("p", title, "content", "faq.json", 0.9, url=url)


@pytest.mark.parametrize(
    ("markdown", "sms", "whatsapp"),
    [
        ("**bold** and *italic*", "bold and italic", "*bold* and _italic_"),
        ("~~old~~ new", "old new", "~old~ new"),
        ("Type `exit`", "Type exit", "Type `exit`"),
        ("# Returns\n\nFree.", "Returns\n\nFree.", "*Returns*\n\nFree."),
        ("- one\n- two", "- one\n- two", "- one\n- two"),
        ("1. one\n2. two", "1. one\n2. two", "1. one\n2. two"),
        ("```\nls\n```", "ls", "```\nls\n```"),
        ("> so\n> it is", "> so\n> it is", "> so\n> it is"),
        ("[Shop](https://a.example/x)", "Shop (https://a.example/x)", "Shop (https://a.example/x)"),
        ("<https://a.example/?utm_source=m&q=1>", "https://a.example/?q=1", "https://a.example/?utm_source=m&q=1"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a: 1\nb: 2", "a: 1\nb: 2"),
        ("**two\nlines**", "two\nlines", "*two*\n*lines*"),
        ("“Quoted” – and…", '"Quoted" - and...', "“Quoted” – and…"),
    ],
)
def test_formats(markdown: str, sms: str, whatsapp: str) -> None:
    assert _texts(markdown) == [sms]
    assert _texts(markdown, WHATSAPP) == [whatsapp]


def test_sources_are_short_and_only_those_that_are_referred_to() -> None:
    sources = (_source("Shipping"), _source("Returns", "https://a.example/r?utm_medium=x"))
    assert _texts("Thirty days [2].", SMS, *sources) == ["Thirty days [2].\n\n[2] Returns https://a.example/r"]


def test_sources_that_do_not_fit_are_left_out_whole() -> None:
    sources = [_source(f"Title {number}", f"https://a.example/{'x' * 60}/{number}") for number in range(1, 9)]
    (text,) = _texts("a" * TEXT_LIMIT, SMS, *sources)
    assert len(text) <= BODY_LIMIT
    assert text.endswith(f"https://a.example/{'x' * 60}/2")


def test_parts_are_numbered_and_the_sources_are_under_the_last() -> None:
    first, second = _texts("A sentence of some length. " * 80, SMS, _source("Returns"))
    assert first.startswith("(1/2) A sentence")
    assert second.startswith("(2/2) A sentence")
    assert second.endswith("\n\n[1] Returns")


def test_a_person_says_who_they_are() -> None:
    message = replace(_message("Hello"), author=Author.STAFF, author_name="Grace")
    assert payloads(message)[0].body["text"] == "Grace: Hello"


def test_what_it_costs_is_known() -> None:
    (payload,) = payloads(_message("a" * 161))
    assert payload.body["segments"] == 2


def test_files_follow_the_text_and_can_be_rebuilt() -> None:
    file = Attachment("f1", "a.png", "image/png", 5, "0" * 64, "2026/f1")
    text, sent = payloads(replace(_message("Here"), attachments=(file,), locale="de"))
    assert (text.body["kind"], sent.body["kind"], sent.part) == ("text", "file", 1)
    assert Attachment(**json.loads(json.dumps(sent.body["file"]))) == file
    assert sent.body["file"] == file.stored()


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://a.example/x?utm_source=a&utm_medium=b", "https://a.example/x"),
        ("https://a.example/x?id=1&fbclid=z#top", "https://a.example/x?id=1#top"),
        ("https://a.example/x?q=a%20b&c", "https://a.example/x?q=a%20b&c"),
    ],
)
def test_links_are_short(url: str, short: str) -> None:
    assert shortened(url) == short


@given(text=st.text(max_size=4000), whatsapp=st.booleans())
def test_every_body_is_one_that_twilio_takes(text: str, whatsapp: bool) -> None:
    for body in _texts(text, WHATSAPP if whatsapp else SMS, _source("A title", "https://a.example/")):
        assert gsm.units16(body) <= BODY_LIMIT


@given(st.text(st.sampled_from("…€“”a 日🙏\n"), min_size=1000, max_size=5000))
def test_typography_that_grows_does_not_break_the_limit(text: str) -> None:
    assert all(gsm.units16(body) <= BODY_LIMIT for body in _texts(text))


@pytest.mark.parametrize(
    ("rate", "pace"), [(1.0, Pace(1, 1.0, 1.0)), (3.0, Pace(3, 1.0, 1.0)), (0.25, Pace(1, 4.0, 1.0))]
)
def test_the_pace_is_that_of_the_number(rate: float, pace: Pace) -> None:
    assert capabilities(replace(SETTINGS, messages_per_second=rate)).pace == pace


@pytest.mark.parametrize(
    ("kind", "mms", "whatsapp"),
    [
        ("audio/ogg", True, True),
        ("audio/amr", True, True),
        ("audio/wav", True, False),
        ("audio/webm", True, False),
        ("video/mp4", True, True),
        ("video/quicktime", True, False),
    ],
)
def test_recordings_go_as_they_are_where_they_can_be_played(kind: str, mms: bool, whatsapp: bool) -> None:
    """The kinds that Twilio lists for each; others go as a link."""
    file = Attachment("f1", "clip", kind, 1000, "0" * 64, "key")
    assert as_media(file, Pair("+12125550100", "+14155550123")) is mms
    assert as_media(file, Pair.read(WHATSAPP)) is whatsapp
