"""A rating is a number from 1 to 5 and nothing else; whatever might be something else is not taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.agent.small_talk import only_thanks
from core.domain.attachments import Attachment
from core.domain.messages import Author, CustomerAction, Message
from handoff.rating.rating import Rating, is_beside_the_scale, rating_in, rating_of

AT = datetime(2026, 11, 21, tzinfo=UTC)


def message(text: str, **fields: object) -> Message:
    return Message("m", "c", 1, Author.CUSTOMER, text, AT, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("5", 5),
        (" 4. ", 4),
        ("3!", 3),
        ("5/5", 5),
        ("2 out of 5", 2),
        ("4 von 5", 4),
        ("3 sur 5", 3),
        ("1 de 5", 1),
        ("5 stars", 5),
        ("4 Sterne", 4),
        ("1 étoile", 1),
        ("Five", 5),
        ("FÜNF", 5),
        ("quatre", 4),
        ("Tres.", 3),
        ("خمسة", 5),
        ("٤", 4),
        ("4️⃣", 4),
        ("⭐⭐⭐", 3),
        ("★★★★★", 5),
        ("*5*", 5),
        ("Rating: 4", 4),
        ("Bewertung 2", 2),
    ],
)
def test_a_number_in_every_way_of_writing_it(text: str, score: int) -> None:
    assert rating_in(text) == Rating(score)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "6",
        "10",
        "5 more questions",
        "I have 3 devices",
        "55",
        "4.5",
        "1 2",
        "⭐⭐⭐⭐⭐⭐",
        "one more thing",
        "²3",
        "-",
    ],
)
def test_what_is_no_rating(text: str) -> None:
    assert rating_in(text) is None


def test_what_follows_in_the_same_message_or_at_once_is_the_comment() -> None:
    assert rating_in("4\nBit slow,\nbut kind.") == Rating(4, "Bit slow,\nbut kind.")
    assert rating_of([message("2"), message("Too slow"), message("  ")]) == Rating(2, "Too slow")


def test_files_and_buttons_are_no_rating() -> None:
    file = Attachment("f", "a.txt", "text/plain", 1, "0" * 64, "k")
    assert rating_of([message("5", attachments=(file,))]) is None
    assert rating_of([message("5", meta={"attachment_refs": [{"id": "f"}]})]) is None
    assert rating_of([message("5", action=CustomerAction.GREETING)]) is None
    assert rating_of([]) is None


@pytest.mark.parametrize(
    ("texts", "rating"),
    [
        (["5, thanks!"], Rating(5, "thanks")),
        (["Thanks! 5"], Rating(5, "Thanks")),
        (["4 Sterne, vielen Dank!"], Rating(4, "vielen Dank")),
        (["5 👍"], Rating(5, "👍")),
        (["Merci", "5"], Rating(5, "Merci")),
        (["thanks"], None),
        (["1, thanks for nothing"], None),
        (["5 more thanks"], None),
        (["55 thanks"], None),
        (["4.5 thanks"], None),
    ],
)
def test_thanks_beside_the_number_are_the_comment(texts: list[str], rating: Rating | None) -> None:
    assert rating_of([message(text) for text in texts], only_thanks) == rating


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "6",
        "10",
        "10/10",
        "8 of 10",
        "4.5",
        "4,5",
        "3½",
        "4+",
        "100 %",
        "6 stars",
        "Note 4",
        "Nota: 2",
        "٧",
        "ten",
        "🔟",
    ],
)
def test_a_number_beside_the_scale(text: str) -> None:
    assert is_beside_the_scale(text)
    assert rating_in(text) is None


@pytest.mark.parametrize("text", ["5", "five", "1234", "15 items", "10 minutes", "1 2", "Note", "4 €", "", "no"])
def test_what_is_no_number_beside_the_scale(text: str) -> None:
    assert not is_beside_the_scale(text)
