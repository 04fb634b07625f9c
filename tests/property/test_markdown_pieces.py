"""Pieces of Markdown: within the limit, well-formed, complete, in order, whatever somebody typed."""

from __future__ import annotations

import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.markdown.layout import place
from channels.markdown.parse import parse
from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from channels.markdown.write import write
from tests.unit.markdown.tags import TagDialect, words

TAGS = TagDialect()
LONGEST_ESCAPE = len("&quot;")
FAMILY, FLAG, ACCENT, KEYCAP = "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "1\ufe0f\u20e3"

_letters = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)
_runs = st.sampled_from(
    [
        "**",
        "*",
        "_",
        "~~",
        "`",
        "``",
        "[a](https://x.y)",
        "[",
        "](",
        ")",
        "![i](http://i.j)",
        "<b>",
        "&lt;",
        "<",
        "&",
        '"',
        "\\",
    ]
)
_blocks = st.sampled_from(
    [
        "\n",
        "\n\n",
        "\n- ",
        "\n  - ",
        "\n1. ",
        "\n   2) ",
        "\n> ",
        "\n>> ",
        "\n# ",
        "\n---\n",
        "```",
        "\n```py\n",
        "\n    ",
    ]
)
_words = st.sampled_from(
    [FAMILY, FLAG, ACCENT, KEYCAP, "https://example.com/a_b", "مرحبا", "長い文章。", "word ", " ", ". ", "\t"]
)
_table = st.just("\n\n| a & b | c |\n|:--|--:|\n| 1 | **two** |\n| <3 | `4` |\n\n")
_markdown = st.lists(st.one_of(_letters, _runs, _blocks, _words, _table), max_size=60).map("".join)
_prose = st.lists(
    st.one_of(
        st.text("abc <&é", max_size=9),
        st.sampled_from(["**", "*", "~~", "`", "\n", "\n\n", "\n- ", "\n 1. ", "\n> ", "\n```\n", FAMILY, ". "]),
    ),
    max_size=60,
).map("".join)
_limits = st.integers(LONGEST_ESCAPE, 120)


def _seen(text: str) -> str:
    return "".join(text.split())


def _wanted(text: str) -> str:
    """What a reader sees of a text; a rule is laid out as a dash."""
    return _seen(place(parse(text)).text).replace("—", "")


def _in_order(wanted: str, text: str) -> bool:
    characters = iter(text)
    return all(character in characters for character in wanted)


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(_markdown, _limits)
@example("> " * 60 + "deep", 20)
@example("- " * 60 + "deep", 20)
@example("[text](https://example.com/" + "a" * 200 + ")", 40)
@example("**" * 300 + "x" + "**" * 300, 12)
@example("a `" * 50 + "**" * 50, 7)
@example(f"`{FAMILY * 3}`", 6)
@settings(max_examples=100, deadline=None)
def test_every_piece_fits_is_well_formed_and_nothing_is_lost(text: str, limit: int) -> None:
    pieces = render(text, TAGS, limit=limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert pieces == [""] or all(piece.strip() for piece in pieces)
    shown = "".join(words(piece) for piece in pieces)
    assert _in_order(_wanted(text), _seen(shown))


@given(_prose, _limits)
@settings(max_examples=100, deadline=None)
def test_nothing_is_said_twice(text: str, limit: int) -> None:
    pieces = render(text, TAGS, limit=limit)
    assert _seen("".join(map(words, pieces))).replace("—", "") == _wanted(text)


@given(_markdown, st.integers(2, 90))
@settings(max_examples=80, deadline=None)
def test_a_plain_piece_fits_in_another_unit(text: str, limit: int) -> None:
    pieces = render(text, PlainDialect(columns=30), limit=limit, size=_utf16)
    assert all(_utf16(piece) <= limit for piece in pieces)
    assert _in_order(_wanted(text), _seen("".join(pieces)))


@given(_markdown)
@settings(max_examples=80, deadline=None)
def test_around_the_exact_limit(text: str) -> None:
    whole = write(parse(text), TAGS)
    for limit in (len(whole) - 1, len(whole), len(whole) + 1):
        if limit >= LONGEST_ESCAPE:
            pieces = render(text, TAGS, limit=limit)
            assert all(len(piece) <= limit for piece in pieces)
            assert (pieces == [whole]) == (limit >= len(whole))


@given(st.lists(st.sampled_from([FAMILY, FLAG, ACCENT, KEYCAP, "a", " ", "ก็", "한"]), max_size=80), st.integers(12, 60))
@settings(max_examples=60, deadline=None)
def test_a_character_that_a_reader_sees_as_one_is_never_cut(clusters: list[str], limit: int) -> None:
    text = "".join(clusters)
    whole = regex.findall(r"\X", parse(text)[0].children[0].text) if text.strip() else []  # type: ignore[union-attr]
    cut = [found for piece in render(text, PlainDialect(), limit=limit) for found in regex.findall(r"\X", piece)]
    assert [c for c in cut if c.strip()] == [c for c in whole if c.strip()]


@given(st.lists(_markdown, min_size=1, max_size=4), st.integers(300, 4096))
@settings(max_examples=10, deadline=None)
def test_ten_thousand_characters(parts: list[str], limit: int) -> None:
    seed = "\n\n".join(parts) + "\n\nSome words. "
    text = (seed * (10_000 // len(seed) + 1))[:10_000]
    pieces = render(text, TAGS, limit=limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert _in_order(_wanted(text), _seen("".join(map(words, pieces))))
