"""Where a text is cut, and how its marks go on."""

from __future__ import annotations

import pytest

from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from tests.unit.markdown.tags import TagDialect

PLAIN = PlainDialect()
TAGS = TagDialect()


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_an_empty_text_is_one_empty_piece(text: str) -> None:
    assert render(text, PLAIN, limit=10) == [""]


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        render("a", PLAIN, limit=0)


def test_cut_between_blocks_before_sentences() -> None:
    text = "One sentence. Two sentences.\n\nThe next paragraph. It is short."
    assert render(text, PLAIN, limit=50) == ["One sentence. Two sentences.", "The next paragraph. It is short."]


def test_cut_at_sentences_before_words() -> None:
    assert render("A first one. And a second one", PLAIN, limit=20) == ["A first one.", "And a second one"]


def test_a_heading_stays_with_what_it_is_about() -> None:
    text = "Some words first, quite a few of them.\n\n# Title\n\nBelow it."
    assert render(text, PLAIN, limit=50) == ["Some words first, quite a few of them.", "Title\n\nBelow it."]


def test_bold_goes_on() -> None:
    assert render("**one two three four five**", TAGS, limit=30) == [
        "<p><b>one two three</b></p>",
        "<p><b>four five</b></p>",
    ]


def test_a_code_block_gets_its_frame_again_and_keeps_its_indentation() -> None:
    text = "```py\ndef first():\n    return 1\n\n    again = 2\n```"
    assert render(text, TAGS, limit=50) == [
        '<pre lang="py">def first():\n    return 1</pre>',
        '<pre lang="py">    again = 2</pre>',
    ]


def test_a_link_is_moved_rather_than_cut() -> None:
    text = "Some words before [a link of words](https://x.y) end"
    assert render(text, PLAIN, limit=40) == ["Some words before", "a link of words (https://x.y) end"]


def test_a_link_longer_than_a_piece_goes_on_as_a_link() -> None:
    text = f"[{'word ' * 12}end](https://x.y)"
    pieces = render(text, TAGS, limit=80)
    assert len(pieces) > 1
    assert all(piece.startswith('<p><a href="https://x.y">') for piece in pieces)


def test_an_address_longer_than_a_piece_is_kept_as_text() -> None:
    url = "https://example.com/" + "a" * 60
    assert "".join(render(f"[here]({url})", TAGS, limit=40)).replace("<p>", "").replace("</p>", "") == f"here ({url})"


def test_a_cut_item_has_its_marker_once() -> None:
    pieces = render("7. one two three four five six\n8. next", PLAIN, limit=20)
    assert pieces == ["7. one two three", "   four five six", "8. next"]


def test_a_table_repeats_its_head() -> None:
    rows = "".join(f"| {number} | row {number} |\n" for number in range(6))
    pieces = render(f"| n | name |\n|---|---|\n{rows}", TAGS, limit=140)
    assert len(pieces) > 1
    assert all(piece.startswith("<table><tr><td>n</td><td>name</td></tr>") for piece in pieces)
    assert "".join(pieces).count("row 5") == 1


def test_a_long_row_is_cut_and_its_fields_stay_in_their_columns() -> None:
    text = f"| a | b |\n|---|---|\n| {'one ' * 8}| {'two ' * 8}|"
    assert render(text, PLAIN, limit=40) == [
        "a: one one one one one one one one",
        "b: two two two two two two two two",
    ]


def test_the_size_is_that_of_the_written_piece() -> None:
    pieces = render("<" * 100, TAGS, limit=47)
    assert [len(piece) for piece in pieces] == [47] * 10
    assert "".join(pieces).count("&lt;") == 100


def test_another_unit() -> None:
    def segments(text: str) -> int:
        return -(-len(text) // 153)

    pieces = render("word " * 400, PLAIN, limit=2, size=segments)
    assert len(pieces) == 7
    assert all(segments(piece) <= 2 for piece in pieces)


def test_one_character_that_cannot_fit_is_not_lost() -> None:
    assert render("a<b", TAGS, limit=2) == ["a", "&lt;", "b"]


def test_marks_that_would_fill_a_piece_are_left_out() -> None:
    pieces = render("> " * 30 + "the words of a person who was quoted", TAGS, limit=60)
    assert "".join(pieces).replace("<p>", " ").replace("</p>", "").strip() == "the words of a person who was quoted"
