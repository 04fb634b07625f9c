"""Splitting loses nothing, never goes over the limit and never cuts a letter in two."""

from __future__ import annotations

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from channels.split import split

_LETTERS = [
    *("a", " ", "\n", "\r\n", ". ", "日", "。", "[1]"),
    *("👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301", "\u0301", "\u200d", "\u0e01\u0e33"),
]
texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_LETTERS), max_size=120).map("".join))


@given(text=texts, limit=st.integers(1, 60))
@example(text="\r\n", limit=1)
@example(text=" \u0301 \u0301", limit=2)
def test_pieces_join_back_and_keep_the_limit(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert "".join(pieces) == text
    assert all(len(piece) <= limit for piece in pieces)
    assert pieces == [""] or all(pieces)


@given(text=texts, limit=st.integers(12, 60))
def test_no_letter_is_cut(text: str, limit: int) -> None:
    clusters = regex.findall(r"\X", text)
    ends, at = {0}, 0
    for cluster in clusters:
        at += len(cluster)
        ends.add(at)
    at = 0
    for piece in split(text, limit):
        at += len(piece)
        assert at in ends or max(map(len, clusters)) > limit


@given(off=st.integers(-1, 1), letter=st.sampled_from(["a", "日", "👍🏽"]))
def test_at_the_limit_one_piece_over_it_two(off: int, letter: str) -> None:
    limit = 10 * len(letter)
    text = (letter * 11)[: limit + off * len(letter)]
    assert len(split(text, limit)) == (2 if off > 0 else 1)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One paragraph here.\n\nAnother one that is long.", "One paragraph here.\n\n"),
        ("A line that is here\nand a next line follows", "A line that is here\n"),
        ("A sentence is here. Another one follows it", "A sentence is here. "),
        ("some words without any sentence in them", "some words without any "),
        ("これは一つの文です。次の文がここに続いて長くなる。", "これは一つの文です。"),
        ("Donaudampfschifffahrtsgesellschaftskapitän", "Donaudampfschifffahrtsges"),
    ],
)
def test_it_cuts_where_a_reader_would(text: str, first: str) -> None:
    limit = 15 if text.startswith("これ") else 25
    assert split(text, limit)[0] == first


def test_a_limit_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        split("a", 0)
