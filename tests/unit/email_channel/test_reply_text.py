"""What is the writer's own, in several languages and habits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.reply_text import own_words, reply_text


@pytest.mark.parametrize(
    "header",
    [
        "On Mon, 2 Apr 2012 at 18:26, Ann <ann@x.example> wrote:",
        "On Mon, 2 Apr 2012 at 18:26, Ann Margareta Miller-Lüdenscheid\n<ann@x.example> wrote:",
        "Am 02.04.2012 um 18:26 schrieb Ann Miller <ann@x.example>:",
        "Le lun. 2 avr. 2012 à 18:26, Ann <ann@x.example> a écrit :",
        "El lun, 2 abr 2012 a las 18:26, Ann (<ann@x.example>) escribió:",
        "Il giorno lun 2 apr 2012 alle ore 18:26 Ann <ann@x.example> ha scritto:",
        "Op ma 2 apr. 2012 om 18:26 schreef Ann <ann@x.example>:",
        "пн, 2 апр. 2012 г. в 18:26, Анна <ann@x.example>:",
        "في الاثنين، 2 أبريل 2012 في 18:26 كتب Ann <ann@x.example>:",
        "2012-04-02 18:26 GMT+02:00 Ann <ann@x.example>:",
    ],
)
def test_quotations_are_introduced_in_many_languages(header: str) -> None:
    assert reply_text(f"My answer.\n\n{header}\n\n> What they said\n> and more\n") == "My answer."
    assert reply_text(f"{header}\n> What they said\n\nMy answer.") == "My answer."


@pytest.mark.parametrize(
    "block",
    [
        "From: Ann <ann@x.example>\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob\nSubject: Hi",
        "________________________________\nVon: Ann <ann@x.example>\nGesendet: Montag, 2. April 2012 18:26\nAn: Bob\nBetreff: Hi",
        "-----Ursprüngliche Nachricht-----\nVon: Ann\nGesendet: gestern",
        "De : Ann <ann@x.example>\nEnvoyé : lundi 2 avril 2012 18:26\nÀ : Bob\nObjet : Hi",
        "*From:* Ann <ann@x.example>\n*Sent:* Monday, April 2, 2012 6:26 PM\n*To:* Bob\n*Subject:* Hi",
        "From: Ann <ann@x.example>\n\nSent: Monday, April 2, 2012 6:26 PM\n\nTo: Bob\n\nSubject: Hi",
        "On Mon, 2 Apr 2012 at 18:26, Ann <ann@x.example> wrote:",
    ],
)
@pytest.mark.parametrize("marked", ["", "\n> what was said before\n> that\n"])
def test_outlook_quotes_without_marks(block: str, marked: str) -> None:
    """Whatever the quoted mail itself quotes with marks."""
    assert reply_text(f"My answer.\n\n{block}\n\nWhat they said\n{marked}") == "My answer."
    assert own_words(f"My answer.\n\n{block}\n\nCase TKT-20260101-0001\nWhat they said\n{marked}") == "My answer."


def test_answers_between_the_lines_stay_below_outlooks_block() -> None:
    block = "From: Ann <ann@x.example>\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob\nSubject: Hi"
    assert reply_text(f"See below.\n\n{block}\n\n> Which model?\nT-9\n> Since when?\nMay") == "See below.\n\nT-9\n\nMay"


@pytest.mark.parametrize(
    "text",
    [
        "From: Berlin\nTo: Paris\nWhen can I travel?",
        "Thanks, that worked. But now:\n\nwhere is my invoice?",
        "Hi,\nBest regards to your boss! I have three questions about the price list.",
        "- first\n- second\n- third",
        "On Monday I wrote:\nplease call me",
        "The error is:\n\nE42 at 10:30",
        "a -- b\n-- not a signature, is it",
        "I need:\n1. paper\n2. ink",
    ],
)
def test_own_words_stay(text: str) -> None:
    assert reply_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ann,\n\nreturn it:\n\nBy: DHL or UPS\n\nUntil: 30.11.2026\n\nAsk: returns@own.example\n\nDo not pay yet.",
        "Dear Ann,\n\nsend it to:\nStreet: X 1\nE-Mail: returns@own.example\nOpen: 09:00 to 17:00\n\nThen wait for us.",
        "Hello,\n\nmy details:\n\nName: Ann\n\nE-Mail: ann@x.example\n\nBought: 12.11.2026\n\nThe pump leaks.",
        "A new message:\n\nFrom: ann@x.example\n\nSubject: Pump\n\nMessage: My order of 12.11.2026 has not come.",
    ],
)
def test_a_list_that_people_fill_in_is_no_quotation(text: str) -> None:
    assert reply_text(text) == text
    assert own_words(text) == text


def test_answers_between_the_lines_stay() -> None:
    text = "On 1 May 2026, Bea wrote:\n> Which model?\n\nT-9\n\n> Since when?\n\nMay\n\n-- \nAnn\n"
    assert reply_text(text) == "T-9\n\nMay"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hello\n\n-- \nAnn Miller\nACME", "Hello"),
        ("Hello\n\nSent from my iPhone", "Hello"),
        ("Hallo\n\nGesendet von meinem iPhone", "Hallo"),
        (
            "Hello\n\nBest regards\nAnn Miller\nACME Ltd\n+44 20 7946 0000\nwww.acme.example",
            "Hello\n\nBest regards\nAnn Miller",
        ),
    ],
)
def test_signatures_go(text: str, kept: str) -> None:
    assert reply_text(text) == kept


def test_a_forward_stays_whole() -> None:
    text = (
        "See below\n\n---------- Forwarded message ---------\nFrom: Ann <ann@x.example>\nDate: 1 May 2026\n\nIt broke."
    )
    assert reply_text(text) == text
    assert "It broke" in reply_text(
        "From: Ann <ann@x.example>\nSent: 1 May 2026 10:00\nTo: Bob\n\nIt broke.", "Fwd: Broken"
    )


def test_a_mail_of_quotations_alone_stays() -> None:
    assert reply_text("> only\n> quoted") == "> only\n> quoted"


@given(st.text(alphabet="On wrote:\n>@1-_ F", max_size=400))
def test_something_is_always_left(text: str) -> None:
    assert bool(reply_text(text).strip()) == bool(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "On " + "x " * 190 + ":\n",
        ">" * 200_000,
        "On 1 wrote:\n" * 5_000,
        "From: a@b.example\n" * 5_000,
        "Am " + "schrieb " * 40 + "\n",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """What takes a square of its length takes minutes for this; on a busy machine only our own time counts."""
    began = time.process_time()
    reply_text(text * max(1, 100_000 // len(text)))
    assert time.process_time() - began < 20.0


_MARK = "##- Write your reply above this line -##"


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("We sent it today.", "We sent it today."),
        (f"We sent it today.\n\n{_MARK}\nCustomer: where is it?", "We sent it today."),
        (f"Yes.\n\nOn Mon, 23 Nov 2026 at 14:03, Hub <hub@example.com> wrote:\n\n> {_MARK}\n> Reason: secret", "Yes."),
        (f"Jā.\n\nPirmd., 2026. g. 23. nov. 14:03, Hub <hub@example.com> raksta:\n{_MARK}\nReason: secret", "Jā."),
        (f"Ja.\n\n{_MARK}\n---------- Forwarded message ---------\nsecret", "Ja."),
        ("Look.\n\n---------- Forwarded message ---------\nFrom: x@example.com\n\nsecret", "Look."),
        (f"> {_MARK}\n> secret", ""),
        (f"{_MARK}\nsecret\n\nbelow the line", ""),
        ("> secret\n\nbetween the lines\n\n> secret", "between the lines"),
        ("Done.\n\n-- \nAnn, Support\n+1 202 555 0143", "Done."),
        ("", ""),
    ],
)
def test_only_what_the_writer_added_is_their_own(body: str, own: str) -> None:
    assert own_words(body) == own


@pytest.mark.parametrize("before", ["\u200f", "| ", "| | ", "\u202b> ", "- "])
def test_nothing_before_the_mark_hides_it(before: str) -> None:
    assert own_words(f"Hello.\n\n{before}##- Write your reply above this line -##\nWhy: secret") == "Hello."
