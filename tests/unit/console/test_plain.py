"""Markdown on a terminal: every word, no marks, nothing that steers the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.console.render import plain

_WORDS = ["alpha", "beta", "gamma", "[1]", "x1"]
_FRAMES = [
    "{}",
    "# {}",
    "- {}",
    "1. {}",
    "> {}",
    "**{}**",
    "`{}`",
    "_{}_",
    "    {}",
    "```\n{}\n```",
    "<b>{}</b>",
    "| {} | b |",
]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Hello **bold** and `code`", "Hello bold and code"),
        ("# Title\n\nText", "Title\n\nText"),
        ("- one\n- two\n  - deep", "• one\n• two\n  • deep"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("0. zero", "0. zero"),
        ("> quoted\n> twice", "> quoted\n> twice"),
        ("```py\na\n  b\n```", "    a\n      b"),
        ("see [the page](https://a.example/x)", "see the page (https://a.example/x)"),
        ("<https://a.example>", "https://a.example"),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a  b\n-  -\n1  2"),
        ("one\ntwo", "one\ntwo"),
        ("yes [1]\x1b[2J\x07", "yes [1][2J"),
        ("", ""),
    ],
)
def test_it_reads_as_a_person_would(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@given(
    blocks=st.lists(
        st.tuples(st.sampled_from(_FRAMES), st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6)), max_size=6
    )
)
def test_no_word_is_lost(blocks: list[tuple[str, list[str]]]) -> None:
    markdown = "\n\n".join(frame.format(" ".join(words)) for frame, words in blocks)
    shown = re.findall(r"\w+|\[1\]", plain(markdown))
    for word in _WORDS:
        assert shown.count(word) == sum(words.count(word) for _, words in blocks)


@given(text=st.text(max_size=300))
def test_nothing_steers_the_terminal(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain(text))
