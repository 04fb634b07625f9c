"""What is quoted is readable: whole sentences, rows with their header, the part that was asked about."""

from __future__ import annotations

from core.agent.excerpt import best_match, clip, opening, quote, units, whole_sentences
from core.agent.files import about_what, search_files, speaks_of_file, wants_summary
from core.agent.lookup import file_sources
from core.agent.questions import split_questions
from core.agent.tokens import estimate
from tests.contract.responders.world import text_file

INVOICE = """# INVOICE 2026-117

Bill to: Ada Lovelace
Date: 2026-03-01

| Item | Qty | Price |
| --- | --- | --- |
| Consulting | 3 | 300.00 |
| Hosting | 1 | 29.00 |

Subtotal: 329.00 EUR
VAT 19%: 62.51 EUR
Total: 391.51 EUR

Payment is due within 14 days. Late payments are charged 5% interest.
"""


def test_the_line_that_was_asked_for() -> None:
    match = best_match(INVOICE, "invoice total", known="invoice.pdf # INVOICE 2026-117")
    assert match.text == "Total: 391.51 EUR"
    assert match.coverage == 1.0


def test_a_table_row_is_quoted_under_its_header() -> None:
    match = best_match(INVOICE, "price of hosting", limit=80)
    assert match.text.startswith("| Item | Qty | Price |\n| --- | --- | --- |\n")
    assert "| Hosting | 1 | 29.00 |" in match.text


def test_a_table_with_an_empty_header_gets_its_first_row_instead() -> None:
    table = "|  |  |\n| --- | --- |\n| Who | Discount |\n| Schools | 40 % |\n| Start-ups | 50 % |"
    assert (
        quote(table, "discount", limit=500)
        == "| Who | Discount |\n| --- | --- |\n| Schools | 40 % |\n| Start-ups | 50 % |"
    )
    assert units("|  |\n| --- |") == []


def test_a_heading_brings_what_stands_under_it() -> None:
    text = "# Refunds\n\nThey take five days.\n\n# Holidays\n\nWe are closed on Sundays."
    assert best_match(text, "holidays").text == "**Holidays**\n\nWe are closed on Sundays."


def test_nothing_in_common_is_no_match() -> None:
    assert best_match(INVOICE, "bananas").coverage == 0
    assert best_match("", "total").text == ""
    assert best_match(INVOICE, "").text == ""


def test_lines_that_a_layout_wrapped_are_joined() -> None:
    text = "This sentence was wrapped by the layout of a page because it\nwas too long for one line. Next."
    assert [unit.text for unit in units(text)] == [
        "This sentence was wrapped by the layout of a page because it was too long for one line.",
        "Next.",
    ]


def test_half_sentences_and_headings_at_the_ends_are_not_quoted() -> None:
    chunk = "# Passwords\n\nand sign in again. You can reset it. The link works for an hour. If no message"
    assert whole_sentences(chunk) == "You can reset it. The link works for an hour."
    assert whole_sentences("only half") == "only half"
    assert whole_sentences("- one\n- two") == "- one\n- two"


def test_a_long_passage_is_quoted_where_the_answer_is() -> None:
    filler = "\n\n".join(f"Chapter {n} speaks of other things at some length and in detail." for n in range(40))
    shown = quote(f"{filler}\n\nRefunds take five working days.\n\n{filler}", "How long do refunds take?", limit=300)
    assert "five working days" in shown
    assert len(shown) <= 300


def test_opening_and_clip() -> None:
    assert opening(INVOICE, limit=60).startswith("**INVOICE 2026-117**\n\nBill to: Ada Lovelace")
    assert opening("---\n\n***\n") == ""
    assert clip("one two three", 9) == "one two …"
    assert clip("short", 9) == "short"


def test_files_are_searched_newest_first_and_named_words_do_not_count() -> None:
    old, new = text_file(INVOICE, file_id="f1"), text_file("INVOICE 9\n\nTotal: 1.00 EUR", file_id="f2")
    found = search_files([old, new], "What is the invoice total?", limit=200)
    assert found is not None
    assert found[0].id == "f2"
    assert search_files([text_file(None)], "total", limit=200) is None
    assert about_what("What does the document say about refunds?") == "what does the about refunds"


def test_the_subject_of_an_email_does_not_hide_the_question_below_it() -> None:
    warranty = text_file("Warranty of the Nautilus pump\n\nThe warranty number of the Nautilus pump is QX-81.")
    for subject in ("A question", "My account", "Please help"):
        found = search_files([warranty], f"{subject}\nWhat is the warranty number of the Nautilus pump?", limit=200)
        assert found is not None
        assert found[1].coverage == 1.0
    vague = search_files([warranty], "I want my money back\nIs that your number?", limit=200)
    assert vague is None or vague[1].coverage < 0.4


def test_speaking_of_a_file() -> None:
    file = text_file("x", name="Bericht-2026.pdf")
    assert speaks_of_file("what is in bericht-2026.pdf", [file])
    assert speaks_of_file("Was steht in dem Dokument?", [file])
    assert not speaks_of_file("What does it cost?", [file])
    assert not speaks_of_file("What does the document say?", [])
    assert wants_summary("Please summarise this")
    assert wants_summary("Worum geht es hier?") or wants_summary("worum geht es")
    assert not wants_summary("When is payment due?")


def test_a_long_file_is_given_as_its_beginning_and_the_part_asked_about() -> None:
    middle = "\n\n".join(f"Clause {n} is about something else entirely." for n in range(400))
    [source] = file_sources([text_file(f"# Contract\n\n{middle}\n\nNotice period: 3 months.")], "notice period", 400)
    assert "Contract" in source.text
    assert "3 months" in source.text
    assert estimate(source.text) <= 400


def test_questions_of_a_turn() -> None:
    assert split_questions(["Hello!", "How do I pay? And who are you, by the way, as a company?"], most=3) == [
        "How do I pay?",
        "And who are you, by the way, as a company?",
    ]
    assert split_questions(["My bill is wrong. Who can mend it?"], most=3) == ["My bill is wrong. Who can mend it?"]
    assert split_questions(["My bill\n\nWho can mend it?"], most=3) == ["My bill\nWho can mend it?"]
    assert split_questions(["reset", "password"], most=3) == ["reset password"]
    assert split_questions(["", " "], most=3) == []
    assert len(split_questions(["Pay how? Cost what? Refund when? Ship where?"], most=3)) == 3
