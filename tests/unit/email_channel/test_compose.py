"""A message to the bytes of a mail; the ids that it carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.compose import Envelope, composed
from channels.email.render import TEXT_LIMIT, payloads
from channels.email.threads import Thread
from channels.email.tokens import Tokens
from core.domain.attachments import Attachment
from core.domain.errors import Rejected
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind, OutboundMessage
from tests.unit.email_channel.fixture import AT, SETTINGS, TOKENS

_THREAD = Thread(
    "ann@customer.example",
    "Ann",
    "A question",
    "<1@x.example>",
    ("<0@x.example>", "<1@x.example>"),
    quote="Hi",
    quote_at=AT.isoformat(),
)
_ENVELOPE = Envelope("support@example.com", "Tidepool", "<t.k.p@example.com>", datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
_KEY = ConversationKey("email", "support@example.com", "t")


def _message(text: str, **more: Any) -> OutboundMessage:
    return OutboundMessage("m1", _KEY, Author.AGENT, text, MessageKind.ANSWER, **more)


def _mail(text: str = "Yes.", thread: Thread = _THREAD, envelope: Envelope = _ENVELOPE, **more: Any) -> EmailMessage:
    (payload,) = payloads(_message(text, **more))
    data = composed(payload.body, thread, envelope, [], quotes=True)
    return message_from_bytes(data, policy=policy.default)  # type: ignore[return-value]


def _bodies(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("language", "wrote"),
    [
        ("en", "Ann wrote:"),
        ("de-AT", "schrieb Ann:"),
        ("fr", "Ann a écrit :"),
        ("es", "Ann escribió:"),
        ("ar", "كتب Ann:"),
    ],
)
def test_the_quotation_is_introduced_in_the_customers_language(language: str, wrote: str) -> None:
    mail = _mail(locale=language)
    assert wrote in _bodies(mail)[0]
    assert mail["Content-Language"] == language.partition("-")[0]


def test_markdown_becomes_both_forms() -> None:
    plain, html = _bodies(_mail("# Hours\n\n- **Mon** 9–17\n- Tue\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`x<y`"))
    assert plain.startswith("Hours\n\n- Mon 9–17\n- Tue\n\na  b\n-  -\n1  2\n\nx<y\n")
    assert "<ul>\n<li><b>Mon</b> 9–17</li>" in html
    assert "<code>x&lt;y</code>" in html
    assert "<td" in html


def test_what_customers_wrote_is_not_html() -> None:
    thread = replace(_THREAD, quote="<script>alert(1)</script>", name="<b>Ann</b>")
    _, html = _bodies(_mail("<script>alert(2)</script>", thread))
    assert "<script>" not in html
    assert "<b>Ann</b>" not in html


def test_the_subject_is_answered_once() -> None:
    assert _mail(thread=replace(_THREAD, subject="Re: A question"))["Subject"] == "Re: A question"
    assert _mail(thread=replace(_THREAD, subject="AW: Frage"))["Subject"] == "AW: Frage"
    assert _mail(thread=replace(_THREAD, subject=""), locale="de")["Subject"] == "Ihre Nachricht"


def test_long_ids_stay_readable() -> None:
    ids = tuple(f"<{'x' * 120}{number}@mail.example>" for number in range(25))
    mail = _mail(thread=replace(_THREAD, chain=ids, answers=ids[-1]))
    assert tuple(str(mail["References"]).split()) == ids
    data = composed(payloads(_message("Yes."))[0].body, replace(_THREAD, chain=ids), _ENVELOPE, [], quotes=False)
    assert b"=?utf-8" not in data
    assert max(map(len, data.split(b"\r\n"))) <= 998


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_text_adds_a_header(subject: str, name: str, company: str) -> None:
    thread = replace(_THREAD, subject=subject, name=name)
    mail = _mail(thread=thread, envelope=replace(_ENVELOPE, company=company or "C"))
    wanted = ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"]
    wanted += ["X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type"]
    assert sorted(mail.keys()) == sorted(wanted)
    assert mail["To"].addresses[0].addr_spec == "ann@customer.example"


_SECOND_LINES = "x=0d=0aReply-To: boss@evil.example=0d=0a=0d=0aPay here".replace(" ", "=20").replace(":", "=3a")
_TWICE = f"=?utf-8?q?{_SECOND_LINES}?="


@pytest.mark.parametrize(
    "word", [_TWICE, _TWICE.replace("?q?", "?Q?"), "=?utf-8?b?eA0KUmVwbHktVG86IGJvc3NAZXZpbC5leGFtcGxl?="]
)
def test_no_encoded_word_adds_a_header(word: str) -> None:
    """The library decodes words that stand in what is given to it as plain text (RFC 2047)."""
    thread = replace(
        _THREAD,
        subject=word,
        name=word,
        answers=f"<{word}@evil.example>",
        chain=(f"<{word}@evil.example>", "<1@x.example>"),
        copies=(("victim@customer.example", word),),
    )
    file = Attachment("f1", f"{word}.txt", "text/plain", 3, "0" * 64, "2026/f1")
    (payload,) = payloads(_message("Yes."))
    data = composed(payload.body, thread, _ENVELOPE, [(file, b"abc")], quotes=True)
    mail = message_from_bytes(data, policy=policy.default)
    assert "Reply-To" not in mail
    assert all("Reply-To" not in part for part in mail.walk())
    with pytest.raises(Rejected):
        composed(payload.body, replace(thread, copies=((f"{word}@evil.example", None),)), _ENVELOPE, [], quotes=True)


def test_files_are_in_the_last_mail_only() -> None:
    file = Attachment("f1", "a.txt", "text/plain", 3, "0" * 64, "2026/f1")
    first, *_, last = payloads(_message("All work and no play. " * TEXT_LIMIT, attachments=(file,)))
    assert first.body["attachments"] == []
    assert [one["id"] for one in last.body["attachments"]] == ["f1"]


def test_sources_are_under_the_last_words_and_code_stays_whole() -> None:
    sources = (Citation("p1", "Hours", "c", "h.md", 0.9, url="https://x.example/h"),)
    (payload,) = payloads(_message("```\nopen", citations=sources))
    assert payload.body["plain"] == "    open\n\nSources\n[1] Hours (https://x.example/h)"
    (payload,) = payloads(_message("", citations=sources))
    assert payload.body["plain"] == "Sources\n[1] Hours (https://x.example/h)"


def test_tokens_prove_themselves() -> None:
    message_id = TOKENS.message_id("abcdefghijklmnop", "d1:0")
    assert message_id == TOKENS.message_id("abcdefghijklmnop", "d1:0") != TOKENS.message_id("abcdefghijklmnop", "d1:1")
    assert TOKENS.thread_of(message_id) == "abcdefghijklmnop"
    assert TOKENS.thread_of(message_id.replace("abcdefgh", "aaaaaaaa")) is None
    assert Tokens(("other" * 8,), SETTINGS.account).thread_of(message_id) is None
    assert Tokens(("new" * 10, *SETTINGS.secret_keys), SETTINGS.account).thread_of(message_id) == "abcdefghijklmnop"
    assert Tokens(SETTINGS.secret_keys, "sales@example.com").thread_of(message_id) is None


@given(st.text(max_size=90))
def test_no_other_id_is_ours(text: str) -> None:
    assert TOKENS.thread_of(text) is None
