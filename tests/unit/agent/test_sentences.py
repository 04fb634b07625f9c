"""Sentences are cut where people would cut them, and no character is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.sentences import complete_sentences, sentences, without_markers

_TEXT = st.text(alphabet=st.sampled_from(list("aB1 .!?\n[](),;`*-|\"'…。？،؟ßé")), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("It costs 9.50 euros. Really.", ["It costs 9.50 euros. ", "Really."]),
        ("See e.g. the guide. Done.", ["See e.g. the guide. ", "Done."]),
        ("Das gilt z. B. hier. Gut.", ["Das gilt z. B. hier. ", "Gut."]),
        ("Pay now. [1] Then wait [2].", ["Pay now. [1] ", "Then wait [2]."]),
        ("Pay now.[1][2] Then wait.", ["Pay now.[1][2] ", "Then wait."]),
        ("Steps:\n1. Open it.\n2. Close it.", ["Steps:\n", "1. Open it.\n", "2. Close it."]),
        ("Bis zum 12. November geht es. Dann nicht.", ["Bis zum 12. November geht es. ", "Dann nicht."]),
        ("Senest den 12. marts. Tak.", ["Senest den 12. marts. ", "Tak."]),
        ("It takes 30 days, not 60. Ask us.", ["It takes 30 days, not 60. ", "Ask us."]),
        ("Click “Forgot password?” on the page. Wait.", ["Click “Forgot password?” on the page. ", "Wait."]),
        ("Well... it depends. Yes.", ["Well... it depends. ", "Yes."]),
        ("He said “stop.” Then left.", ["He said “stop.” ", "Then left."]),
        ("请点击登录。然后重试。", ["请点击登录。", "然后重试。"]),
        ("كيف؟ هكذا.", ["كيف؟ ", "هكذا."]),
        ("Visit example.com now. Ok.", ["Visit example.com now. ", "Ok."]),
        ("Run `a. b` first. Then.", ["Run `a. b` first. ", "Then."]),
        ("```\na. b\n\nc. d\n```\nEnd.", ["```\na. b\n\nc. d\n```\n", "End."]),
        ("", []),
    ],
)
def test_cutting(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(_TEXT)
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(_TEXT, st.lists(st.integers(1, 7), max_size=40))
def test_arriving_text_is_cut_like_finished_text_or_later(text: str, sizes: list[int]) -> None:
    """A piece that was let go early must be a whole number of the finished text's sentences."""
    ends = {0}
    for piece in sentences(text):
        ends.add(max(ends) + len(piece))
    buffer, taken, place = "", 0, 0
    for size in [*sizes, len(text)]:
        buffer += text[place : place + size]
        place = min(len(text), place + size)
        found, buffer = complete_sentences(buffer)
        for head in found:
            taken += len(head)
            assert taken in ends or text[taken:].strip() == "" or text[taken - 1] in " \n"


def test_a_marker_that_is_still_arriving_is_waited_for() -> None:
    for unfinished in ("Pay now.", "Pay now. ", "Pay now. [", "Pay now. [1", "Pay now. [1]", "Pay now. [1] ["):
        assert complete_sentences(unfinished) == ([], unfinished)
    assert complete_sentences("Pay now. [1] T") == (["Pay now. [1] "], "T")


def test_numbers_in_quotations_are_no_markers() -> None:
    assert without_markers("as shown [2], [a] and [3, 4]") == "as shown (2), [a] and (3, 4)"
