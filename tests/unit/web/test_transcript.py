"""What a mailed conversation holds: the words of the conversation, and nothing that a stranger could be lured with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.web.transcript import MOST_CHARACTERS, is_address, subject_of, transcript_of
from core.agent.language import packs
from core.domain.attachments import Attachment
from core.domain.messages import Author, Citation, Message, MessageKind

AT = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
ASKED = Message("m1", "c1", 1, Author.CUSTOMER, "How do *I* pay?\n1. now", AT)
ANSWERED = Message(
    "m2", "c1", 2, Author.AGENT, "By **card** [1].", AT, kind=MessageKind.ANSWER,
    citations=(Citation("p", "Payment", "By card.", "faq.yaml", 0.9, url="https://help.example/pay"),),
)  # fmt: skip
STAFF = Message("m3", "c1", 3, Author.STAFF, "See https://help.example/x", AT, author_name="Mara")


def test_everybodys_words_stand_with_who_and_when() -> None:
    text = transcript_of([ASKED, ANSWERED, STAFF], "Acme", "en")
    assert "chat of Acme" in text
    order = ["**Customer**, 2026-01-01 12:30 UTC", "**AI assistant**, ", "By **card** [1].", "[Payment]", "**Mara**, "]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_customers_marks_are_marks() -> None:
    assert "How do \\*I\\* pay\\?  \n1\\. now" in transcript_of([ASKED, ANSWERED], "Acme", "en")


@pytest.mark.parametrize(
    "lure",
    ["https://evil.example/a", "evil.example", "WWW.Evil.Example/win?x=1", "<http://evil.example>", "(evil.example).",
     "[win](https://evil.example)", "win@evil.example", "hxxp://evil", "ftp://1.2.3.4/x", "evil[.]example"],
)  # fmt: skip
def test_no_link_of_a_customer_leaves_the_house(lure: str) -> None:
    asked = replace(ASKED, text=f"Look at {lure} now")
    echoed = replace(ANSWERED, text=f"I don't know “{lure}”. Nor {lure.upper()}!", citations=())
    text = transcript_of([asked, echoed], "Acme", "en")
    assert "evil" not in text.lower()
    assert "1.2.3.4" not in text.replace("\\", "")
    assert "Look at […] now" in text.replace("\\", "")


def test_the_links_of_documents_and_staff_stay() -> None:
    text = transcript_of([ASKED, ANSWERED, STAFF], "Acme", "en")
    assert "https://help.example/pay" in text
    assert "https://help.example/x" in text


def test_the_newest_that_fit_are_kept_and_it_says_so() -> None:
    many = [replace(ASKED, id=f"m{number}", text=f"number {number} " + "x" * 900) for number in range(40)]
    text = transcript_of(many, "Acme", "en")
    assert len(text) < MOST_CHARACTERS + 500
    assert "number 39" in text
    assert "number 0 " not in text
    assert "Earlier messages are left out." in text


def test_one_endless_message_is_cut() -> None:
    assert len(transcript_of([replace(ANSWERED, text="x" * 16_000)], "Acme", "en")) < MOST_CHARACTERS + 500


def test_no_file_of_a_customer_leads_anywhere() -> None:
    lure = "Claim your prize at https://evil.example/claim today."
    name = "Your prize waits at www.evil.example .txt"
    file = Attachment("f1", name, "text/plain", 7, "hash", "key")
    asked = replace(ASKED, attachments=(file,))
    quoted = replace(ANSWERED, text=lure, citations=(Citation("f1", name, lure, name, 0.9),))
    repeated = replace(ANSWERED, id="m4", text=lure, citations=())
    text = transcript_of([asked, quoted, repeated], "Acme", "en").replace("\\", "")
    assert "evil.example" not in text
    assert text.count("Claim your prize") == 1, "what quotes the file is left out"
    assert "Your prize waits at www evil example  txt" in text


def test_files_are_named() -> None:
    file = Attachment("f1", "plan_b.pdf", "application/pdf", 7, "hash", "key")
    assert "plan\\_b pdf" in transcript_of([replace(ASKED, attachments=(file,))], "Acme", "en")


@pytest.mark.parametrize("locale", ["de-AT", "fr", "es", "ar_EG"])
def test_in_the_customers_language(locale: str) -> None:
    assert subject_of("Acme", locale) != subject_of("Acme", "en")
    assert "This is a conversation" not in transcript_of([ASKED], "Acme", locale)
    assert "Customer" not in transcript_of([ASKED], "Acme", locale)


@pytest.mark.parametrize("text", ["ann@customer.example", "a.b+c@x.co", "ü@bücher.example"])
def test_one_address(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "ann", "ann@", "ann@x", "a@b.example,c@d.example", "a@b.example c@d.example", "Ann <ann@customer.example>",
     "a@b.example\r\nBcc: c@d.example", "a@b.example\u0000", "a@[127.0.0.1]", "a@127.0.0.1", "a@b..example",
     "a@" + "b" * 300 + ".example"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("language", sorted(set(packs()) - {"en"}))
def test_it_speaks_the_languages_that_the_agent_recognises(language: str) -> None:
    company = "Acme"
    assert company in subject_of(company, language)
    assert subject_of(company, language) != subject_of(company, "en")
    text, english = (transcript_of([ASKED], company, spoken) for spoken in (language, "en"))
    assert company in text
    assert text.splitlines()[0] != english.splitlines()[0]
    assert "Customer" not in text
