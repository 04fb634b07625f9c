"""Markdown keeps its characters when it is cut into blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.markdown import blocks_of, split_front_matter
from knowledge.convert.spreadsheet import tidy_tables
from knowledge.documents import BlockKind, UnreadableDocument

LINES = st.sampled_from(
    [
        "text",
        "more text",
        "- a",
        "  - b",
        "1. x",
        "> quote",
        "```",
        "| a | b |",
        "| - | - |",
        "",
        "    code",
        "[r]: http://x.example",
        "<b>hi</b>",
    ]
)


@given(st.lists(LINES, max_size=25))
def test_every_character_is_in_one_block(lines: list[str]) -> None:
    text = "\n".join(lines)

    blocks = blocks_of(text)

    assert "".join("".join(block.text for block in blocks).split()) == "".join(text.split())


def test_kinds_and_levels() -> None:
    blocks = blocks_of(
        "# C#\n\nText\ngoes on.\n\nUnder\n-----\n\n```py\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )

    assert [(block.kind, block.level, block.text) for block in blocks] == [
        (BlockKind.HEADING, 1, "C#"),
        (BlockKind.TEXT, 0, "Text\ngoes on."),
        (BlockKind.HEADING, 2, "Under"),
        (BlockKind.CODE, 0, "```py\n# no heading\n```"),
        (BlockKind.TABLE, 0, "| a | b |\n|---|---|\n| 1 | 2 |"),
    ]


def test_front_matter_is_read_and_taken_off() -> None:
    head, text = split_front_matter("---\ntitle: T\nurl: https://x.example\naudience: staff\n---\nBody")

    assert (head.title, head.url, head.audience, text) == ("T", "https://x.example", KnowledgeAudience.STAFF, "Body")


def test_a_line_of_dashes_alone_is_no_front_matter() -> None:
    assert split_front_matter("---\nBody")[1] == "---\nBody"


def test_an_audience_is_heard_whatever_its_capitals() -> None:
    assert split_front_matter("---\nAudience: staff\n---\nBody")[0].audience is KnowledgeAudience.STAFF


@pytest.mark.parametrize("head", ["audience: everybody", "Audience: everybody", "title: [broken"])
def test_wrong_front_matter_is_refused(head: str) -> None:
    with pytest.raises(UnreadableDocument):
        split_front_matter(f"---\n{head}\n---\nBody")


def test_spreadsheets_lose_what_pandas_made_up() -> None:
    table = "## S\n| Unnamed: 0 | Price |\n| --- | --- |\n| Team | NaN |\n| NaN | NaN |\n| A\\|B | 2 |"

    assert tidy_tables(table) == "## S\n|  | Price |\n| --- | --- |\n| Team |  |\n| A\\|B | 2 |"


@pytest.mark.parametrize(
    "text",
    [
        "---\naudience: staff\n\n# Margins\n\nForty percent.",
        "---\ntitle: Margins\nAudience: staff\nForty percent.",
        "---\naudience:staff\n---\nForty percent.",
        "---\n- audience: staff\n---\nForty percent.",
        '+++\naudience = "staff"\n+++\nForty percent.',
        "---\naudience: staff\naudience: public\n---\nForty percent.",
        '---\n{"audience": "staff", "audience": "public"}\n---\nForty percent.',
        "audience: staff\n\nForty percent.",
        "----\naudience: staff\n----\nForty percent.",
        "# Margins\naudience: staff\n\nForty percent.",
    ],
)
def test_a_head_that_cannot_be_read_and_speaks_of_an_audience_is_no_text_for_customers(text: str) -> None:
    with pytest.raises(UnreadableDocument, match="audience"):
        split_front_matter(text)


def test_a_text_about_an_audience_is_no_head() -> None:
    text = "# Guide\nAudience: people who run shops.\n\nForty percent."
    assert split_front_matter(text)[1] == text


def test_what_is_said_once_and_merged_from_elsewhere_is_said_once() -> None:
    head, _ = split_front_matter("---\nall: &all {audience: public}\n<<: *all\naudience: staff\n---\nBody")
    assert head.audience is KnowledgeAudience.STAFF


def test_a_head_below_empty_lines_counts() -> None:
    head, text = split_front_matter("\n\n---\naudience: staff\n---\nBody")
    assert (head.audience, text) == (KnowledgeAudience.STAFF, "Body")


@pytest.mark.parametrize(
    "text", ["---\n\nAn audience of two.\n", "---\nProse.\n---\nMore.", "+++\nA plus.", "# A\n\naudience: b"]
)
def test_a_rule_at_the_beginning_is_no_head(text: str) -> None:
    assert split_front_matter(text)[1] == text
