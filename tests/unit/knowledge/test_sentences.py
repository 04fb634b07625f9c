"""Sentences are cut where people would, and joined again they are the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunk.plain import plain
from knowledge.chunk.sentences import sentences_of


@given(st.text())
def test_joined_again_they_are_the_text(text: str) -> None:
    assert "".join(sentences_of(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Ask Dr. Smith. He knows.", ["Ask Dr. Smith.", "He knows."]),
        ("It costs $9.50 per month. Taxes apply.", ["It costs $9.50 per month.", "Taxes apply."]),
        ("Use a tool, e.g. Excel. Then print.", ["Use a tool, e.g. Excel.", "Then print."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("これは文です。次の文です。", ["これは文です。", "次の文です。"]),
        ("Das gilt z.B. Montag. Danach nicht.", ["Das gilt z.B. Montag.", "Danach nicht."]),
        ("Choose:\n- the board\n- the list", ["Choose:", "- the board", "- the list"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [sentence.strip() for sentence in sentences_of(text)] == expected


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("Press **New** or `N`.", "Press New or N."),
        ("See [the guide](https://a.example/x) ![logo](a.png)", "See the guide logo"),
        ("| Plan | Price |\n| --- | :-: |\n| Team | $9 |", "Plan; Price\nTeam; $9"),
        ("```http\nGET /x\n```", "GET /x"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
    ],
)
def test_marks_are_taken_off_for_the_model(markdown: str, words: str) -> None:
    assert plain(markdown) == words


@pytest.mark.parametrize(
    "text", ["[a [b](c) d", "**bold [link](https://a.example/x_(y)) text**", '![a](b "t") [c]( d)']
)
def test_brackets_within_brackets(text: str) -> None:
    expected = {"[": "[a b d", "*": "bold link text", "!": "a [c]( d)"}
    assert plain(text) == expected[text[0]]


@pytest.mark.parametrize(
    "mark", ["[", "![", "[](", '[]( "', "[](a)[](", " ", "| ", "|-", " |", "`", "``a `b ", "*a ", "__a ", "\\|"]
)
def test_a_long_row_of_one_mark_costs_no_more_than_words(mark: str) -> None:
    """Where a pattern goes back over what it has seen, each of these takes minutes, and the test ends as one that hangs."""
    text = mark * 200_000 + "x"

    assert len(plain(text)) <= 2 * len(text)
    assert plain(f"{text}\n\nPress **New**.").endswith("Press New.")
